// The volume view with the region's box, whose faces can be dragged.

import { dragRoi, wholeRoi } from "../geometry.ts";
import type { Axis, Point, Roi } from "../messages.ts";
import { decodeTable } from "../render/colors.ts";
import { VolumeCanvas } from "../render/volume_canvas.ts";
import type { Session } from "../session.ts";
import { type Drag, onDrag } from "./drag.ts";
import { place, setShown, svgElement } from "./svg.ts";

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

export class VolumePane {
  readonly element = document.createElement("div");
  readonly view: VolumeCanvas;
  #session: Session;
  #svg: SVGSVGElement;
  #edges: SVGLineElement[] = [];
  #handles: SVGCircleElement[] = [];
  #stop = new AbortController();
  #transfer = "";
  #clip = "";

  constructor(session: Session, cameraMoved: () => void, toggleMaximised: () => void) {
    this.#session = session;
    this.view = new VolumeCanvas(() => {
      this.#drawBox();
      cameraMoved();
    });
    this.element.className = "rw-pane";
    this.element.dataset.plane = "volume";
    this.#svg = svgElement("svg", "rw-overlay");
    this.#edges = EDGES.map(() => svgElement("line", "rw-roi-edge", this.#svg));
    this.#handles = FACES.map(([axis, side]) => {
      const handle = svgElement("circle", `rw-handle rw-face rw-axis-${axis}`, this.#svg);
      handle.dataset.handle = `${axis}${side < 0 ? "-lower" : "-upper"}`;
      onDrag(handle, () => this.#dragFace(axis, side), this.#stop.signal);
      return handle;
    });
    this.element.append(this.view.container, this.#svg);
    const { signal } = this.#stop;
    this.element.addEventListener("dblclick", toggleMaximised, { signal });
    this.element.addEventListener("wheel", (event) => event.preventDefault(), {
      signal,
      passive: false,
    });
  }

  attach(): void {
    this.view.attach();
    this.reset();
  }

  reset(): void {
    const level = this.#session.finest;
    if (level) this.view.resetCamera(wholeRoi(level), this.#session.scene.direction);
  }

  draw(): void {
    const shown = this.#session.volumeBox();
    if (shown) this.#drawVolume(shown.range);
    this.view.show(shown?.box ?? null, this.#session.scene.direction);
    this.#drawBox();
  }

  destroy(): void {
    this.#stop.abort();
    this.view.destroy();
    this.element.remove();
  }

  #drawVolume(range: [number, number]): void {
    const table = this.#session.state.get("color_table");
    const transfer = `${table}|${range}`;
    if (transfer !== this.#transfer) this.view.setTransfer(decodeTable(table), range);
    this.#transfer = transfer;
    const roi = this.#session.roi;
    const clip = JSON.stringify(roi);
    if (clip !== this.#clip) this.view.clip(roi);
    this.#clip = clip;
  }

  #drawBox(): void {
    const roi = this.#session.roi;
    const shown = this.#session.state.get("roi_visible") && this.#session.volumeBox() !== null;
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
