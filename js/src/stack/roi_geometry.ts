// Regions of interest as pure functions of their points. Twin of Annotation in regions/annotations.py.

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
