// Points on a slice plane: spheres, drawn where the plane cuts them.

import type { Plane } from "../geometry.ts";
import type { PointSet } from "../messages.ts";
import type { PlaneCanvas } from "./plane_canvas.ts";

/** CSS pixels; smaller circles could not be seen. */
const SMALLEST_RADIUS = 2;

/** A copy of the coordinates of points: x, y, z of each. */
export function coordinatesOf({ positions }: PointSet): Float32Array {
  const { buffer, byteOffset, byteLength } = positions;
  // a message's buffer need not be aligned to four bytes
  return new Float32Array(buffer.slice(byteOffset, byteOffset + byteLength) as ArrayBuffer);
}

/** Circles that a plane cuts out of points: their centres (right, down) and radii in the frame. */
export function circlesIn(
  coordinates: Float32Array,
  size: number,
  plane: Plane,
  position: number,
): [right: number, down: number, radius: number][] {
  const [across, right, down] = [plane.across, plane.right, plane.down].map((axis) =>
    "xyz".indexOf(axis),
  ) as [number, number, number];
  const circles: [number, number, number][] = [];
  const squared = (size / 2) ** 2;
  for (let i = 0; i < coordinates.length; i += 3) {
    const rest = squared - ((coordinates[i + across] as number) - position) ** 2;
    if (rest <= 0) continue;
    const [x, y] = [coordinates[i + right] as number, coordinates[i + down] as number];
    circles.push([x, y, Math.sqrt(rest)]);
  }
  return circles;
}

/** Draws sets of points over a plane; keeps their coordinates as numbers. */
export class PlanePoints {
  #coordinates = new WeakMap<PointSet, Float32Array>();

  draw(view: PlaneCanvas, sets: PointSet[], position: number): void {
    const context = view.canvas.getContext("2d");
    if (!context) return;
    for (const set of sets) {
      const coordinates = this.#coordinates.get(set) ?? coordinatesOf(set);
      this.#coordinates.set(set, coordinates);
      const circles = circlesIn(coordinates, set.size, view.plane, position);
      context.globalAlpha = set.opacity;
      context.fillStyle = set.color;
      for (const circle of circles) drawCircle(context, view, circle);
    }
    context.globalAlpha = 1;
  }
}

function drawCircle(
  context: CanvasRenderingContext2D,
  view: PlaneCanvas,
  [right, down, size]: [number, number, number],
): void {
  const [x, y] = view.toPixel(right, down);
  const radius = Math.max(size * view.pixelsPerUnit, SMALLEST_RADIUS);
  if (x < -radius || y < -radius || x > view.width + radius || y > view.height + radius) return;
  context.beginPath();
  context.arc(x, y, radius, 0, 2 * Math.PI);
  context.fill();
}
