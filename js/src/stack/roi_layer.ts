// Regions over the frame: drawn, selected, moved, reshaped.

import { type Drag, onDrag } from "../interact/drag.ts";
import { place, setAttribute, svgElement } from "../interact/svg.ts";
import type { FramePane } from "./frame_pane.ts";
import {
  handlesOf,
  movedRoi,
  outlinesOf,
  type Roi,
  type RoiKind,
  type RoiPoint,
  reshapedRoi,
} from "./roi_geometry.ts";
import type { StackSession } from "./stack_session.ts";

/** CSS pixels: a smaller drag draws nothing, a click so near the first point closes. */
const SMALLEST = 3;
const CLOSING = 8;
const HANDLE = 4;
/** A line drawn by hand has a point each so many CSS pixels. */
const APART = 3;

export class RoiLayer {
  /** What the pointer draws; null where it moves the image and selects. */
  tool: RoiKind | null = null;
  #session: StackSession;
  #pane: FramePane;
  #shapes: SVGGElement;
  #handles: SVGGElement;
  #sketch: SVGPathElement;
  /** What is being drawn, in world units. */
  #points: RoiPoint[] = [];
  #changed: () => void;
  #signal: AbortSignal;
  #drawn = "";

  constructor(session: StackSession, pane: FramePane, changed: () => void, signal: AbortSignal) {
    this.#session = session;
    this.#pane = pane;
    this.#changed = changed;
    this.#signal = signal;
    this.#shapes = svgElement("g", "rw-rois", pane.overlay);
    this.#sketch = svgElement("path", "rw-roi-sketch", pane.overlay);
    this.#handles = svgElement("g", "", pane.overlay);
    pane.element.addEventListener("pointermove", (event) => this.#follow(event), { signal });
    pane.element.addEventListener("dblclick", () => this.#close(), { signal });
  }

  draw(): void {
    const { rois } = this.#session;
    const { camera, width, height } = this.#pane.view;
    setAttribute(this.#pane.element, "data-tool", this.tool ?? "none");
    const sketched = this.#sketched().map((point) => this.#pixel(point));
    setAttribute(this.#sketch, "d", sketched.length > 0 ? pathOf([sketched], false) : "");
    const drawn = JSON.stringify([rois.all, rois.selected, camera, width, height, this.tool]);
    if (drawn === this.#drawn) return;
    this.#drawn = drawn;
    const visible = rois.all.filter((roi) => roi.visible);
    this.#fill(this.#shapes, visible.length, "path", "rw-roi-shape", (node, i) =>
      this.#drawShape(node, visible[i] as Roi),
    );
    const { chosen } = rois;
    const handles = chosen?.visible && !this.tool ? handlesOf(chosen) : [];
    this.#fill(this.#handles, handles.length, "circle", "rw-roi-handle", (node, i) => {
      const [cx, cy] = this.#pixel(handles[i] as RoiPoint);
      place(node, { cx, cy, r: HANDLE });
    });
  }

  /** Begin to draw where the pointer is pressed; null where no tool is chosen. */
  startDrawing(event: PointerEvent): Drag | null {
    if (!this.tool || event.button !== 0) return null;
    const start = this.#pane.worldAt(event);
    if (this.tool === "polygon") return this.#addVertex(start);
    const kind = this.tool;
    this.#points = [start];
    return {
      move: (_dx, _dy, now) => this.#extend(kind, start, this.#pane.worldAt(now)),
      end: () => this.#finish(kind),
    };
  }

  /** The line of what is being drawn. */
  #sketched(): RoiPoint[] {
    const [kind, points] = [this.tool, this.#points];
    if ((kind !== "box" && kind !== "ellipse") || points.length < 2) return points;
    const [outline = []] = outlinesOf({ kind, points, angle: 0, rings: [] });
    return [...outline, ...outline.slice(0, 1)];
  }

  /** Keys that draw or change regions; returns whether this was one. */
  pressKey(event: KeyboardEvent): boolean {
    const { rois } = this.#session;
    const isCommand = event.ctrlKey || event.metaKey;
    const key = event.key.toLowerCase();
    if (isCommand && key === "z") {
      if (event.shiftKey) rois.redo();
      else rois.undo();
    } else if (key === "enter" && this.#points.length > 0) this.#close();
    else if (key === "escape") this.#escape();
    else if ((key === "delete" || key === "backspace") && rois.selected) rois.remove(rois.selected);
    else return false;
    return true;
  }

  #escape(): void {
    if (this.#points.length > 0) this.#points = [];
    else if (this.tool) this.tool = null;
    else this.#session.rois.selected = null;
    this.#changed();
  }

  #addVertex(point: RoiPoint): Drag {
    const [first] = this.#points;
    // the last point follows the pointer until it is clicked
    if (this.#points.length > 3 && first && this.#isNear(first, point)) this.#close();
    else this.#points = [...this.#points.slice(0, -1), point, point];
    this.#changed();
    return { move: () => {} };
  }

  #follow(event: PointerEvent): void {
    if (this.tool !== "polygon" || this.#points.length === 0) return;
    this.#points = [...this.#points.slice(0, -1), this.#pane.worldAt(event)];
    this.#changed();
  }

  /** Close the polygon; points that were clicked twice count once. */
  #close(): void {
    if (this.tool !== "polygon" || this.#points.length === 0) return;
    const points = this.#points.slice(0, -1);
    const single = points.filter((point, i) => i === 0 || !this.#isNear(points[i - 1], point));
    this.#points = [];
    if (single.length > 2) this.#session.rois.add("polygon", single);
    this.#changed();
  }

  #extend(kind: RoiKind, start: RoiPoint, now: RoiPoint): void {
    const last = this.#points.at(-1) as RoiPoint;
    if (kind !== "freehand") this.#points = [start, now];
    else if (this.#distance(last, now) >= APART) this.#points = [...this.#points, now];
    this.#changed();
  }

  #finish(kind: RoiKind): void {
    const [points, start, end] = [this.#points, this.#points[0], this.#points.at(-1)];
    this.#points = [];
    const isLarge = points.some((point) => this.#distance(start as RoiPoint, point) > SMALLEST);
    if (kind === "freehand") {
      if (isLarge && points.length > 2) this.#session.rois.add(kind, points);
    } else if (start && end && start[0] !== end[0] && start[1] !== end[1] && isLarge) {
      this.#session.rois.add(kind, [start, end]);
    }
    this.#changed();
  }

  #isNear(first: RoiPoint | undefined, second: RoiPoint): boolean {
    return first !== undefined && this.#distance(first, second) < CLOSING;
  }

  /** In CSS pixels. */
  #distance(first: RoiPoint, second: RoiPoint): number {
    const scale = this.#pane.view.pixelsPerUnit;
    return scale * Math.hypot(first[0] - second[0], first[1] - second[1]);
  }

  #pixel([x, y]: RoiPoint): RoiPoint {
    return this.#pane.view.toPixel(x, y);
  }

  #drawShape(node: SVGElement, roi: Roi): void {
    const outlines = outlinesOf(roi).map((ring) => ring.map((point) => this.#pixel(point)));
    setAttribute(node, "d", pathOf(outlines, true));
    setAttribute(node, "stroke", roi.color);
    setAttribute(node, "data-roi", roi.id);
    node.toggleAttribute("data-selected", roi.id === this.#session.rois.selected);
  }

  /** As many nodes as there are things, each with its place in the list. */
  #fill<K extends "path" | "circle">(
    group: SVGGElement,
    count: number,
    tag: K,
    className: string,
    write: (node: SVGElement, i: number) => void,
  ): void {
    while (group.childElementCount > count) group.lastElementChild?.remove();
    while (group.childElementCount < count) {
      const node = svgElement(tag, className, group);
      const i = group.childElementCount - 1;
      const start = (event: PointerEvent) =>
        tag === "path" ? this.#startMoving(node, event) : this.#startReshaping(i, event);
      onDrag(node, start, this.#signal);
    }
    for (const [i, node] of [...group.children].entries()) write(node as SVGElement, i);
  }

  #startMoving(node: SVGElement, event: PointerEvent): Drag | null {
    const { rois } = this.#session;
    const roi = rois.all.find(({ id }) => id === node.getAttribute("data-roi"));
    if (!roi || event.button !== 0) return null;
    this.#pane.element.focus({ preventScroll: true });
    rois.select(roi.id);
    const scale = this.#pane.view.pixelsPerUnit;
    let isMoved = false;
    return {
      move: (dx, dy) => {
        isMoved ||= Math.hypot(dx, dy) >= SMALLEST;
        if (isMoved) rois.drag(movedRoi(roi, dx / scale, dy / scale));
      },
      end: () => rois.drop(),
    };
  }

  #startReshaping(handle: number, event: PointerEvent): Drag | null {
    const { rois } = this.#session;
    const roi = rois.chosen;
    if (!roi || event.button !== 0) return null;
    return {
      move: (_dx, _dy, now) => rois.drag(reshapedRoi(roi, handle, this.#pane.worldAt(now))),
      end: () => rois.drop(),
    };
  }
}

function pathOf(outlines: RoiPoint[][], isClosed: boolean): string {
  const ring = (points: RoiPoint[]) =>
    `M${points.map(([x, y]) => `${x.toFixed(1)} ${y.toFixed(1)}`).join("L")}`;
  return outlines.map((points) => ring(points) + (isClosed ? "Z" : "")).join("");
}
