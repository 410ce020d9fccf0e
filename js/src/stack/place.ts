// Which pixels of a frame are asked for, given what is on screen: pure functions.

import type { Pair, Place, StackInfo } from "./frame_messages.ts";

/** Pixels up to which a frame is asked for whole: it can then be moved without asking again. */
const SMALL = 2 ** 20;
/** Parts of larger frames begin and end at multiples of so many pixels, after reduction. */
const TILE = 128;
const LARGEST_STEP = 2 ** 12;

/** What is on screen, as a plane canvas tells it: world units, x before y. */
export interface Visible {
  low: [number, number];
  high: [number, number];
  /** Size of a pixel of the screen. */
  unitsPerPixel: number;
}

export function placeFor(info: StackInfo, { low, high, unitsPerPixel }: Visible): Place {
  const step = stepFor(info, unitsPerPixel);
  const size: Pair = [info.height, info.width];
  if ((size[0] / step) * (size[1] / step) <= SMALL) return { start: [0, 0], shape: size, step };
  const tile = TILE * step;
  const sides = ([0, 1] as const).map((i) => {
    const toIndex = (position: number) => (position - info.origin[i]) / info.spacing[i] + 0.5;
    const first = Math.floor(toIndex(low[1 - i] as number) / tile) * tile;
    const last = Math.ceil(toIndex(high[1 - i] as number) / tile) * tile;
    const start = Math.min(Math.max(first, 0), Math.floor((size[i] - 1) / tile) * tile);
    return [start, Math.max(Math.min(last, size[i]) - start, 1)];
  }) as [Pair, Pair];
  return { start: [sides[0][0], sides[1][0]], shape: [sides[0][1], sides[1][1]], step };
}

/** The largest power of two of which a pixel of the screen still shows one whole. */
function stepFor({ spacing, height, width }: StackInfo, unitsPerPixel: number): number {
  const finest = Math.min(spacing[0], spacing[1]);
  const most = Math.min(LARGEST_STEP, Math.max(height, width));
  let step = 1;
  while (2 * step * finest <= unitsPerPixel * 1.001 && 2 * step <= most) step *= 2;
  return step;
}
