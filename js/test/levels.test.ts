import { expect, test } from "vitest";
import { wholeRoi } from "../src/geometry.ts";
import type { Level, Roi } from "../src/messages.ts";
import { planLevels, shareOf } from "../src/streaming/levels.ts";
import { layer, pyramid } from "./jobs.ts";

const levels = pyramid(64, 4);
const whole = wholeRoi(levels[0] as Level);
const corner: Roi = { lower: whole.lower, upper: { x: 15.5, y: 15.5, z: 15.5 } };

test("everything is loaded where the budget allows", () => {
  const plan = planLevels(levels, whole, 1, 64 ** 3, -1);

  expect(plan).toEqual({ context: 0, detail: null, reason: "" });
});

test("a small budget loads a coarser level and says why", () => {
  const plan = planLevels(levels, whole, 1, 64 ** 3 - 1, -1);

  expect(plan.context).toBe(1);
  expect(plan.detail).toBeNull();
  expect(plan.reason).toContain("scale 0");
});

test("a small region is loaded finer than its surroundings", () => {
  const plan = planLevels(levels, corner, 1, 16 ** 3 + 16 ** 3, -1);

  expect(plan.detail).toEqual({ level: 0, box: { start: [0, 0, 0], shape: [16, 16, 16] } });
  expect(plan.context).toBe(2);
  expect(plan.reason).toBe("");
});

test("larger voxels need more of the budget", () => {
  expect(planLevels(levels, whole, 2, 64 ** 3, -1).context).toBe(1);
});

test("a level that Python asks for is loaded instead of a finer one", () => {
  const plan = planLevels(levels, corner, 1, 2 ** 30, 2);

  expect(plan.detail?.level ?? plan.context).toBe(2);
  expect(plan.reason).toContain("asked");
});

test("a level that does not fit is refused with the reason", () => {
  const plan = planLevels(levels, whole, 1, 32 ** 3, 0);

  expect(plan.context).toBe(1);
  expect(plan.reason).toMatch(/scale 0 .* needs 256 KiB, the budget leaves 32 KiB/);
});

test("the coarsest level is loaded even beyond the budget", () => {
  expect(planLevels(levels, whole, 1, 1, -1).context).toBe(3);
});

test("layers share the budget so that all can have the same level", () => {
  const image = layer(pyramid(64, 3));
  const labels = layer(pyramid(64, 3), { id: "labels-1", kind: "labels", dtype: "uint32" });

  const shares = [image, labels].map((info) => shareOf(5 * 32 ** 3, info, [image, labels]));

  expect(shares).toEqual([32 ** 3, 4 * 32 ** 3]);
});
