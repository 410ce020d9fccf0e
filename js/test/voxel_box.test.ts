import { expect, test } from "vitest";
import { axisIndex, PLANES } from "../src/geometry.ts";
import type { Axis, Box, Triple } from "../src/messages.ts";
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

test.each([
  "z",
  "y",
  "x",
] as const)("a slice across %s is cut from bricks and from the whole", (axis) => {
  const shape: Triple = [3, 4, 5];
  const box = new VoxelBox(level([9, 9, 9]), 0, { start: [2, 3, 1], shape }, "uint16", 2);
  const value = (z: number, y: number, x: number, c: number) => 1000 * z + 100 * y + 10 * x + c;
  const brickOf = (start: Triple, [d, h, w]: Triple) => {
    const values: number[] = [];
    for (let z = 0; z < d; z++)
      for (let y = 0; y < h; y++)
        for (let x = 0; x < w; x++)
          for (let c = 0; c < 2; c++)
            values.push(value(start[0] + z, start[1] + y, start[2] + x, c));
    box.write({ start, shape: [d, h, w] }, Uint16Array.from(values));
  };
  brickOf([2, 3, 1], [3, 2, 5]);
  brickOf([2, 5, 1], [3, 2, 3]);
  brickOf([2, 5, 4], [3, 2, 2]);
  const { across, right, down } = PLANES[axis];
  const expected: number[] = [];
  const size = (side: Axis) => shape[axisIndex(side)];
  for (let row = 0; row < size(down); row++)
    for (let column = 0; column < size(right); column++)
      for (const c of [0, 1]) {
        const at = { [across]: 1, [right]: column, [down]: row };
        const { x = 0, y = 0, z = 0 } = at;
        expected.push(value(2 + z, 3 + y, 1 + x, c));
      }

  expect([...box.slice(PLANES[axis], 1)]).toEqual(expected);
  expect(box.voxels).toHaveLength(3 * 4 * 5 * 2);
  expect([...box.slice(PLANES[axis], 1)]).toEqual(expected);
});

test("a brick that comes again replaces what was there, in pieces and in one piece", () => {
  const box = new VoxelBox(fine, 0, WHOLE, "uint8", 1);
  box.write(WHOLE, new Uint8Array(64).fill(1));
  const corner: Box = { start: [0, 0, 0], shape: [1, 1, 2] };

  box.write(corner, Uint8Array.of(2, 3));
  expect([box.valueAt(0, 0, 0), box.valueAt(0, 0, 1), box.valueAt(0, 0, 2)]).toEqual([2, 3, 1]);
  expect([...box.voxels.subarray(0, 3)]).toEqual([2, 3, 1]);

  box.write(corner, Uint8Array.of(4, 5));
  expect([...box.voxels.subarray(0, 3)]).toEqual([4, 5, 1]);
});

test("what a slice lacks is told by the parts that cut it, until one covers it", () => {
  const box = new VoxelBox(level([4, 4, 4]), 0, { start: [0, 0, 0], shape: [4, 4, 4] }, "uint8", 1);
  const fill = (start: Triple, shape: Triple) =>
    box.write({ start, shape }, new Uint8Array(shape[0] * shape[1] * shape[2]));
  expect(box.filling(0, 1)).toEqual({ parts: [], version: 0 });

  fill([0, 0, 0], [2, 4, 2]);
  const half = box.filling(0, 1);
  fill([2, 0, 0], [2, 4, 4]);

  // what fills other slices changes nothing here
  expect(box.filling(0, 1)).toEqual(half);
  expect(half.parts).toEqual([{ start: [0, 0, 0], shape: [2, 4, 2] }]);
  fill([1, 0, 0], [1, 4, 4]);
  const whole = box.filling(0, 1);
  expect(whole.parts).toBeNull();
  fill([0, 0, 2], [2, 4, 2]);
  expect(box.filling(0, 1)).toEqual(whole);
  box.finish();
  expect(box.filling(0, 1)).toEqual(whole);
});
