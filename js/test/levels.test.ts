import { expect, test } from "vitest";
import { PLANES, wholeRoi } from "../src/geometry.ts";
import type { Level, Roi } from "../src/messages.ts";
import {
  isSlowToRead,
  levelForScreen,
  MOST_READ,
  planLevels,
  shareOf,
} from "../src/streaming/levels.ts";
import { layer, level, pyramid } from "./jobs.ts";

const levels = pyramid(64, 4);
const whole = wholeRoi(levels[0] as Level);
const corner: Roi = { lower: whole.lower, upper: { x: 15.5, y: 15.5, z: 15.5 } };

test("everything is loaded where the budget allows", () => {
  const plan = planLevels(levels, whole, 1, 64 ** 3, -1);

  expect(plan).toEqual({ context: 0, isQuick: false, detail: null, reason: "" });
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

/** A single-scale cube: only its finest level is stored. */
function binned(size: number, count: number): Level[] {
  return pyramid(size, count).map((level, i) => ({ ...level, reads: 8 ** i }));
}

test("a level that would take too long to bin is only looked at", () => {
  const huge = binned(2048, 6);
  const plan = planLevels(huge, wholeRoi(huge[0] as Level), 1, 2 ** 28, -1);

  expect(plan).toMatchObject({ context: 5, isQuick: true, detail: null });
  expect(plan.reason).toContain("8.0 GiB would be read");
});

test("a small region of such an image is loaded exactly", () => {
  const huge = binned(2048, 6);
  const plan = planLevels(huge, corner, 1, 2 ** 28, -1);

  expect(plan).toMatchObject({ context: 5, isQuick: true, reason: "" });
  expect(plan.detail).toEqual({ level: 0, box: { start: [0, 0, 0], shape: [16, 16, 16] } });
});

test("Python may ask for a level that takes long to bin", () => {
  const huge = binned(2048, 6);
  const plan = planLevels(huge, wholeRoi(huge[0] as Level), 1, 2 ** 28, 3);

  expect(plan).toMatchObject({ context: 3, isQuick: false });
});

test("stored levels are never slow to read, large binned ones are", () => {
  const [finest, coarser] = binned(512, 2) as [Level, Level];

  expect(isSlowToRead(finest, 1)).toBe(false);
  expect(isSlowToRead(coarser, 1)).toBe(true);
  expect(isSlowToRead(binned(64, 2)[1] as Level, 1)).toBe(false);
  expect(2 ** 27).toBeLessThan(MOST_READ);
});

test.each([
  [0.3, 0],
  [1, 0],
  [1.9, 0],
  [2, 1],
  [100, 3],
])("at %d units a pixel the screen can show scale %d", (unitsPerPixel, scale) => {
  expect(levelForScreen(levels, PLANES.z, unitsPerPixel)).toBe(scale);
});

test("only the spacing within a plane decides how finely it is shown", () => {
  const flat: Level[] = [
    { shape: [4, 8, 8], spacing: [9, 1, 1], origin: [0, 0, 0] },
    { shape: [4, 4, 4], spacing: [9, 2, 2], origin: [0, 0.5, 0.5] },
  ];

  expect(levelForScreen(flat, PLANES.z, 2)).toBe(1);
  expect(levelForScreen(flat, PLANES.y, 2)).toBe(0);
});

test("a volume that is too long for a graphics card is shown at a coarser scale", () => {
  const long = [1, 2, 4].map((step) => level([30, 40, 3000 / step], [1, 1, step]));
  const roi = wholeRoi(long[0] as Level);

  const plan = planLevels(long, roi, 1, 2 ** 28, -1);

  expect(plan).toMatchObject({ context: 1, detail: null });
  expect(plan.reason).toContain("2048 voxels along a side");
  expect(planLevels(long, roi, 1, 2 ** 28, 0).context).toBe(0);
});
