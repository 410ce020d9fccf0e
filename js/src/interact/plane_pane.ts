// A slice plane with its crosshair, its region box and what the pointer does on it.

import type { Drawing } from "../drawing.ts";
import { axisIndex, dragRoi, type Grip, PLANES, type Plane } from "../geometry.ts";
import type { Axis, Point, Roi } from "../messages.ts";
import { BACKGROUND, type PlaneCamera, PlaneCanvas } from "../render/plane_canvas.ts";
import { PlanePoints } from "../render/plane_points.ts";
import { movedWindow } from "../render/window.ts";
import type { Session } from "../session.ts";
import { type Drag, onDrag } from "./drag.ts";
import { PLANE_NAMES, PlaneMarks } from "./plane_marks.ts";
import { RoiBox, type RoiBoxEvents } from "./roi_box.ts";
import { SplitLine, type SplitLineEvents } from "./split_line.ts";
import { svgElement } from "./svg.ts";
import { WheelSteps } from "./wheel.ts";

export interface PaneEvents {
  /** The pointer is over a point of the frame, or left. */
  hover(point: Point | null): void;
  cameraMoved(): void;
  resetViews(): void;
  showRegion(): void;
  toggleMaximised(axis: Axis): void;
}

/** A pointer that moves less while it is pressed has clicked. */
const CLICK_PIXELS = 3;
const STEPS: Record<string, number> = {
  ArrowUp: -1,
  ArrowLeft: -1,
  ArrowDown: 1,
  ArrowRight: 1,
  PageUp: -10,
  PageDown: 10,
};

export class PlanePane {
  readonly element = document.createElement("div");
  readonly view: PlaneCanvas;
  readonly plane: Plane;
  /** The camera still shows everything: it follows the size of the pane. */
  isFitted = true;
  #session: Session;
  #drawing: Drawing;
  #events: PaneEvents;
  #marks: PlaneMarks;
  #box: RoiBox;
  #split: SplitLine;
  #points = new PlanePoints();
  #wheel = new WheelSteps();
  #stop = new AbortController();

  constructor(axis: Axis, session: Session, drawing: Drawing, events: PaneEvents) {
    this.plane = PLANES[axis];
    this.view = new PlaneCanvas(this.plane);
    this.#session = session;
    this.#drawing = drawing;
    this.#events = events;
    this.element.className = "rw-pane";
    this.element.dataset.plane = axis;
    this.element.tabIndex = 0;
    this.element.setAttribute("role", "application");
    const keys = "arrow keys step through slices, r shows everything, f the region";
    const name = `${PLANE_NAMES[axis]} plane; ${keys}`;
    this.element.setAttribute("aria-label", name);
    const svg = svgElement("svg", "rw-overlay");
    const [below, middle, above] = [0, 1, 2].map(() => svgElement("g", "", svg)) as [
      SVGGElement,
      SVGGElement,
      SVGGElement,
    ];
    this.#marks = new PlaneMarks(this.view, below, above);
    const boxEvents: RoiBoxEvents = {
      startDrag: (grip) => this.#dragRoi(grip),
      step: (side, which, steps) => this.#stepRoi(side, which, steps),
    };
    this.#split = new SplitLine(this.view, middle, this.#splitEvents(), this.#stop.signal);
    this.#box = new RoiBox(this.view, middle, boxEvents, this.#stop.signal);
    this.element.append(this.view.canvas, svg);
    this.#listen();
  }

  draw(): void {
    const { crosshair, roi, scene, state } = this.#session;
    this.view.fitPane();
    if (this.isFitted) this.#fit();
    const position = crosshair[this.plane.across];
    this.#session.showPlane({ ...this.view.window, position });
    this.view.background = state.get("background_color") || BACKGROUND;
    const pictures = this.#drawing.pictures(this.plane.across);
    const { points } = this.#session;
    if (this.view.draw(pictures, position, points)) this.#points.draw(this.view, points, position);
    this.#marks.draw({
      crosshair: scene.planar ? null : crosshair,
      slice: this.#session.describeSlice(this.plane.across),
      unit: scene.unit,
    });
    this.#split.draw(roi, position, this.#drawing.hasResult);
    const whole = this.#session.wholeRoi();
    this.#box.draw(roi, whole, state.get("roi_visible"), position);
  }

  showAll(): void {
    this.isFitted = true;
    this.#fit();
  }

  showRegion(): void {
    const { roi } = this.#session;
    this.isFitted = false;
    this.view.fit(roi.lower, roi.upper);
  }

  setCamera(camera: PlaneCamera): void {
    this.isFitted = false;
    this.view.camera = camera;
  }

  destroy(): void {
    this.#stop.abort();
    this.element.remove();
  }

  #fit(): void {
    const whole = this.#session.wholeRoi();
    this.view.fit(whole.lower, whole.upper);
  }

  #listen(): void {
    const { signal } = this.#stop;
    onDrag(this.element, (event) => this.#startDrag(event), signal);
    const listen = <E extends Event>(name: string, action: (event: E) => void) =>
      this.element.addEventListener(name, action as EventListener, { signal, passive: false });
    listen<WheelEvent>("wheel", (event) => this.#turnWheel(event));
    listen<KeyboardEvent>("keydown", (event) => this.#pressKey(event));
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
    const pressed = this.#pointAt(event);
    this.#session.setCrosshair(pressed);
    let isClick = this.#session.isInside(pressed);
    return {
      move: (dx, dy, now) => {
        isClick &&= Math.hypot(dx, dy) < CLICK_PIXELS;
        this.#session.setCrosshair(this.#pointAt(now));
      },
      end: () => {
        if (isClick) this.#session.state.set("clicked_point", pressed);
        this.#session.state.flush();
      },
    };
  }

  #dragRoi(grip: Grip): Drag | null {
    if (this.#session.state.get("roi_locked")) return null;
    const before: Roi = this.#session.roi;
    this.#session.holdRegion();
    return {
      move: (dx, dy) => {
        const level = this.#session.finest;
        if (!level) return;
        const scale = this.view.pixelsPerUnit;
        const delta = { [this.plane.right]: dx / scale, [this.plane.down]: dy / scale };
        this.#session.state.set("roi", dragRoi(before, grip, delta, level));
      },
      end: () => this.#session.releaseRegion(),
    };
  }

  #splitEvents(): SplitLineEvents {
    const { state } = this.#session;
    return {
      share: () => state.get("preview_split"),
      moved: (share) => state.set("preview_split", share),
      ended: () => state.flush(),
    };
  }

  #stepRoi(axis: Axis, side: -1 | 1, steps: number): void {
    const { finest: level, roi, state } = this.#session;
    if (!level || state.get("roi_locked")) return;
    const by = steps * level.spacing[axisIndex(axis)];
    state.set("roi", dragRoi(roi, { [axis]: side }, { [axis]: by }, level));
  }

  #dragCamera(): Drag {
    const { center, height } = this.view.camera;
    this.element.dataset.drag = "pan";
    return {
      move: (dx, dy) => {
        const scale = this.view.pixelsPerUnit;
        this.#moveCamera({ center: [center[0] - dx / scale, center[1] - dy / scale], height });
      },
      end: () => this.#endDrag(),
    };
  }

  #moveCamera(camera: PlaneCamera): void {
    this.setCamera(camera);
    this.#events.cameraMoved();
    this.draw();
  }

  /** Right and left change the width of the window, up and down its level. */
  #dragWindow(): Drag {
    const { state, image, channels } = this.#session;
    this.element.dataset.drag = "window";
    if (channels.length > 0) return this.#dragChannelWindows();
    const before = state.get("color_range");
    const bounds = image?.info.value_range ?? before;
    return {
      move: (dx, dy) => state.set("color_range", movedWindow(before, bounds, dx, dy)),
      end: () => this.#endDrag(),
    };
  }

  /** The windows of all channels that are drawn together. */
  #dragChannelWindows(): Drag {
    const { state, image, channels } = this.#session;
    const shown = new Set(channels.map(({ channel }) => channel));
    const count = Math.max(...channels.map(({ channel }) => channel ?? 0)) + 1;
    const before = Array.from({ length: count }, (_, i) => this.#session.channelRange(i));
    const bounds = state.get("channel_bounds");
    return {
      move: (dx, dy) => {
        const moved = before.map((range, i) => {
          const outer = bounds[i] ?? image?.info.value_range ?? range;
          return shown.has(i) ? movedWindow(range, outer, dx, dy) : range;
        });
        state.set("channel_ranges", [...moved, ...state.get("channel_ranges").slice(count)]);
      },
      end: () => this.#endDrag(),
    };
  }

  #endDrag(): void {
    delete this.element.dataset.drag;
    this.#session.state.flush();
  }

  #turnWheel(event: WheelEvent): void {
    event.preventDefault();
    if (event.ctrlKey || event.metaKey) {
      const box = this.view.canvas.getBoundingClientRect();
      const factor = Math.exp(-this.#wheel.pixels(event) / 300);
      this.#zoom(factor, event.clientX - box.left, event.clientY - box.top);
      return;
    }
    const steps = this.#wheel.steps(event);
    if (steps !== 0) this.#session.stepSlice(this.plane.across, steps);
  }

  #pressKey(event: KeyboardEvent): void {
    const step = STEPS[event.key];
    const { width, height } = this.view;
    const zoom = (factor: number) => this.#zoom(factor, width / 2, height / 2);
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (step !== undefined) this.#session.stepSlice(this.plane.across, step);
    else if (event.key === "+") zoom(1.25);
    else if (event.key === "-") zoom(0.8);
    else if (event.key === "r") this.#events.resetViews();
    else if (event.key === "f") this.#events.showRegion();
    else return;
    // keys of the viewer are not notebook shortcuts
    event.preventDefault();
    event.stopPropagation();
  }

  #zoom(factor: number, x: number, y: number): void {
    this.#moveCamera(this.view.zoomed(factor, x, y));
  }
}
