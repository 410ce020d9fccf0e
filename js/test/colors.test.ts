import { expect, test } from "vitest";
import labelColors from "../../tests/fixtures/label_colors.json" with { type: "json" };
import { roundLength, shortUnit } from "../src/interact/plane_marks.ts";
import { WheelSteps } from "../src/interact/wheel.ts";
import type { Voxels } from "../src/messages.ts";
import {
  type LabelLook,
  labelColor,
  labelPainter,
  OPAQUE,
  tintTable,
  windowPainter,
} from "../src/render/colors.ts";

/** A grey table as the kernel sends it. */
const gray = btoa(String.fromCharCode(...Array.from({ length: 256 }, (_, i) => [i, i, i]).flat()));

function paint(voxels: Voxels, range: [number, number]): number[] {
  const pixels = new Uint32Array(voxels.length);
  windowPainter(gray, range).paint(voxels, pixels, 1, voxels.length);
  return [...pixels].map((word) => word & 255);
}

test.each([Int16Array, Int32Array, Float32Array])("%o goes through the window", (TypedArray) => {
  const voxels = TypedArray.from([-2000, -1000, 0, 1000, 3000]);

  expect(paint(voxels, [-1000, 1000])).toEqual([0, 0, 128, 255, 255]);
});

test.each([Uint8Array, Uint16Array])("%o goes through the window", (TypedArray) => {
  expect(paint(TypedArray.from([0, 50, 60, 255]), [50, 101])).toEqual([0, 0, 50, 255]);
});

const LOOK: LabelLook = { hidden: [], outline: false, weights: {}, table: "" };
test("voxels of several types go through one painter", () => {
  const painter = windowPainter(gray, [0, 255]);
  const drawn = [Int8Array, Uint8Array, Int16Array, Uint16Array, Float32Array].map((type) => {
    const pixels = new Uint32Array(2);
    painter.paint(type.of(3, 120), pixels, 1, 2);
    return [...pixels].map((word) => word & 255);
  });

  expect(drawn).toEqual(Array(5).fill([3, 120]));
});

test("NaN is black and opaque", () => {
  const pixels = new Uint32Array(1);
  windowPainter(gray, [-1, 1]).paint(Float32Array.of(Number.NaN), pixels, 1, 1);

  expect(pixels[0]).toBe(OPAQUE);
});

test("label 0 is transparent and the next thousand differ", () => {
  expect(labelColor(0)).toBe(0);
  const colors = new Set(Array.from({ length: 900 }, (_, i) => labelColor(i + 1)));
  expect(colors.size).toBeGreaterThan(850);
});

test.each(
  Object.entries(labelColors),
)("label %s has the colour that Python draws", (label, rgb) => {
  const word = labelColor(Number(label));

  expect([word & 255, (word >> 8) & 255, (word >> 16) & 255]).toEqual(rgb);
});

test("labels are painted one colour an id", () => {
  const pixels = new Uint32Array(4);
  labelPainter(LOOK).paint(Uint32Array.of(0, 7, 7, 4_000_000_000), pixels, 1, 4);

  expect([...pixels]).toEqual([0, labelColor(7), labelColor(7), labelColor(4_000_000_000)]);
});

test("hidden labels are clear", () => {
  const pixels = new Uint32Array(3);
  labelPainter({ ...LOOK, hidden: [7, 9] }).paint(Uint32Array.of(7, 8, 9), pixels, 1, 3);

  expect([...pixels]).toEqual([0, labelColor(8), 0]);
});

test("an outline is where a neighbour in the slice differs", () => {
  const rows = ["11111", "11111", "11122", "11122"];
  const labels = Uint8Array.from(rows.join(""), Number);
  const pixels = new Uint32Array(labels.length);
  labelPainter({ ...LOOK, outline: true }).paint(labels, pixels, 1, 5);

  const drawn = [...pixels].map((word) => (word === 0 ? "." : "#")).join("");
  expect(drawn.match(/.{5}/g)).toEqual([".....", "...##", "..###", "..##."]);
});

test("two images that agree are grey in complementary colours", () => {
  const voxels = Uint8Array.of(0, 100, 255);
  const [green, magenta] = ["#00ff00", "#ff00ff"].map((color) => {
    const pixels = new Uint32Array(3);
    windowPainter(tintTable(color), [0, 255]).paint(voxels, pixels, 1, 3);
    return [...pixels].map((word) => word & 0xffffff);
  }) as [number[], number[]];

  const sums = green.map((word, i) => word + (magenta[i] ?? 0));
  expect(sums).toEqual([0, 0x646464, 0xffffff]);
});

test("a wheel's click is one step, small movements add up", () => {
  const wheel = new WheelSteps();
  const turn = (deltaY: number, deltaMode = 0) => wheel.steps({ deltaY, deltaMode });

  expect([turn(120), turn(-100), turn(3, 1)]).toEqual([1, -1, 1]);
  expect([turn(15), turn(15), turn(15)]).toEqual([0, 0, 1]);
});

test("scale bars have round lengths", () => {
  expect([0.034, 7.9, 110, 5].map(roundLength)).toEqual([0.02, 5, 100, 5]);
  expect(shortUnit("micrometer")).toBe("µm");
  expect(shortUnit("parsec")).toBe("parsec");
});

test("labels take the colours of a table again and again, fainter by their weight", () => {
  const table = btoa(String.fromCharCode(255, 0, 0, 0, 0, 255));
  const look = { ...LOOK, table, weights: { 2: 0.2, 3: 0 } };
  const pixels = new Uint32Array(5);
  labelPainter(look).paint(Uint32Array.of(0, 1, 2, 3, 5), pixels, 1, 5);

  expect([...pixels]).toEqual([0, 0xff0000ff, 0x33ff0000, 0, 0xff0000ff]);
});
