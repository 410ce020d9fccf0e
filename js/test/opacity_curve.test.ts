import { expect, test } from "vitest";
import {
  addPoint,
  automaticCurve,
  histogram,
  movePoint,
  type OpacityPoint,
  removePoint,
} from "../src/render/opacity_curve.ts";

const points: OpacityPoint[] = [
  [0, 0],
  [50, 0.5],
  [100, 1],
];

test("a point stays between its neighbours and from clear to solid", () => {
  expect(movePoint(points, 1, [300, 2], [0, 100])[1]).toEqual([100, 1]);
  expect(movePoint(points, 0, [-9, -1], [0, 100])[0]).toEqual([0, 0]);
  expect(movePoint(points, 2, [20, 0.3], [0, 100])[2]).toEqual([50, 0.3]);
});

test("a new point takes its place by value", () => {
  expect(addPoint(points, [70, 0.2])).toEqual({
    points: [
      [0, 0],
      [50, 0.5],
      [70, 0.2],
      [100, 1],
    ],
    index: 2,
  });
  expect(addPoint(points, [100, 0.2]).index).toBe(3);
});

test("two points are left at least", () => {
  const two = removePoint(points, 1);

  expect(two).toHaveLength(2);
  expect(removePoint(two, 0)).toBe(two);
});

test("the automatic curve spans the window", () => {
  const curve = automaticCurve([-100, 300]);

  expect(curve[0]).toEqual([-100, 0]);
  expect(curve.at(-1)).toEqual([300, 1]);
});

test("a histogram counts every voxel once; the last value belongs to the last bin", () => {
  const voxels = Uint8Array.from([0, 1, 1, 2, 3, 4]);

  expect(histogram(voxels, [0, 4], 4)).toEqual([1, 2, 1, 2]);
});

test("values outside the range and NaN are not counted", () => {
  const voxels = Float32Array.from([-5, Number.NaN, 0.5, 9]);

  expect(histogram(voxels, [0, 1], 2)).toEqual([0, 1]);
});
