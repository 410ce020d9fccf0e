import { expect, test } from "vitest";
import { partsOf } from "../src/streaming/parts.ts";
import { layer, pyramid } from "./jobs.ts";

const cells = layer(pyramid(64, 2), { channels: 3 });
const labels = layer(pyramid(64, 2), { id: "labels-2", kind: "labels" });
const moving = layer(pyramid(64, 2), { id: "moving-3", channels: 3 });

function channels(...given: Parameters<typeof partsOf>): (number | null)[] {
  return partsOf(...given).map((part) => part.channel);
}

test("channels together are loaded one by one, other layers whole", () => {
  expect(channels([cells, labels], true, [])).toEqual([0, 1, 2, null]);
  expect(channels([cells, labels], false, [])).toEqual([null, null]);
});

test("hidden channels are not loaded, but one stands for the image", () => {
  expect(channels([cells], true, [true, false])).toEqual([0, 2]);
  expect(channels([cells], true, [false, false, false])).toEqual([0]);
});

test("images that are compared show one channel each", () => {
  expect(channels([cells, moving], true, [])).toEqual([null, null]);
});

test("colours are no channels, and no more than sixteen are drawn together", () => {
  const many = layer(pyramid(64, 2), { channels: 40 });

  expect(channels([layer(pyramid(64, 2), { kind: "rgb" })], true, [])).toEqual([null]);
  expect(channels([many], true, [])).toHaveLength(16);
});
