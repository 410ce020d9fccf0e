// The region's box on a slice plane: its outline and the handles that are dragged.

import type { Grip } from "../geometry.ts";
import type { Axis, Roi } from "../messages.ts";
import type { PlaneCanvas } from "../render/plane_canvas.ts";
import { type Drag, onDrag } from "./drag.ts";
import { place, setAttribute, setShown, svgElement } from "./svg.ts";

type Side = -1 | 0 | 1;

/** Handles of the box: which side each moves along right and down. */
const HANDLES: [name: string, right: Side, down: Side][] = [
  ["top-left", -1, -1],
  ["top-right", 1, -1],
  ["bottom-left", -1, 1],
  ["bottom-right", 1, 1],
  ["top", 0, -1],
  ["bottom", 0, 1],
  ["left", -1, 0],
  ["right", 1, 0],
];
/** What is seen of a handle, and the invisible square around it that can be hit. */
const HANDLE_SIZE = 9;
const HIT_SIZE = 20;
/** A box that is drawn smaller than this has no handles in the middle of its sides. */
const ROOM_FOR_MIDDLES = 44;
/** Each side of the region is reached by the Tab key once: x and y in this plane, z in the next. */
const KEYBOARD_AXES: Record<Axis, Axis[]> = { z: ["x", "y"], y: ["z"], x: [] };
const STEPS: Record<string, number> = {
  ArrowUp: -1,
  ArrowLeft: -1,
  ArrowDown: 1,
  ArrowRight: 1,
  PageUp: -10,
  PageDown: 10,
};

export interface RoiBoxEvents {
  startDrag(grip: Grip): Drag | null;
  /** The keyboard moves one side by voxels. */
  step(axis: Axis, side: -1 | 1, steps: number): void;
}

interface Handle {
  group: SVGGElement;
  seen: SVGRectElement;
  hit: SVGRectElement;
}

export class RoiBox {
  #view: PlaneCanvas;
  #events: RoiBoxEvents;
  #signal: AbortSignal;
  #outline: SVGRectElement;
  /** Invisible and wider than the outline, so that it can be hit. */
  #body: SVGRectElement;
  #handles = new Map<string, Handle>();

  constructor(view: PlaneCanvas, svg: SVGElement, events: RoiBoxEvents, signal: AbortSignal) {
    this.#view = view;
    this.#events = events;
    this.#signal = signal;
    const { right, down } = view.plane;
    this.#body = svgElement("rect", "rw-roi-body", svg);
    this.#outline = svgElement("rect", "rw-roi", svg);
    this.#listen(this.#body, "body", "body");
    for (const [name, atRight, atDown] of HANDLES) {
      const group = svgElement("g", `rw-grip rw-grip-${name}`, svg);
      const hit = svgElement("rect", "rw-hit", group);
      const seen = svgElement("rect", "rw-handle", group);
      this.#handles.set(name, { group, seen, hit });
      this.#listen(group, name, { [right]: atRight, [down]: atDown });
      if (atDown === 0) this.#addKeys(group, right, atRight as -1 | 1);
      if (atRight === 0) this.#addKeys(group, down, atDown as -1 | 1);
    }
  }

  draw(roi: Roi, whole: Roi, isShown: boolean, position: number): void {
    const { right, down, across } = this.#view.plane;
    const [x0, y0] = this.#view.toPixel(roi.lower[right], roi.lower[down]);
    const [x1, y1] = this.#view.toPixel(roi.upper[right], roi.upper[down]);
    const isCut = position >= roi.lower[across] && position <= roi.upper[across];
    for (const rect of [this.#outline, this.#body]) {
      place(rect, { x: x0, y: y0, width: x1 - x0, height: y1 - y0 });
      setShown(rect, isShown);
    }
    this.#outline.classList.toggle("rw-outside", !isCut);
    // in a small box handles must leave some of the outline to be hit
    const hitSize = Math.max(HANDLE_SIZE, Math.min(HIT_SIZE, Math.min(x1 - x0, y1 - y0) / 2));
    for (const [name, atRight, atDown] of HANDLES) {
      const { group, seen, hit } = this.#handles.get(name) as Handle;
      const x = x0 + ((atRight + 1) / 2) * (x1 - x0);
      const y = y0 + ((atDown + 1) / 2) * (y1 - y0);
      placeSquare(seen, x, y, HANDLE_SIZE);
      placeSquare(hit, x, y, hitSize);
      const side = atRight === 0 ? x1 - x0 : y1 - y0;
      const isCorner = atRight !== 0 && atDown !== 0;
      setShown(group, isShown && (isCorner || side >= ROOM_FOR_MIDDLES));
      if (atDown === 0) describeValue(group, roi, whole, right, atRight);
      if (atRight === 0) describeValue(group, roi, whole, down, atDown);
    }
  }

  #listen(element: SVGElement, name: string, grip: Grip): void {
    Object.assign(element.dataset, { plane: this.#view.plane.across, handle: name });
    const start = (event: PointerEvent) =>
      isPlainLeft(event) ? this.#events.startDrag(grip) : null;
    onDrag(element, start, this.#signal);
  }

  #addKeys(group: SVGGElement, axis: Axis, side: -1 | 1): void {
    if (!KEYBOARD_AXES[this.#view.plane.across].includes(axis)) return;
    group.setAttribute("tabindex", "0");
    group.setAttribute("role", "slider");
    const name = `${side < 0 ? "lower" : "upper"} ${axis} side of the region`;
    group.setAttribute("aria-label", `${name}; arrow keys move it by a voxel`);
    const press = (event: KeyboardEvent) => {
      const steps = STEPS[event.key];
      if (steps === undefined || event.ctrlKey || event.metaKey || event.altKey) return;
      event.preventDefault();
      event.stopPropagation();
      this.#events.step(axis, side, steps);
    };
    group.addEventListener("keydown", press, { signal: this.#signal });
  }
}

function placeSquare(rect: SVGRectElement, x: number, y: number, size: number): void {
  place(rect, { x: x - size / 2, y: y - size / 2, width: size, height: size });
}

function describeValue(group: SVGGElement, roi: Roi, whole: Roi, axis: Axis, side: Side): void {
  if (!group.hasAttribute("role")) return;
  const value = side < 0 ? roi.lower[axis] : roi.upper[axis];
  setAttribute(group, "aria-valuemin", String(whole.lower[axis]));
  setAttribute(group, "aria-valuemax", String(whole.upper[axis]));
  setAttribute(group, "aria-valuenow", String(Number(value.toPrecision(6))));
}

/** With Shift, Ctrl or another button the pane's own actions start on a handle too. */
function isPlainLeft(event: PointerEvent): boolean {
  return event.button === 0 && !event.shiftKey;
}
