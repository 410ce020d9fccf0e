import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { ToKernel } from "../src/messages.ts";
import { Probe, type Question } from "../src/streaming/probe.ts";

const here: Question = { image: "image-1", time: 0, channel: 0, index: [1, 2, 3] };
const there: Question = { ...here, index: [4, 5, 6] };
let sent: ToKernel[];
let probe: Probe;

beforeEach(() => {
  vi.useFakeTimers();
  sent = [];
  probe = new Probe(
    (message) => sent.push(message),
    () => {},
  );
});
afterEach(() => {
  vi.useRealTimers();
});

function answer(value: string): void {
  const asked = sent.at(-1);
  if (asked?.kind !== "probe") throw new Error("nothing was asked");
  probe.receive({ kind: "value", id: asked.id, value });
}

test("a value is asked for once, when the pointer rests", () => {
  expect(probe.value(here)).toBeUndefined();
  probe.value(here);
  expect(sent).toEqual([]);
  vi.runAllTimers();
  probe.value(here);
  vi.runAllTimers();
  expect(sent).toMatchObject([{ kind: "probe", ...here }]);

  answer("42");

  expect(probe.value(here)).toBe("42");
});

test("a voxel that the pointer has left is not asked for", () => {
  probe.value(here);
  probe.forget();
  probe.value(there);
  vi.runAllTimers();

  expect(sent).toMatchObject([there]);
});

test("answers for another view are not taken", () => {
  expect(probe.receive({ kind: "value", id: 7, value: "1" })).toBe(false);
  expect(probe.receive({ kind: "error", id: null, message: "no" })).toBe(false);
});

test("what the kernel cannot read is not asked for again", () => {
  probe.value(here);
  vi.runAllTimers();
  const [asked] = sent;
  if (asked?.kind !== "probe") throw new Error("nothing was asked");

  expect(probe.receive({ kind: "error", id: asked.id, message: "no" })).toBe(true);
  probe.value(here);
  vi.runAllTimers();

  expect(sent).toHaveLength(1);
});
