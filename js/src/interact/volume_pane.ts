// The volume view with the region's box, whose faces can be dragged.

import type { Drawing } from "../drawing.ts";
import { dragRoi } from "../geometry.ts";
import type { Axis, Point, Roi } from "../messages.ts";
import { decodeTable } from "../render/colors.ts";
import { VolumeCanvas } from "../render/volume_canvas.ts";
import type { Session } from "../session.ts";
import { type Drag, onDrag } from "./drag.ts";
import { place, setShown, svgElement } from "./svg.ts";
import { VolumeAxes } from "./volume_axes.ts";

const FACES: [axis: Axis, side: -1 | 1][] = [
  ["x", -1],
  ["x", 1],
  ["y", -1],
  ["y", 1],
  ["z", -1],
  ["z", 1],
];
/** Pairs of corners, each a choice of lower (0) or upper (1) along x, y, z, that an edge joins. */
const EDGES = [0, 1, 2].flatMap((along) =>
  [0, 1, 2, 3].map((k) => {
    const others = [0, 1, 2].filter((axis) => axis !== along);
    const from = [0, 0, 0];
    others.forEach((axis, bit) => {
      from[axis] = (k >> bit) & 1;
    });
    const to = [...from];
    to[along] = 1;
    return [from, to] as const;
  }),
);

export interface VolumeEvents {
  cameraMoved(): void;
  resetViews(): void;
  toggleMaximised(): void;
}

export class VolumePane {
  readonly element = document.createElement("div");
  readonly view: VolumeCanvas;
  /** The camera was chosen by somebody: it is not reset with the size of the image. */
  isMoved = false;
  #session: Session;
  #drawing: Drawing;
  #edges: SVGLineElement[];
  #handles: SVGCircleElement[];
  #axes: VolumeAxes;
  #note: SVGTextElement;
  #stop = new AbortController();
  #transfer = "";
  #clip = "";
  #fitted = "";

  constructor(session: Session, drawing: Drawing, events: VolumeEvents) {
    this.#session = session;
    this.#drawing = drawing;
    this.view = new VolumeCanvas(
      () => this.#drawOverlay(),
      () => {
        this.isMoved = true;
        events.cameraMoved();
      },
    );
    this.element.className = "rw-pane";
    this.element.dataset.plane = "volume";
    this.element.tabIndex = 0;
    this.element.setAttribute("role", "application");
    this.element.setAttribute("aria-label", "volume; drag to rotate, r shows everything");
    const svg = svgElement("svg", "rw-overlay");
    this.#axes = new VolumeAxes(svg);
    this.#note = svgElement("text", "rw-label", svg);
    this.#edges = EDGES.map(() => svgElement("line", "rw-roi-edge", svg));
    this.#handles = FACES.map(([axis, side]) => this.#addHandle(svg, axis, side));
    this.element.append(this.view.container, svg);
    this.#listen(events);
  }

  attach(): void {
    this.view.attach();
    this.reset();
  }

  /** Show the whole image from the first corner again. */
  reset(): void {
    this.isMoved = false;
    this.#fitted = "";
    this.#fit();
  }

  draw(): void {
    if (!this.isMoved) this.#fit();
    const shown = this.#drawing.volumeBox();
    const { direction } = this.#session.scene;
    if (shown) this.#drawVolume(shown.range, direction);
    this.view.show(shown?.box ?? null, shown?.valueRange ?? [0, 1], direction);
    this.#drawOverlay();
  }

  destroy(): void {
    this.#stop.abort();
    this.view.destroy();
    this.element.remove();
  }

  #addHandle(svg: SVGSVGElement, axis: Axis, side: -1 | 1): SVGCircleElement {
    const handle = svgElement("circle", `rw-handle rw-face rw-face-${axis}`, svg);
    Object.assign(handle.dataset, {
      plane: "volume",
      handle: `${axis}${side < 0 ? "-lower" : "-upper"}`,
    });
    const start = (event: PointerEvent) => (event.button === 0 ? this.#dragFace(axis, side) : null);
    onDrag(handle, start, this.#stop.signal);
    return handle;
  }

  #listen(events: VolumeEvents): void {
    const { signal } = this.#stop;
    const listen = <E extends Event>(name: string, action: (event: E) => void) =>
      this.element.addEventListener(name, action as EventListener, { signal, passive: false });
    listen("dblclick", () => events.toggleMaximised());
    listen("wheel", (event) => event.preventDefault());
    listen("contextmenu", (event) => event.preventDefault());
    listen("pointerdown", () => this.element.focus({ preventScroll: true }));
    listen<KeyboardEvent>("keydown", (event) => {
      if (event.key !== "r" || event.ctrlKey || event.metaKey) return;
      event.preventDefault();
      event.stopPropagation();
      events.resetViews();
    });
  }

  #fit(): void {
    const whole = this.#session.wholeRoi();
    const { direction } = this.#session.scene;
    const key = JSON.stringify([whole, direction]);
    if (key !== this.#fitted) this.view.resetCamera(whole, direction);
    this.#fitted = key;
  }

  #drawVolume(range: [number, number], direction: number[]): void {
    const table = this.#session.state.get("color_table");
    const transfer = `${table}|${range}`;
    if (transfer !== this.#transfer) this.view.setTransfer(decodeTable(table), range);
    this.#transfer = transfer;
    const { roi } = this.#session;
    const clip = JSON.stringify([roi, direction]);
    if (clip !== this.#clip) this.view.clip(roi, direction);
    this.#clip = clip;
  }

  #drawOverlay(): void {
    const { roi } = this.#session;
    const isRgb = this.#session.image?.info.kind === "rgb";
    const shown = this.#session.state.get("roi_visible") && !isRgb;
    EDGES.forEach(([from, to], i) => {
      const line = this.#edges[i] as SVGLineElement;
      const [x1, y1] = this.view.project(corner(roi, from));
      const [x2, y2] = this.view.project(corner(roi, to));
      place(line, { x1, y1, x2, y2 });
      setShown(line, shown);
    });
    FACES.forEach(([axis, side], i) => {
      const handle = this.#handles[i] as SVGCircleElement;
      const [cx, cy] = this.view.project(faceCentre(roi, axis, side));
      place(handle, { cx, cy, r: 5 });
      setShown(handle, shown);
    });
    this.#axes.draw((point) => this.view.project(point), this.#session.wholeRoi());
    place(this.#note, { x: 10, y: 19 });
    this.#note.textContent = isRgb ? "Colour images are drawn in the planes only." : "";
  }

  /** A face follows the pointer along the drawn direction of its normal. */
  #dragFace(axis: Axis, side: -1 | 1): Drag {
    const before = this.#session.roi;
    const centre = faceCentre(before, axis, side);
    const unit = before.upper[axis] - before.lower[axis] || 1;
    const [x0, y0] = this.view.project(centre);
    const [x1, y1] = this.view.project({ ...centre, [axis]: centre[axis] + unit });
    const [nx, ny] = [(x1 - x0) / unit, (y1 - y0) / unit];
    const squared = Math.max(nx * nx + ny * ny, 1e-12);
    return {
      move: (dx, dy) => {
        const level = this.#session.finest;
        if (!level) return;
        const by = (dx * nx + dy * ny) / squared;
        this.#session.state.set("roi", dragRoi(before, { [axis]: side }, { [axis]: by }, level));
      },
      end: () => this.#session.state.flush(),
    };
  }
}

function corner(roi: Roi, choice: readonly number[]): Point {
  const pick = (axis: Axis, i: number) => (choice[i] ? roi.upper : roi.lower)[axis];
  return { x: pick("x", 0), y: pick("y", 1), z: pick("z", 2) };
}

function faceCentre(roi: Roi, axis: Axis, side: -1 | 1): Point {
  const middle = (a: Axis) => (roi.lower[a] + roi.upper[a]) / 2;
  const centre: Point = { x: middle("x"), y: middle("y"), z: middle("z") };
  centre[axis] = side < 0 ? roi.lower[axis] : roi.upper[axis];
  return centre;
}
