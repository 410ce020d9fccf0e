// Cut a box of voxels into bricks: the pieces that are requested one by one.

import type { Box, Triple } from "../messages.ts";

/** Aim of one request; below 256 KiB the number of messages is the limit, above 4 MiB latency. */
export const BRICK_BYTES = 2 ** 21;

/** Side lengths of a brick of about BRICK_BYTES, powers of two, no larger than the box. */
export function brickShape(box: Triple, bytesPerVoxel: number): Triple {
  const shape: Triple = [1, 1, 1];
  const fits = () => 2 * shape[0] * shape[1] * shape[2] * bytesPerVoxel <= BRICK_BYTES;
  for (let grown = true; grown && fits(); ) {
    grown = false;
    for (const i of [2, 1, 0] as const) {
      const smallest = Math.min(...shape.filter((size, j) => size < box[j as 0 | 1 | 2]));
      if (shape[i] < box[i] && shape[i] <= smallest && fits()) {
        shape[i] *= 2;
        grown = true;
      }
    }
  }
  return shape;
}

/** Bricks that cover a box exactly, aligned to multiples of the brick shape. */
export function cutIntoBricks(box: Box, bytesPerVoxel: number): Box[] {
  const size = brickShape(box.shape, bytesPerVoxel);
  const ranges = box.start.map((start, i) => {
    const step = size[i as 0 | 1 | 2];
    const stop = start + box.shape[i as 0 | 1 | 2];
    const parts: [number, number][] = [];
    for (let low = start; low < stop; ) {
      const high = Math.min((Math.floor(low / step) + 1) * step, stop);
      parts.push([low, high - low]);
      low = high;
    }
    return parts;
  });
  const [zs, ys, xs] = ranges as [[number, number][], [number, number][], [number, number][]];
  return zs.flatMap(([z, depth]) =>
    ys.flatMap(([y, height]) =>
      xs.map(
        ([x, width]): Box => ({
          start: [z, y, x],
          shape: [depth, height, width],
        }),
      ),
    ),
  );
}

/** The voxels that two boxes share, or null. */
export function commonBox(a: Box, b: Box): Box | null {
  const start: Triple = [0, 0, 0];
  const shape: Triple = [0, 0, 0];
  for (const i of [0, 1, 2] as const) {
    start[i] = Math.max(a.start[i], b.start[i]);
    shape[i] = Math.min(a.start[i] + a.shape[i], b.start[i] + b.shape[i]) - start[i];
  }
  return shape.every((size) => size > 0) ? { start, shape } : null;
}

/** Voxels from an index to the nearest voxel of a brick. */
export function brickDistance(brick: Box, crosshair: Triple): number {
  const gaps = brick.start.map((start, i) => {
    const position = crosshair[i] ?? 0;
    return Math.max(start - position, position - (start + (brick.shape[i] ?? 1) - 1), 0);
  });
  return Math.hypot(...gaps);
}
