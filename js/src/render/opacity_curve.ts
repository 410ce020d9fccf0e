// The opacity of a volume as a curve over its values, and how it is edited: pure functions.

import type { Voxels } from "../messages.ts";
import { type Range, shareIn, valueAt } from "./window.ts";

/** A value of the image and its opacity, 0 to 1. */
export type OpacityPoint = [value: number, opacity: number];

/** Opacity over the window: air is clear, what lies above the middle is nearly solid. */
const RAMP: OpacityPoint[] = [
  [0, 0],
  [0.2, 0],
  [0.3, 0.1],
  [0.5, 0.5],
  [0.7, 0.9],
  [1, 1],
];
/** Voxels from which a histogram is counted. */
const SAMPLE = 2 ** 18;

/** The curve that is used until somebody edits it. */
export function automaticCurve(range: Range): OpacityPoint[] {
  return RAMP.map(([share, opacity]) => [valueAt(range, share), opacity]);
}

/** Move a point; it stays between its neighbours and inside the range. */
export function movePoint(
  points: OpacityPoint[],
  index: number,
  [value, opacity]: OpacityPoint,
  [low, high]: Range,
): OpacityPoint[] {
  const least = points[index - 1]?.[0] ?? low;
  const most = points[index + 1]?.[0] ?? high;
  const moved: OpacityPoint = [clamp(value, least, most), clamp(opacity, 0, 1)];
  return points.map((point, i) => (i === index ? moved : point));
}

export function addPoint(
  points: OpacityPoint[],
  [value, opacity]: OpacityPoint,
): { points: OpacityPoint[]; index: number } {
  const after = points.findIndex(([other]) => other > value);
  const index = after < 0 ? points.length : after;
  return { points: points.toSpliced(index, 0, [value, clamp(opacity, 0, 1)]), index };
}

/** Without a point; two are the least a curve has. */
export function removePoint(points: OpacityPoint[], index: number): OpacityPoint[] {
  return points.length > 2 ? points.toSpliced(index, 1) : points;
}

/** Number of voxels in bins of equal width, of an evenly spaced sample. */
export function histogram(voxels: Voxels, range: Range, bins: number): number[] {
  const counts = new Array<number>(bins).fill(0);
  const step = Math.max(1, Math.floor(voxels.length / SAMPLE));
  const shareOf = shareIn(range);
  for (let i = 0; i < voxels.length; i += step) {
    const bin = Math.floor(shareOf(voxels[i] as number) * bins);
    if (!(bin >= 0 && bin <= bins)) continue;
    const at = Math.min(bin, bins - 1);
    counts[at] = (counts[at] ?? 0) + 1;
  }
  return counts;
}

function clamp(value: number, low: number, high: number): number {
  return Math.min(Math.max(value, low), high);
}
