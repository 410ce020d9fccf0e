import { expect, test } from "vitest";
import { textureRange, textureVoxels, toTexture } from "../src/render/texture_values.ts";
import { fitsFloat32, type Range, roundIn, shareIn, valueAt } from "../src/render/window.ts";

const FULL: Range = [-1.7e308, 1.7e308];

test.each<[Range, number, number]>([
  [[0, 10], 2.5, 0.25],
  [[7, 7], 7.5, 0.5],
  [FULL, 0, 0.5],
  [FULL, 1.7e308, 1],
  [[0, 1e-310], 5e-311, 0.5],
  [[0, Number.MIN_VALUE], 0, 0],
  [[0, 1], Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY],
])("in %o, %d lies at %d", (range, value, share) => {
  expect(shareIn(range)(value)).toBeCloseTo(share, 6);
});

test("values lie where their share says", () => {
  expect(valueAt([2, 6], 0.25)).toBe(3);
  expect(valueAt([2, 2], 0.5)).toBe(2.5);
  expect(valueAt(FULL, 0.5)).toBe(0);
});

test.each<[Range, number, number]>([
  [[0, 1], 0.123456789, 0.123457],
  [[-1000, 3000], 1234.56789, 1234.57],
  [[2 ** 40, 2 ** 40 + 8], 2 ** 40 + 3, 2 ** 40 + 3],
  [[1000, 1000.002], 1000.0004321, 1000.000432],
  [[7, 7], 7.123456789, 7.12346],
])("in %o, %d is written as %d", (range, value, written) => {
  expect(roundIn(range, value)).toBe(written);
});

test.each<[Range, boolean]>([
  [[0, 1], true],
  [[-1000, 3000], true],
  [[2 ** 31, 2 ** 31 + 8], false],
  [[0, 1e35], false],
  [[0, 1e-35], false],
])("32-bit floats hold the values of %o: %s", (range, fits) => {
  expect(fitsFloat32(range)).toBe(fits);
});

test("a range that 32-bit floats cannot hold is 0 to 1 in the texture", () => {
  const low = 2 ** 31;
  const range: Range = [low, low + 8];
  const scale = textureRange("uint32", range);

  expect(toTexture(scale)(low + 2)).toBe(0.25);
  expect(textureVoxels(Uint32Array.of(low, low + 4, low + 100), range, scale)).toEqual(
    Float32Array.of(0, 0.5, 2),
  );
});

test("the texture has no holes", () => {
  const { NaN: hole, POSITIVE_INFINITY: infinite } = Number;
  const voxels = textureVoxels(Float32Array.of(hole, 0.5, infinite, -infinite), [0, 1], null);

  expect(voxels).toEqual(Float32Array.of(0, 0.5, 2, -1));
});

test("voxels that the texture can hold are not copied", () => {
  for (const voxels of [Float32Array.of(0, 1), Uint8Array.of(0, 1), Int32Array.of(0, 1)]) {
    expect(textureVoxels(voxels, [0, 1], null)).toBe(voxels);
  }
  expect(textureRange("uint16", [60_000, 60_001])).toBeNull();
  expect(textureRange("float32", [0, 1])).toBeNull();
  expect(textureRange("float64", [0, 1])).toEqual([0, 1]);
});
