// Where a plane cuts a half-space, as something that a canvas can clip to.

import { axisIndex, type Plane } from "../geometry.ts";
import type { HalfSpace } from "../messages.ts";

/** A point of a plane: right, down. */
export type PlanePoint = [right: number, down: number];

/** Sines below this are of planes parallel to the side of the half-space. */
const PARALLEL = 1e-9;

/**
 * The part of a plane inside a half-space, near a point of the plane.
 *
 * @param position where the plane lies along the axis across it
 * @param middle a point of the plane
 * @param reach distance from there within which the answer holds
 * @returns corners of a rectangle, none if nothing of it is inside
 */
export function halfPlane(
  halfSpace: HalfSpace,
  plane: Plane,
  position: number,
  middle: PlanePoint,
  reach: number,
): PlanePoint[] {
  const [right, down] = [halfSpace[axisIndex(plane.right)], halfSpace[axisIndex(plane.down)]];
  const limit = halfSpace[3] - halfSpace[axisIndex(plane.across)] * position;
  const sine = Math.hypot(right, down);
  if (sine < PARALLEL) return limit < 0 ? [] : rectangle(middle, [1, 0], reach, [-reach, reach]);
  const normal: PlanePoint = [right / sine, down / sine];
  const outside = (right * middle[0] + down * middle[1] - limit) / sine;
  if (outside > reach) return [];
  return rectangle(middle, normal, reach, [-reach, Math.min(-outside, reach)]);
}

/** From `from` to `to` along a direction, and `reach` to both sides of it. */
function rectangle(
  [right, down]: PlanePoint,
  [r, d]: PlanePoint,
  reach: number,
  [from, to]: [number, number],
): PlanePoint[] {
  const at = (along: number, aside: number): PlanePoint => [
    right + along * r - aside * d,
    down + along * d + aside * r,
  ];
  return [at(from, -reach), at(to, -reach), at(to, reach), at(from, reach)];
}
