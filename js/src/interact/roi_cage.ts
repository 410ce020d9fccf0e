// The region's box in the volume view: its edges, and a handle on each face.

import { AXES, frameToWorld } from "../geometry.ts";
import type { Axis, Point, Roi } from "../messages.ts";
import { type Drag, onDrag } from "./drag.ts";
import { place, setShown, svgElement } from "./svg.ts";

type Side = -1 | 1;
/** Which side of each axis: a corner of the box, without one of the axes an edge of it. */
type Sides = Partial<Record<Axis, Side>>;

const FACES: [axis: Axis, side: Side][] = AXES.flatMap((axis): [Axis, Side][] => [
  [axis, -1],
  [axis, 1],
]);
/** An edge runs along one axis between the two faces that meet in it. */
const EDGES: [along: Axis, sides: Sides][] = AXES.flatMap((along) => {
  const [a, b] = AXES.filter((axis) => axis !== along) as [Axis, Axis];
  const signs: Side[] = [-1, 1];
  return signs.flatMap((i) => signs.map((j): [Axis, Sides] => [along, { [a]: i, [b]: j }]));
});
const HANDLE_RADIUS = 5.5;
const HIT_RADIUS = 11;

/** What the cage has to know of the view that it is drawn over. */
export interface CageView {
  /** From a point of the frame to CSS pixels. */
  project(point: Point): [number, number];
  /** Where the viewer stands, in the world. */
  eye: number[];
  direction: number[];
}

interface Handle {
  group: SVGGElement;
  dots: SVGCircleElement[];
}

export class RoiCage {
  #edges: SVGLineElement[];
  #handles: Handle[];

  constructor(
    svg: SVGElement,
    startDrag: (axis: Axis, side: Side) => Drag | null,
    signal: AbortSignal,
  ) {
    this.#edges = EDGES.map(() => svgElement("line", "rw-roi-edge", svg));
    this.#handles = FACES.map(([axis, side]) => {
      const group = svgElement("g", `rw-grip rw-face rw-face-${axis}`, svg);
      const dots = [
        svgElement("circle", "rw-hit", group),
        svgElement("circle", "rw-handle", group),
      ];
      const handle = `${axis}${side < 0 ? "-lower" : "-upper"}`;
      Object.assign(group.dataset, { plane: "volume", handle });
      const start = (event: PointerEvent) => (event.button === 0 ? startDrag(axis, side) : null);
      onDrag(group, start, signal);
      return { group, dots };
    });
  }

  draw(roi: Roi, isShown: boolean, view: CageView): void {
    const facing = (axis: Axis, side: Side) => isFacing(roi, axis, side, view);
    EDGES.forEach(([along, sides], i) => {
      const line = this.#edges[i] as SVGLineElement;
      const [x1, y1] = view.project(pointOf(roi, { ...sides, [along]: -1 }));
      const [x2, y2] = view.project(pointOf(roi, { ...sides, [along]: 1 }));
      place(line, { x1, y1, x2, y2 });
      const isInFront = Object.entries(sides).some(([a, side]) => facing(a as Axis, side));
      line.classList.toggle("rw-behind", !isInFront);
      setShown(line, isShown);
    });
    FACES.forEach(([axis, side], i) => {
      const { group, dots } = this.#handles[i] as Handle;
      const [cx, cy] = view.project(pointOf(roi, { [axis]: side }));
      dots.forEach((dot, k) => {
        place(dot, { cx, cy, r: k === 0 ? HIT_RADIUS : HANDLE_RADIUS });
      });
      group.classList.toggle("rw-behind", !facing(axis, side));
      setShown(group, isShown);
    });
  }
}

/** A point of the box: at the given sides, in the middle along the other axes. */
export function pointOf(roi: Roi, sides: Sides): Point {
  const along = (axis: Axis) => {
    const side = sides[axis];
    if (side === undefined) return (roi.lower[axis] + roi.upper[axis]) / 2;
    return side < 0 ? roi.lower[axis] : roi.upper[axis];
  };
  return { x: along("x"), y: along("y"), z: along("z") };
}

/** Whether the outside of a face is seen. */
function isFacing(roi: Roi, axis: Axis, side: Side, { eye, direction }: CageView): boolean {
  const centre = frameToWorld(direction, pointOf(roi, { [axis]: side }));
  const normal = frameToWorld(direction, { x: 0, y: 0, z: 0, [axis]: side });
  return normal.reduce((sum, n, i) => sum + n * ((eye[i] ?? 0) - (centre[i] ?? 0)), 0) > 0;
}
