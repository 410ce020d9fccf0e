import { readFileSync } from "node:fs";
import { expect, test, vi } from "vitest";
import { type Frame, valueIn, windowOfPixels } from "../src/stack/frame.ts";
import { FrameLoader, type Wanted } from "../src/stack/frame_loader.ts";
import {
  parseStackReply,
  type StackInfo,
  type ToStackKernel,
} from "../src/stack/frame_messages.ts";
import { placeFor } from "../src/stack/place.ts";
import { Transport } from "../src/stack/transport.ts";

// shared with tests/widgets/test_frame_messages.py
const path = new URL("../../tests/fixtures/frame_messages.json", import.meta.url);
const fixture = JSON.parse(readFileSync(path, "utf8")) as {
  from_browser: { valid: Record<string, unknown>[] };
  from_kernel: { valid: Record<string, unknown>[] };
};

const INFO = {
  id: "movie-1",
  frames: 10,
  height: 480,
  width: 752,
  spacing: [2, 2],
  origin: [0, 0],
} as unknown as StackInfo;
const WANTED: Wanted = {
  movie: "movie-1",
  frame: 0,
  place: { start: [0, 0], shape: [2, 3], step: 1 },
  encoding: "raw",
  window: null,
  quality: 0,
  ahead: 0,
};

/** Id of the first request of a message. */
function idOf(message: ToStackKernel | undefined): number {
  if (message?.kind !== "frames") throw new Error("no frame was asked for");
  return message.requests[0]?.[0] ?? -1;
}

test.each(fixture.from_kernel.valid)("the shared message $kind is read", (message) => {
  const reply = parseStackReply(message, [new DataView(new ArrayBuffer(6))]);

  expect(reply.kind).toBe(message.kind);
  expect(reply).toMatchObject(message.id === undefined ? { share: 0.5 } : { id: message.id });
});

test.each([
  ["no pixels", []],
  ["too few", [new DataView(new ArrayBuffer(5))]],
])("a frame with %s is refused", (_, buffers) => {
  expect(() => parseStackReply(fixture.from_kernel.valid[0], buffers)).toThrow(TypeError);
});

test("requests have the keys of the shared example", () => {
  const sent: ToStackKernel[] = [];
  const events = { answered: () => {}, arrived: () => {}, failed: () => {} };
  const loader = new FrameLoader((message) => sent.push(message), events, new Transport());

  loader.ask([0], WANTED);

  const [example = {}] = fixture.from_browser.valid;
  expect(Object.keys(sent[0] ?? {}).sort()).toEqual(Object.keys(example).sort());
  loader.close();
});

test("a frame that came is kept until others need its place", async () => {
  const sent: ToStackKernel[] = [];
  let came = 0;
  const events = { answered: () => {}, arrived: () => came++, failed: () => {} };
  const loader = new FrameLoader((message) => sent.push(message), events, new Transport());
  loader.limit = 12;
  const answer = async (frame: number) => {
    const wanted = { ...WANTED, frame };
    loader.ask([frame], wanted);
    const id = idOf(sent.at(-1));
    const [valid] = fixture.from_kernel.valid;
    const buffer = new DataView(new ArrayBuffer(6));
    expect(loader.receive(parseStackReply({ ...valid, id, frame }, [buffer]))).toBe(true);
    await Promise.resolve();
    await Promise.resolve();
    return wanted;
  };

  const wanted = [await answer(0), await answer(1), await answer(2)];

  expect(came).toBe(3);
  expect(wanted.map((each) => loader.get(each)?.index)).toEqual([undefined, 1, 2]);
  expect(loader.bytes).toBe(12);
});

test("the next frame may be asked for while one is decoded, which is not asked for again", async () => {
  const sent: ToStackKernel[] = [];
  const seen: string[] = [];
  const events = {
    answered: () => seen.push(`free ${loader.free}, known ${loader.isAskedFor(WANTED)}`),
    arrived: () => seen.push("arrived"),
    failed: () => seen.push("failed"),
  };
  const loader = new FrameLoader((message) => sent.push(message), events, new Transport());
  loader.limit = 12;
  loader.ask([WANTED.frame], WANTED);
  const [valid] = fixture.from_kernel.valid;
  const reply = { ...valid, id: idOf(sent[0]), frame: WANTED.frame };

  loader.receive(parseStackReply(reply, [new DataView(new ArrayBuffer(6))]));
  await vi.waitFor(() => expect(seen).toHaveLength(2));

  expect(seen).toEqual(["free 2, known true", "arrived"]);
  await vi.waitFor(() => expect(loader.isAskedFor(WANTED)).toBe(false));
});

test("what is withdrawn is not drawn", () => {
  const sent: ToStackKernel[] = [];
  const events = { answered: () => {}, arrived: () => {}, failed: () => {} };
  const loader = new FrameLoader((message) => sent.push(message), events, new Transport());
  loader.ask([0], WANTED);
  const id = idOf(sent[0]);

  loader.cancel();

  expect(sent[1]).toEqual({ kind: "cancel", ids: [id] });
  expect(loader.receive({ kind: "error", id, message: "" })).toBe(false);
});

test("small frames are asked for whole, in the step that the screen shows", () => {
  const visible = { low: [100, 100], high: [200, 200] } as const;
  const at = (unitsPerPixel: number) =>
    placeFor(INFO, { low: [...visible.low], high: [...visible.high], unitsPerPixel });

  expect(at(0.5)).toEqual({ start: [0, 0], shape: [480, 752], step: 1 });
  expect(at(3.9).step).toBe(1);
  expect(at(4).step).toBe(2);
  expect(at(17).step).toBe(8);
});

test("of large frames the part on screen is asked for, at multiples of the step", () => {
  const info = { ...INFO, height: 9000, width: 8000, spacing: [1, 1] } as StackInfo;

  const near = placeFor(info, { low: [1000, 2000], high: [1500, 2400], unitsPerPixel: 1 });
  const far = placeFor(info, { low: [-900, -900], high: [9900, 9900], unitsPerPixel: 8 });

  expect(near).toEqual({ start: [1920, 896], shape: [512, 640], step: 1 });
  expect(far).toEqual({ start: [0, 0], shape: [9000, 8000], step: 8 });
});

test("a compressed frame means the same values as a raw one", () => {
  const grays = {
    place: { start: [0, 0], shape: [1, 2], step: 1 },
    shape: [1, 2],
    pixels: Uint8Array.of(0, 51),
    window: [10, 20],
  } as unknown as Frame;

  expect(windowOfPixels(grays, [10, 20])).toEqual([0, 255]);
  expect(windowOfPixels(grays, [12, 14])).toEqual([51, 102]);
  expect(valueIn(grays, [0, 1])).toEqual({ value: 12, isExact: false });
  expect(valueIn(grays, [0, 2])).toBeNull();
});
