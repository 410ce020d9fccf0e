// Regions of interest: geometry as pure functions, and the set with its history.
// Twin of Annotation in regions/annotations.py.

import type { SharedState } from "../state.ts";
import type { StackTraits } from "./stack_state.ts";

/** World units, x before y. */
export type RoiPoint = [x: number, y: number];
export type RoiKind = "box" | "ellipse" | "polygon" | "freehand";

export interface Roi {
  kind: RoiKind;
  points: RoiPoint[];
  id: string;
  name: string;
  group: string;
  /** "#rrggbb" */
  color: string;
  visible: boolean;
  /** Of an ellipse, from x towards y. */
  angle: number;
  /** Holes and further parts of a polygon. */
  rings: RoiPoint[][];
}

const ELLIPSE_POINTS = 64;
const MOST_UNDONE = 100;
/** Told apart by people with any colour vision, on dark ground. */
const COLORS = ["#ffd500", "#4dabf7", "#ff8787", "#69db7c", "#da77f2", "#ffa94d", "#66d9e8"];

/** Closed outlines of a region. */
export function outlinesOf({
  kind,
  points,
  angle,
  rings,
}: Pick<Roi, "kind" | "points" | "angle" | "rings">): RoiPoint[][] {
  if (kind !== "box" && kind !== "ellipse") return [points, ...rings];
  const [[x0, y0], [x1, y1]] = points as [RoiPoint, RoiPoint];
  if (kind === "box") return [cornersOf(points)];
  const [cx, cy, rx, ry] = [(x0 + x1) / 2, (y0 + y1) / 2, (x1 - x0) / 2, (y1 - y0) / 2];
  const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
  const outline = Array.from({ length: ELLIPSE_POINTS }, (_, i): RoiPoint => {
    const turn = (2 * Math.PI * i) / ELLIPSE_POINTS;
    const [dx, dy] = [rx * Math.cos(turn), ry * Math.sin(turn)];
    return [cx + dx * cos - dy * sin, cy + dx * sin + dy * cos];
  });
  return [outline];
}

function cornersOf(points: RoiPoint[]): RoiPoint[] {
  const [[x0, y0], [x1, y1]] = points as [RoiPoint, RoiPoint];
  return [
    [x0, y0],
    [x1, y0],
    [x1, y1],
    [x0, y1],
  ];
}

/** Lowest and highest x and y. */
export function boundsOf(roi: Roi): [low: RoiPoint, high: RoiPoint] {
  const points = outlinesOf(roi).flat();
  const [xs, ys] = [points.map(([x]) => x), points.map(([, y]) => y)];
  return [
    [Math.min(...xs), Math.min(...ys)],
    [Math.max(...xs), Math.max(...ys)],
  ];
}

export function movedRoi(roi: Roi, dx: number, dy: number): Roi {
  const shift = (points: RoiPoint[]) => points.map(([x, y]): RoiPoint => [x + dx, y + dy]);
  return { ...roi, points: shift(roi.points), rings: roi.rings.map(shift) };
}

/** Points that can be dragged: corners of a box, of the box around an ellipse, or vertices. */
export function handlesOf(roi: Roi): RoiPoint[] {
  if (roi.kind === "box") return cornersOf(roi.points);
  if (roi.kind === "ellipse") return roi.angle === 0 ? cornersOf(roi.points) : [];
  return roi.kind === "polygon" ? roi.points : [];
}

/** The region after a handle was dragged to a point. */
export function reshapedRoi(roi: Roi, handle: number, to: RoiPoint): Roi {
  if (roi.kind === "polygon" || roi.kind === "freehand") {
    return { ...roi, points: roi.points.map((point, i) => (i === handle ? to : point)) };
  }
  const opposite = cornersOf(roi.points)[(handle + 2) % 4] as RoiPoint;
  return { ...roi, points: [opposite, to] };
}

/** Area of the first outline, without sign. */
export function areaOf(roi: Roi): number {
  const [outline = []] = outlinesOf(roi);
  const twice = outline.reduce((sum, [x, y], i) => {
    const [nextX, nextY] = outline[(i + 1) % outline.length] as RoiPoint;
    return sum + x * nextY - nextX * y;
  }, 0);
  return Math.abs(twice) / 2;
}

/** The set that is shared with Python, and a change of it that is not finished yet. */
export class Rois {
  selected: string | null = null;
  #state: SharedState<StackTraits>;
  #changed: () => void;
  /** What a region is like while somebody drags it. */
  #draft: Roi | null = null;
  #undone: Roi[][] = [];
  #done: Roi[][] = [];

  constructor(state: SharedState<StackTraits>, changed: () => void) {
    this.#state = state;
    this.#changed = changed;
  }

  /** As they are drawn now. */
  get all(): Roi[] {
    const draft = this.#draft;
    return this.#state.get("rois").map((roi) => (roi.id === draft?.id ? draft : roi));
  }

  get chosen(): Roi | null {
    return this.all.find(({ id }) => id === this.selected) ?? null;
  }

  get canUndo(): boolean {
    return this.#done.length > 0;
  }

  select(id: string | null): void {
    this.selected = id;
    this.#changed();
  }

  add(kind: RoiKind, points: RoiPoint[]): void {
    const rois = this.#state.get("rois");
    const names = new Set(rois.map(({ name }) => name));
    let number = rois.length + 1;
    while (names.has(`ROI ${number}`)) number += 1;
    const color = COLORS[(number - 1) % COLORS.length] as string;
    const id = crypto.getRandomValues(new Uint32Array(2)).join("-");
    const look = { name: `ROI ${number}`, group: "", color, visible: true };
    this.selected = id;
    this.#commit([...rois, { kind, points, id, ...look, angle: 0, rings: [] }]);
  }

  /** Draw a region as it would be; nobody is told. */
  drag(roi: Roi): void {
    this.#draft = roi;
    this.#changed();
  }

  /** Keep what was dragged. */
  drop(): void {
    const draft = this.#draft;
    this.#draft = null;
    if (draft && areaOf(draft) > 0) this.replace(draft);
    this.#changed();
  }

  replace(roi: Roi): void {
    this.#commit(this.#state.get("rois").map((each) => (each.id === roi.id ? roi : each)));
  }

  remove(id: string): void {
    this.#commit(this.#state.get("rois").filter((roi) => roi.id !== id));
    if (this.selected === id) this.selected = null;
  }

  undo(): void {
    this.#exchange(this.#done, this.#undone);
  }

  redo(): void {
    this.#exchange(this.#undone, this.#done);
  }

  #exchange(from: Roi[][], to: Roi[][]): void {
    const rois = from.pop();
    if (!rois) return;
    to.push(this.#state.get("rois"));
    this.#save(rois);
  }

  #commit(rois: Roi[]): void {
    this.#done.push(this.#state.get("rois"));
    if (this.#done.length > MOST_UNDONE) this.#done.shift();
    this.#undone = [];
    this.#save(rois);
  }

  #save(rois: Roi[]): void {
    this.#state.set("rois", rois);
    this.#state.flush();
    this.#changed();
  }
}
