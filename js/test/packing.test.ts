import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import type { DtypeName } from "../src/messages.ts";
import type { Pair } from "../src/stack/frame_messages.ts";
import { unpack } from "../src/stack/packing.ts";

// shared with tests/widgets/test_frame_packing.py
const path = new URL("../../tests/fixtures/frame_messages.json", import.meta.url);
const { packed: examples } = JSON.parse(readFileSync(path, "utf8")) as {
  packed: { dtype: DtypeName; shape: Pair; pixels: number[][]; packed: string }[];
};
const decode = (text: string) => Uint8Array.from(atob(text), (c) => c.charCodeAt(0));

test.each(examples)("packed pixels of $dtype are those of the frame", async (example) => {
  const pixels = await unpack(decode(example.packed), example.dtype, example.shape);

  expect([...pixels]).toEqual(example.pixels.flat());
  expect(pixels.constructor.name.toLowerCase()).toBe(`${example.dtype}array`);
});

test("frames of another size and floats are refused", async () => {
  const [{ packed, dtype } = { packed: "", dtype: "uint8" as const }] = examples;

  await expect(unpack(decode(packed), dtype, [3, 3])).rejects.toThrow(TypeError);
  await expect(unpack(decode(packed), "float32", [2, 3])).rejects.toThrow(TypeError);
  await expect(unpack(Uint8Array.of(1, 2, 3), dtype, [2, 3])).rejects.toThrow();
});
