import { expect, test } from "vitest";
import { voxelCount } from "../src/geometry.ts";
import type { Box, Triple } from "../src/messages.ts";
import { BRICK_BYTES, brickDistance, commonBox, cutIntoBricks } from "../src/streaming/bricks.ts";

const boxes: [Box, number][] = [
  [{ start: [0, 0, 0], shape: [1, 1, 1] }, 1],
  [{ start: [3, 5, 7], shape: [200, 131, 77] }, 2],
  [{ start: [0, 0, 0], shape: [1, 5000, 3000] }, 1],
  [{ start: [17, 0, 1], shape: [129, 128, 255] }, 4],
];

test.each(boxes)("bricks cover %o of %i bytes a voxel exactly once", (box, bytesPerVoxel) => {
  const counts = new Uint8Array(voxelCount(box.shape));
  const [, height, width] = box.shape;

  for (const { start, shape } of cutIntoBricks(box, bytesPerVoxel)) {
    const [z0, y0, x0] = start.map((s, i) => s - (box.start[i] ?? 0)) as Triple;
    for (let z = z0; z < z0 + shape[0]; z++) {
      for (let y = y0; y < y0 + shape[1]; y++) {
        const row = (z * height + y) * width + x0;
        for (let x = row; x < row + shape[2]; x++) counts[x] = (counts[x] ?? 0) + 1;
      }
    }
  }

  expect(counts.every((count) => count === 1)).toBe(true);
});

test.each(boxes)("bricks of %o with %i bytes a voxel stay below their aim", (box, bytes) => {
  for (const { shape } of cutIntoBricks(box, bytes)) {
    expect(voxelCount(shape) * bytes).toBeLessThanOrEqual(BRICK_BYTES);
  }
});

test("bricks of a large box carry at least 256 KiB on average", () => {
  const box: Box = { start: [0, 0, 0], shape: [300, 300, 300] };

  const bricks = cutIntoBricks(box, 2);

  expect((2 * voxelCount(box.shape)) / bricks.length).toBeGreaterThan(2 ** 18);
});

test("common voxels of two boxes", () => {
  const a: Box = { start: [0, 0, 0], shape: [4, 4, 4] };

  expect(commonBox(a, { start: [2, 3, 1], shape: [4, 4, 2] })).toEqual({
    start: [2, 3, 1],
    shape: [2, 1, 2],
  });
  expect(commonBox(a, { start: [4, 0, 0], shape: [1, 1, 1] })).toBeNull();
});

test("a brick is as far away as its nearest voxel", () => {
  const brick: Box = { start: [4, 8, 16], shape: [2, 2, 2] };

  expect(brickDistance(brick, [5, 9, 17])).toBe(0);
  expect(brickDistance(brick, [1, 8, 21])).toBe(5);
});
