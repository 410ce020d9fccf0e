import { expect, test } from "vitest";
import {
  dragRoi,
  edges,
  frameToWorld,
  resolveRoi,
  snapToEdge,
  voxelAt,
  voxelCentre,
  wholeRoi,
} from "../src/geometry.ts";
import type { Roi } from "../src/messages.ts";
import { level } from "./jobs.ts";

const anisotropic = level([10, 20, 30], [2, 1, 0.5], [100, -5, 3]);
const whole = wholeRoi(anisotropic);

test("edges are half a voxel beyond the first and the last centre", () => {
  expect(edges(anisotropic, "z")).toEqual([99, 119]);
  expect(edges(anisotropic, "x")).toEqual([2.75, 17.75]);
});

test("a voxel holds positions up to its edges", () => {
  expect(voxelAt(anisotropic, "z", 100.99)).toBe(0);
  expect(voxelAt(anisotropic, "z", 101.01)).toBe(1);
  expect(voxelAt(anisotropic, "z", -1e9)).toBe(0);
  expect(voxelAt(anisotropic, "z", 1e9)).toBe(9);
  expect(voxelAt(anisotropic, "x", voxelCentre(anisotropic, "x", 7))).toBe(7);
});

test("a region on voxel edges holds exactly the voxels between them", () => {
  const roi: Roi = { lower: { x: 3.75, y: -4.5, z: 101 }, upper: { x: 5.25, y: 0.5, z: 105 } };

  expect(resolveRoi(roi, anisotropic)).toEqual({ start: [1, 1, 2], shape: [2, 5, 3] });
});

test("a region holds every voxel that it touches", () => {
  const roi: Roi = { lower: { x: 3.8, y: -4.4, z: 102 }, upper: { x: 5.2, y: 0.4, z: 104.9 } };

  expect(resolveRoi(roi, anisotropic)).toEqual({ start: [1, 1, 2], shape: [2, 5, 3] });
});

test("positions snap to voxel edges and to the image", () => {
  expect(snapToEdge(anisotropic, "z", 103.9)).toBe(103);
  expect(snapToEdge(anisotropic, "z", 104.1)).toBe(105);
  expect(snapToEdge(anisotropic, "z", 500)).toBe(119);
});

test("a dragged side moves alone, in whole voxels", () => {
  const roi = dragRoi(whole, { x: 1 }, { x: -5.1, y: 3 }, anisotropic);

  expect(roi).toEqual({ lower: whole.lower, upper: { ...whole.upper, x: 12.75 } });
});

test("a corner moves two sides", () => {
  const roi = dragRoi(whole, { x: -1, z: 1 }, { x: 1, z: -4 }, anisotropic);

  expect(roi.lower).toEqual({ ...whole.lower, x: 3.75 });
  expect(roi.upper).toEqual({ ...whole.upper, z: 115 });
});

test("a side stops a voxel before the opposite one", () => {
  expect(dragRoi(whole, { z: 1 }, { z: -1000 }, anisotropic).upper.z).toBe(101);
  expect(dragRoi(whole, { z: -1 }, { z: 1000 }, anisotropic).lower.z).toBe(117);
});

test("a moved box keeps its size and stays in the image", () => {
  const roi: Roi = { lower: { x: 3.75, y: -4.5, z: 101 }, upper: { x: 5.25, y: 0.5, z: 105 } };

  const moved = dragRoi(roi, "body", { z: 1000, x: 1.1 }, anisotropic);

  expect(moved.lower).toEqual({ x: 4.75, y: -4.5, z: 115 });
  expect(moved.upper).toEqual({ x: 6.25, y: 0.5, z: 119 });
});

test("world points follow the direction matrix", () => {
  const quarterTurn = [0, -1, 0, 1, 0, 0, 0, 0, -1];

  expect(frameToWorld(quarterTurn, { x: 1, y: 2, z: 3 })).toEqual([-2, 1, -3]);
});
