import { expect, test } from "vitest";
import { PLANES } from "../src/geometry.ts";
import type { HalfSpace } from "../src/messages.ts";
import { halfPlane, type PlanePoint } from "../src/render/half_plane.ts";

/** Whether a convex polygon, in either direction of turning, holds a point. */
function holds(polygon: PlanePoint[], [x, y]: PlanePoint): boolean {
  const turns = polygon.map(([ax, ay], i) => {
    const [bx, by] = polygon[(i + 1) % polygon.length] as PlanePoint;
    return Math.sign((bx - ax) * (y - ay) - (by - ay) * (x - ax));
  });
  return polygon.length > 0 && (turns.every((t) => t >= 0) || turns.every((t) => t <= 0));
}

test("a point of a plane is in the polygon exactly if it is in the half-space", () => {
  const half: HalfSpace = [0.48, 0.6, -0.64, 1.7];
  for (const plane of Object.values(PLANES)) {
    for (const position of [-30, -2.5, 0, 4, 30]) {
      const polygon = halfPlane(half, plane, position, [3, -2], 15);
      for (let right = -7; right <= 13; right += 0.7) {
        for (let down = -12; down <= 8; down += 0.7) {
          const point = { x: 0, y: 0, z: 0 };
          Object.assign(point, { [plane.right]: right, [plane.down]: down });
          point[plane.across] = position;
          const value = half[0] * point.z + half[1] * point.y + half[2] * point.x;
          expect(holds(polygon, [right, down])).toBe(value <= half[3]);
        }
      }
    }
  }
});

test("a plane parallel to the side of a half-space is inside or outside of it", () => {
  const inside = halfPlane([1, 0, 0, 5], PLANES.z, 4.5, [100, 200], 10);

  expect(holds(inside, [109, 191])).toBe(true);
  expect(halfPlane([1, 0, 0, 5], PLANES.z, 5.5, [100, 200], 10)).toEqual([]);
});
