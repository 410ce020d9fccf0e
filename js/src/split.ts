// A region that shows the input on one side of a divider and the result on the other, in a plane.

import type { Plane } from "./geometry.ts";
import type { Roi } from "./messages.ts";

/** Where the divider stands along the axis that a plane shows to the right. */
export function dividerAt({ lower, upper }: Roi, { right }: Plane, share: number): number {
  return lower[right] + share * (upper[right] - lower[right]);
}

/** The part of the region that shows the result: what lies to the right of the divider. */
export function resultPart(roi: Roi, plane: Plane, share: number): Roi {
  return { ...roi, lower: { ...roi.lower, [plane.right]: dividerAt(roi, plane, share) } };
}

/** A share after a step or a drag: from 0, all result, to 1, all input. */
export function clampShare(share: number): number {
  return Math.min(Math.max(share, 0), 1);
}
