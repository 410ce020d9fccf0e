import { expect, test } from "vitest";
import type { Roi } from "../src/messages.ts";
import { RegionHistory } from "../src/region_history.ts";

function roi(size: number): Roi {
  return { lower: { x: 0, y: 0, z: 0 }, upper: { x: size, y: size, z: size } };
}

test("regions come back in the order in which they were left", () => {
  const history = new RegionHistory(roi(1));
  history.settle(roi(2));
  history.settle(roi(3));

  expect(history.undo()).toEqual(roi(2));
  expect(history.undo()).toEqual(roi(1));
  expect(history.undo()).toBeNull();
  expect(history.redo()).toEqual(roi(2));
  expect(history.redo()).toEqual(roi(3));
  expect(history.canRedo).toBe(false);
});

test("a region that is set again is no step", () => {
  const history = new RegionHistory(roi(1));

  history.settle(roi(1));

  expect(history.canUndo).toBe(false);
});

test("a new region after an undo ends what could be done again", () => {
  const history = new RegionHistory(roi(1));
  history.settle(roi(2));
  history.undo();

  history.settle(roi(3));

  expect(history.canRedo).toBe(false);
  expect(history.undo()).toEqual(roi(1));
});

test("what an undo brings back is not a step of its own", () => {
  const history = new RegionHistory(roi(1));
  history.settle(roi(2));

  const back = history.undo() as Roi;
  history.settle(back);

  expect(history.canRedo).toBe(true);
});

test("only the last fifty steps are kept", () => {
  const history = new RegionHistory(roi(0));
  for (let size = 1; size <= 60; size++) history.settle(roi(size));

  let steps = 0;
  while (history.undo()) steps += 1;

  expect(steps).toBe(50);
});
