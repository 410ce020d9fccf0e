import { expect, test } from "vitest";
import type { Box } from "../src/messages.ts";
import { VoxelBox } from "../src/streaming/voxel_box.ts";
import { level } from "./jobs.ts";

const fine = level([4, 4, 4]);
const WHOLE: Box = { start: [0, 0, 0], shape: [4, 4, 4] };

test("bricks land at their index", () => {
  const box = new VoxelBox(level([4, 4, 4]), 0, { start: [1, 1, 1], shape: [2, 2, 2] }, "int16", 1);

  box.write({ start: [2, 1, 1], shape: [1, 2, 1] }, Int16Array.from([-7, 9]));

  expect(box.valueAt(2, 1, 1)).toBe(-7);
  expect(box.valueAt(2, 2, 1)).toBe(9);
  expect(box.valueAt(2, 2, 2)).toBeNull();
  expect(box.valueAt(0, 1, 1)).toBeNull();
  expect(box.isComplete).toBe(false);
});

test("a missing chunk counts as loaded and shows what is below", () => {
  const box = new VoxelBox(fine, 0, WHOLE, "uint8", 1);

  box.write(WHOLE, null);
  box.finish();

  expect(box.isComplete).toBe(true);
  expect(box.hasVoxels).toBe(false);
  expect(box.valueAt(3, 3, 3)).toBeNull();
});

test("the version grows with every brick", () => {
  const box = new VoxelBox(fine, 0, WHOLE, "uint8", 1);
  const { version } = box;

  box.write({ start: [0, 0, 0], shape: [1, 1, 1] }, Uint8Array.of(1));

  expect(box.version).toBeGreaterThan(version);
});

test("a brick of another size than announced is refused", () => {
  const box = new VoxelBox(fine, 0, WHOLE, "uint8", 1);

  expect(() => box.write(WHOLE, new Uint8Array(3))).toThrow(TypeError);
});
