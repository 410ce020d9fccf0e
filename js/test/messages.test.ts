import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { parseReply, type ToKernel } from "../src/messages.ts";
import { Scheduler } from "../src/streaming/scheduler.ts";
import { job } from "./jobs.ts";

interface Fixture {
  from_browser: { valid: ToKernel[] };
  from_kernel: { valid: Record<string, unknown>[] };
}
// shared with tests/widgets/test_messages.py
const path = new URL("../../tests/fixtures/messages.json", import.meta.url);
const fixture = JSON.parse(readFileSync(path, "utf8")) as Fixture;
const chunk = fixture.from_kernel.valid.find((each) => each.kind === "chunk") ?? {};

/** Bytes 0, 1, 2, ... at an odd place of a larger buffer, as a websocket frame has them. */
function bytes(count: number): DataView {
  const frame = new Uint8Array(count + 5);
  frame.set(
    Array.from({ length: count }, (_, i) => i % 256),
    3,
  );
  return new DataView(frame.buffer, 3, count);
}

test.each(fixture.from_kernel.valid)("the shared message $kind is read", (message) => {
  const buffers = message.kind === "chunk" ? [bytes(24)] : [];

  const reply = parseReply(message, buffers);

  expect(reply.kind).toBe(message.kind);
  expect(reply.id).toBe(message.id);
});

test("requests have the keys of the shared example", () => {
  const sent: ToKernel[] = [];
  const example = fixture.from_browser.valid.find((each) => each.kind === "get");

  new Scheduler((message) => sent.push(message)).add([job()]);

  const [get] = sent;
  if (get?.kind !== "get" || example?.kind !== "get") throw new Error("no get");
  expect(Object.keys(get).sort()).toEqual(Object.keys(example).sort());
  expect(Object.keys(get.requests[0] ?? {}).sort()).toEqual(
    Object.keys(example.requests[0] ?? {}).sort(),
  );
});

test("voxels of 16 bits are read from an odd byte offset", () => {
  const message = { ...chunk, dtype: "uint16", shape: [1, 1, 2] };

  const reply = parseReply(message, [bytes(4)]);

  expect(reply.kind === "chunk" && [...reply.voxels]).toEqual([0x0100, 0x0302]);
});

test.each([
  ["an unknown kind", { kind: "chunks" }, []],
  ["no object", [1, 2], []],
  ["a chunk without a buffer", chunk, []],
  ["a chunk with too few bytes", chunk, [bytes(23)]],
  ["an unknown dtype", { ...chunk, dtype: "float64" }, [bytes(24)]],
  ["an unknown encoding", { ...chunk, encoding: "jpeg" }, [bytes(24)]],
  ["a shape of two sides", { ...chunk, shape: [2, 3] }, [bytes(6)]],
  ["a fractional start", { ...chunk, start: [0, 0.5, 0] }, [bytes(24)]],
  ["an error without an id", { kind: "error", message: "no" }, []],
])("%s is refused", (_, message, buffers) => {
  expect(() => parseReply(message, buffers)).toThrow(TypeError);
});
