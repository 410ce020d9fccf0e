// Positions in the frame of an image (axes parallel to the array's), indices and boxes.

import type { Axis, Box, Level, Point, Roi, Triple } from "./messages.ts";

/** Array order. */
export const AXES: readonly Axis[] = ["z", "y", "x"];

/** A slice plane: the axis it is perpendicular to, and the axes shown right and down. */
export interface Plane {
  across: Axis;
  right: Axis;
  down: Axis;
}

export const PLANES: Record<Axis, Plane> = {
  z: { across: "z", right: "x", down: "y" },
  y: { across: "y", right: "x", down: "z" },
  x: { across: "x", right: "y", down: "z" },
};

export function axisIndex(axis: Axis): 0 | 1 | 2 {
  return axis === "z" ? 0 : axis === "y" ? 1 : 2;
}

/** Outer voxel edges of a level along one axis. */
export function edges(level: Level, axis: Axis): [number, number] {
  const i = axisIndex(axis);
  const half = 0.5 * level.spacing[i];
  return [level.origin[i] - half, level.origin[i] + (level.shape[i] - 1) * level.spacing[i] + half];
}

export function wholeRoi(level: Level): Roi {
  const roi: Roi = { lower: { x: 0, y: 0, z: 0 }, upper: { x: 0, y: 0, z: 0 } };
  for (const axis of AXES) [roi.lower[axis], roi.upper[axis]] = edges(level, axis);
  return roi;
}

/** Index of the voxel that holds a position, clamped to the level. */
export function voxelAt(level: Level, axis: Axis, position: number): number {
  const i = axisIndex(axis);
  const index = Math.floor((position - level.origin[i]) / level.spacing[i] + 0.5);
  return Math.min(Math.max(index, 0), level.shape[i] - 1);
}

export function voxelCentre(level: Level, axis: Axis, index: number): number {
  const i = axisIndex(axis);
  return level.origin[i] + index * level.spacing[i];
}

/** Voxels by which an edge may miss a voxel edge and still count as on it, as in Python. */
const EDGE_TOLERANCE = 1e-6;

/** The voxels that a region touches; twin of regions/resolve.py. */
export function resolveRoi(roi: Roi, level: Level): Box {
  const start: Triple = [0, 0, 0];
  const shape: Triple = [1, 1, 1];
  for (const axis of AXES) {
    const i = axisIndex(axis);
    const toEdge = (value: number) => (value - level.origin[i]) / level.spacing[i] + 0.5;
    const low = Math.floor(toEdge(roi.lower[axis]) + EDGE_TOLERANCE);
    const high = Math.ceil(toEdge(roi.upper[axis]) - EDGE_TOLERANCE);
    start[i] = Math.min(Math.max(low, 0), level.shape[i] - 1);
    shape[i] = Math.max(Math.min(high, level.shape[i]), start[i] + 1) - start[i];
  }
  return { start, shape };
}

/** The nearest voxel edge of a level, clamped to the level's own edges. */
export function snapToEdge(level: Level, axis: Axis, position: number): number {
  const i = axisIndex(axis);
  const [low] = edges(level, axis);
  const step = Math.round((position - low) / level.spacing[i]);
  return low + Math.min(Math.max(step, 0), level.shape[i]) * level.spacing[i];
}

/** Which sides of the box a drag moves: -1 lower, 1 upper, 0 none; all null moves the box. */
export type Grip = Partial<Record<Axis, -1 | 0 | 1>> | "body";

/** The region after dragging a grip by `delta`, snapped to voxel edges and at least a voxel. */
export function dragRoi(roi: Roi, grip: Grip, delta: Partial<Point>, level: Level): Roi {
  const moved: Roi = { lower: { ...roi.lower }, upper: { ...roi.upper } };
  for (const axis of AXES) {
    const by = delta[axis] ?? 0;
    const step = level.spacing[axisIndex(axis)];
    if (grip === "body") {
      const length = roi.upper[axis] - roi.lower[axis];
      const [low, high] = edges(level, axis);
      const start = Math.min(Math.max(roi.lower[axis] + by, low), high - length);
      moved.lower[axis] = by === 0 ? roi.lower[axis] : snapToEdge(level, axis, start);
      moved.upper[axis] = by === 0 ? roi.upper[axis] : moved.lower[axis] + length;
    } else if (grip[axis] === -1) {
      const limit = roi.upper[axis] - step;
      moved.lower[axis] = Math.min(snapToEdge(level, axis, roi.lower[axis] + by), limit);
    } else if (grip[axis] === 1) {
      const limit = roi.lower[axis] + step;
      moved.upper[axis] = Math.max(snapToEdge(level, axis, roi.upper[axis] + by), limit);
    }
  }
  return moved;
}

export function voxelCount(shape: Triple): number {
  return shape[0] * shape[1] * shape[2];
}

export function coversWhole(box: Box, level: Level): boolean {
  return box.shape.every((size, i) => size === level.shape[i]);
}

/** Return `direction * point` for a row-major 3 x 3 matrix in x, y, z order. */
export function frameToWorld(direction: number[], point: Point): [number, number, number] {
  const p = [point.x, point.y, point.z];
  const row = (r: number) => p.reduce((sum, v, c) => sum + (direction[3 * r + c] ?? 0) * v, 0);
  return [row(0), row(1), row(2)];
}

/** A sensible number of digits for a position: a hundredth of a voxel. */
export function formatPosition(value: number, spacing: number): string {
  const digits = Math.min(Math.max(Math.ceil(-Math.log10(spacing)) + 2, 0), 8);
  return value.toFixed(digits);
}
