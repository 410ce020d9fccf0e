// A slice plane with its crosshair, its region box and what the pointer does on it.

import { dragRoi, type Grip, PLANES, type Plane } from "../geometry.ts";
import type { Axis, Point, Roi } from "../messages.ts";
import { PlaneCanvas } from "../render/plane_canvas.ts";
import type { Session } from "../session.ts";
import { type Drag, onDrag } from "./drag.ts";
import { place, setShown, svgElement } from "./svg.ts";

const NAMES: Record<Axis, string> = { z: "xy", y: "xz", x: "yz" };

/** Handles of the region box: which side each moves along right and down. */
const HANDLES: [name: string, right: -1 | 0 | 1, down: -1 | 0 | 1][] = [
  ["top-left", -1, -1],
  ["top", 0, -1],
  ["top-right", 1, -1],
  ["left", -1, 0],
  ["right", 1, 0],
  ["bottom-left", -1, 1],
  ["bottom", 0, 1],
  ["bottom-right", 1, 1],
];
const HANDLE_SIZE = 9;

export interface PaneEvents {
  /** The pointer is over a point of the frame, or left. */
  hover(point: Point | null): void;
  cameraMoved(): void;
  toggleMaximised(axis: Axis): void;
}

export class PlanePane {
  readonly element = document.createElement("div");
  readonly view: PlaneCanvas;
  readonly plane: Plane;
  #session: Session;
  #events: PaneEvents;
  #svg: SVGSVGElement;
  #lines: { right: SVGLineElement; down: SVGLineElement };
  #box: SVGRectElement;
  #handles = new Map<string, SVGRectElement>();
  #label: SVGTextElement;
  #stop = new AbortController();

  constructor(axis: Axis, session: Session, events: PaneEvents) {
    this.plane = PLANES[axis];
    this.view = new PlaneCanvas(this.plane);
    this.#session = session;
    this.#events = events;
    this.element.className = "rw-pane";
    this.element.dataset.plane = axis;
    this.element.tabIndex = 0;
    this.element.setAttribute("role", "application");
    this.element.setAttribute("aria-label", `${NAMES[axis]} plane; arrow keys step through slices`);
    this.#svg = svgElement("svg", "rw-overlay");
    this.#lines = {
      right: svgElement("line", `rw-cross rw-axis-${this.plane.right}`, this.#svg),
      down: svgElement("line", `rw-cross rw-axis-${this.plane.down}`, this.#svg),
    };
    this.#box = svgElement("rect", "rw-roi", this.#svg);
    this.#box.dataset.handle = "body";
    for (const [name] of HANDLES) {
      const handle = svgElement("rect", `rw-handle rw-handle-${name}`, this.#svg);
      handle.dataset.handle = name;
      this.#handles.set(name, handle);
    }
    this.#label = svgElement("text", `rw-label rw-axis-${axis}`, this.#svg);
    this.element.append(this.view.canvas, this.#svg);
    this.#listen();
  }

  draw(): void {
    const position = this.#session.crosshair[this.plane.across];
    this.view.draw(this.#session.pictures(), position, "#0d0e11");
    this.#drawCrosshair();
    this.#drawRoi();
    place(this.#label, { x: 8, y: 18 });
    this.#label.textContent = `${NAMES[this.plane.across]}  ${this.plane.across} ${this.#slice()}`;
  }

  showAll(): void {
    const level = this.#session.finest;
    if (!level) return;
    const whole = { lower: this.#wholeCorner(0), upper: this.#wholeCorner(1) };
    this.view.fit(whole.lower, whole.upper);
  }

  destroy(): void {
    this.#stop.abort();
    this.element.remove();
  }

  #wholeCorner(side: 0 | 1): Point {
    return this.#session.wholeCorner(side);
  }

  #slice(): string {
    return this.#session.describeSlice(this.plane.across);
  }

  #drawCrosshair(): void {
    const { right, down } = this.plane;
    const point = this.#session.crosshair;
    const [x, y] = this.view.toPixel(point[right], point[down]);
    const { clientWidth: width, clientHeight: height } = this.view.canvas;
    place(this.#lines.right, { x1: 0, y1: y, x2: width, y2: y });
    place(this.#lines.down, { x1: x, y1: 0, x2: x, y2: height });
    const hidden = this.#session.scene.planar;
    setShown(this.#lines.right, !hidden);
    setShown(this.#lines.down, !hidden);
  }

  #drawRoi(): void {
    const roi = this.#session.roi;
    const { right, down, across } = this.plane;
    const [x0, y0] = this.view.toPixel(roi.lower[right], roi.lower[down]);
    const [x1, y1] = this.view.toPixel(roi.upper[right], roi.upper[down]);
    place(this.#box, { x: x0, y: y0, width: x1 - x0, height: y1 - y0 });
    const position = this.#session.crosshair[across];
    const isCut = position >= roi.lower[across] && position <= roi.upper[across];
    this.#box.classList.toggle("rw-outside", !isCut);
    const shown = this.#session.state.get("roi_visible");
    setShown(this.#box, shown);
    for (const [name, atRight, atDown] of HANDLES) {
      const handle = this.#handles.get(name) as SVGRectElement;
      const x = x0 + ((atRight + 1) / 2) * (x1 - x0);
      const y = y0 + ((atDown + 1) / 2) * (y1 - y0);
      const half = HANDLE_SIZE / 2;
      place(handle, { x: x - half, y: y - half, width: HANDLE_SIZE, height: HANDLE_SIZE });
      setShown(handle, shown);
    }
  }

  #listen(): void {
    const { signal } = this.#stop;
    for (const [name, right, down] of HANDLES) {
      const grip = { [this.plane.right]: right, [this.plane.down]: down };
      const handle = this.#handles.get(name) as SVGRectElement;
      onDrag(handle, (event) => (event.button === 0 ? this.#dragRoi(grip) : null), signal);
    }
    onDrag(this.#box, (event) => (event.button === 0 ? this.#dragRoi("body") : null), signal);
    onDrag(this.element, (event) => this.#startDrag(event), signal);
    const listen = <E extends Event>(name: string, action: (event: E) => void) =>
      this.element.addEventListener(name, action as EventListener, { signal, passive: false });
    listen<WheelEvent>("wheel", (event) => this.#wheel(event));
    listen<KeyboardEvent>("keydown", (event) => this.#key(event));
    listen<MouseEvent>("dblclick", () => this.#events.toggleMaximised(this.plane.across));
    listen<MouseEvent>("contextmenu", (event) => event.preventDefault());
    listen<PointerEvent>("pointermove", (event) => this.#events.hover(this.#pointAt(event)));
    listen<PointerEvent>("pointerleave", () => this.#events.hover(null));
  }

  #pointAt(event: MouseEvent): Point {
    const box = this.view.canvas.getBoundingClientRect();
    const [right, down] = this.view.toFrame(event.clientX - box.left, event.clientY - box.top);
    return { ...this.#session.crosshair, [this.plane.right]: right, [this.plane.down]: down };
  }

  #startDrag(event: PointerEvent): Drag | null {
    this.element.focus({ preventScroll: true });
    if (event.button === 2) return this.#dragWindow();
    if (event.button === 1 || event.shiftKey) return this.#dragCamera();
    if (event.button !== 0) return null;
    this.#session.setCrosshair(this.#pointAt(event));
    return {
      move: (_dx, _dy, now) => this.#session.setCrosshair(this.#pointAt(now)),
      end: () => this.#session.state.flush(),
    };
  }

  #dragRoi(grip: Grip): Drag {
    const before: Roi = this.#session.roi;
    return {
      move: (dx, dy) => {
        const level = this.#session.finest;
        if (!level) return;
        const scale = this.view.pixelsPerUnit;
        const delta = { [this.plane.right]: dx / scale, [this.plane.down]: dy / scale };
        this.#session.state.set("roi", dragRoi(before, grip, delta, level));
      },
      end: () => this.#session.state.flush(),
    };
  }

  #dragCamera(): Drag {
    const { center, height } = this.view.camera;
    return {
      move: (dx, dy) => {
        const scale = this.view.pixelsPerUnit;
        this.view.camera = { center: [center[0] - dx / scale, center[1] - dy / scale], height };
        this.draw();
      },
      end: () => this.#events.cameraMoved(),
    };
  }

  /** Right and left change the width of the window, up and down its level. */
  #dragWindow(): Drag {
    const [low, high] = this.#session.state.get("color_range");
    const bounds = this.#session.image?.info.value_range ?? [low, high];
    const unit = (bounds[1] - bounds[0] || 1) / 400;
    return {
      move: (dx, dy) => {
        const width = Math.max(high - low + dx * unit, unit);
        const level = (low + high) / 2 + dy * unit;
        this.#session.state.set("color_range", [level - width / 2, level + width / 2]);
      },
      end: () => this.#session.state.flush(),
    };
  }

  #wheel(event: WheelEvent): void {
    event.preventDefault();
    if (event.ctrlKey || event.metaKey) {
      const box = this.view.canvas.getBoundingClientRect();
      const factor = Math.exp(-event.deltaY / 300);
      this.view.zoom(factor, event.clientX - box.left, event.clientY - box.top);
      this.draw();
      this.#events.cameraMoved();
    } else if (event.deltaY !== 0) {
      this.#session.stepSlice(this.plane.across, Math.sign(event.deltaY));
    }
  }

  #key(event: KeyboardEvent): void {
    const steps: Record<string, number> = {
      ArrowUp: -1,
      ArrowLeft: -1,
      ArrowDown: 1,
      ArrowRight: 1,
      PageUp: -10,
      PageDown: 10,
    };
    const step = steps[event.key];
    if (step !== undefined) this.#session.stepSlice(this.plane.across, step);
    else if (event.key === "+" || event.key === "-")
      this.#zoomByKey(event.key === "+" ? 1.25 : 0.8);
    else if (event.key === "r") this.showAllAndDraw();
    else return;
    // keys of the viewer are not notebook shortcuts
    event.preventDefault();
    event.stopPropagation();
  }

  showAllAndDraw(): void {
    this.showAll();
    this.draw();
    this.#events.cameraMoved();
  }

  #zoomByKey(factor: number): void {
    const { clientWidth, clientHeight } = this.view.canvas;
    this.view.zoom(factor, clientWidth / 2, clientHeight / 2);
    this.draw();
    this.#events.cameraMoved();
  }
}
