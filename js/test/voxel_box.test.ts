import { expect, test } from "vitest";
import type { Box } from "../src/messages.ts";
import { VoxelBox } from "../src/streaming/voxel_box.ts";
import { level, pyramid } from "./jobs.ts";

const [fine, coarse] = pyramid(4, 2) as [ReturnType<typeof level>, ReturnType<typeof level>];
const WHOLE: Box = { start: [0, 0, 0], shape: [4, 4, 4] };

function coarseBox(): VoxelBox {
  const box: Box = { start: [0, 0, 0], shape: [2, 2, 2] };
  const made = new VoxelBox(coarse, 1, box, "uint8", 1);
  made.write(box, Uint8Array.from([1, 2, 3, 4, 5, 6, 7, 8]));
  made.finish();
  return made;
}

test("bricks land at their index", () => {
  const box = new VoxelBox(level([4, 4, 4]), 0, { start: [1, 1, 1], shape: [2, 2, 2] }, "int16", 1);

  box.write({ start: [2, 1, 1], shape: [1, 2, 1] }, Int16Array.from([-7, 9]));

  expect(box.valueAt(2, 1, 1)).toBe(-7);
  expect(box.valueAt(2, 2, 1)).toBe(9);
  expect(box.valueAt(2, 2, 2)).toBeNull();
  expect(box.valueAt(0, 1, 1)).toBeNull();
  expect(box.isComplete).toBe(false);
});

test("a finer box starts with the nearest voxels of a coarser one", () => {
  const box = new VoxelBox(fine, 0, WHOLE, "uint8", 1);

  box.fillFrom(coarseBox());

  expect(box.covered).toBeNull();
  expect([...box.voxels.subarray(0, 16)]).toEqual([1, 1, 2, 2, 1, 1, 2, 2, 3, 3, 4, 4, 3, 3, 4, 4]);
  expect(box.valueAt(3, 3, 3)).toBe(8);
  expect(box.isComplete).toBe(false);
});

test("only what the other box has loaded is taken over", () => {
  const half = new VoxelBox(coarse, 1, { start: [0, 0, 0], shape: [2, 2, 2] }, "uint8", 1);
  half.write({ start: [1, 0, 0], shape: [1, 2, 2] }, Uint8Array.from([5, 6, 7, 8]));
  const box = new VoxelBox(fine, 0, WHOLE, "uint8", 1);

  box.fillFrom(half);

  expect(box.covered).toEqual([{ start: [2, 0, 0], shape: [2, 4, 4] }]);
  expect(box.valueAt(1, 0, 0)).toBeNull();
  expect(box.valueAt(2, 0, 0)).toBe(5);
});

test("colours are taken over as a whole", () => {
  const rgb = new VoxelBox(level([1, 1, 1], [1, 1, 2]), 1, unit(1), "uint8", 3);
  rgb.write(unit(1), Uint8Array.from([10, 20, 30]));
  const box = new VoxelBox(level([1, 1, 2], [1, 1, 1], [0, 0, -0.5]), 0, unit(2), "uint8", 3);

  box.fillFrom(rgb);

  expect([...box.voxels]).toEqual([10, 20, 30, 10, 20, 30]);
});

test("a missing chunk leaves what is there and counts as loaded", () => {
  const box = new VoxelBox(fine, 0, WHOLE, "uint8", 1);
  box.fillFrom(coarseBox());

  box.write(WHOLE, null);

  expect(box.isComplete).toBe(true);
  expect(box.valueAt(3, 3, 3)).toBe(8);
});

test("changes since a version are the bricks written after it", () => {
  const box = new VoxelBox(fine, 0, WHOLE, "uint8", 1);
  const brick: Box = { start: [0, 0, 0], shape: [1, 1, 1] };
  box.write(brick, Uint8Array.of(1));
  const { version } = box;
  const next: Box = { start: [0, 0, 1], shape: [1, 1, 1] };
  box.write(next, Uint8Array.of(2));

  expect(box.changesSince(version)).toEqual([next]);
  expect(box.changesSince(box.version)).toEqual([]);
  box.fillFrom(coarseBox());
  expect(box.changesSince(version)).toBeNull();
});

test("a brick of another size than announced is refused", () => {
  const box = new VoxelBox(fine, 0, WHOLE, "uint8", 1);

  expect(() => box.write(WHOLE, new Uint8Array(3))).toThrow(TypeError);
});

function unit(width: number): Box {
  return { start: [0, 0, 0], shape: [1, 1, width] };
}
