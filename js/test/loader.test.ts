import { expect, test } from "vitest";
import { voxelCount, wholeRoi } from "../src/geometry.ts";
import type { Box, ChunkRequest, Level, PreviewInfo, Roi, ToKernel } from "../src/messages.ts";
import { LayerLoader, type View } from "../src/streaming/loader.ts";
import { PreviewLoader } from "../src/streaming/preview_loader.ts";
import { Scheduler } from "../src/streaming/scheduler.ts";
import { layer, pyramid } from "./jobs.ts";

const levels = pyramid(64, 3);
const whole = wholeRoi(levels[0] as Level);
const corner: Roi = { lower: whole.lower, upper: { x: 15.5, y: 15.5, z: 15.5 } };

/** A kernel that answers each request with its level's number. */
class Kernel {
  asked: ChunkRequest[] = [];
  scheduler = new Scheduler((message) => this.#take(message));
  #waiting: ChunkRequest[] = [];

  #take(message: ToKernel): void {
    if (message.kind === "cancel") {
      this.#waiting = this.#waiting.filter((request) => !message.ids.includes(request.id));
      return;
    }
    this.asked.push(...message.requests);
    this.#waiting.push(...message.requests);
  }

  answer(count = Number.POSITIVE_INFINITY): void {
    for (let i = 0; i < count && this.#waiting.length > 0; i++) {
      const { id, level, start, shape } = this.#waiting.shift() as ChunkRequest;
      const voxels = new Uint8Array(voxelCount(shape)).fill(10 + level);
      this.scheduler.receive({ kind: "chunk", id, generation: 0, start, shape, voxels });
    }
  }
}

function view(options: Partial<View> = {}): View {
  const crosshair = { x: 8, y: 8, z: 8 };
  const budget = 2 ** 24;
  return { roi: whole, crosshair, budget, asked: -1, time: 0, channel: 0, ...options };
}

function load(options: Partial<View> = {}) {
  const kernel = new Kernel();
  const info = layer(levels, { times: 3 });
  const loader = new LayerLoader(info, kernel.scheduler, view(options), () => {});
  return { kernel, loader };
}

test("the coarsest level comes first and whole", () => {
  const { kernel, loader } = load();

  expect(kernel.asked.map(({ level, shape }) => [level, shape])).toEqual([[2, [16, 16, 16]]]);
  expect(loader.loadedScale).toBe(-1);
  kernel.answer(1);
  expect(loader.loadedScale).toBe(2);
});

test("while a finer level is loading the coarse one is drawn and counts", () => {
  const { kernel, loader } = load();

  kernel.answer(1);

  expect(loader.context?.scale).toBe(0);
  expect(loader.context?.valueAt(5, 5, 5)).toBe(12);
  expect(loader.loadedScale).toBe(2);
  kernel.answer();
  expect(loader.loadedScale).toBe(0);
  expect(loader.context?.valueAt(5, 5, 5)).toBe(10);
});

test("a region is loaded finer than its surroundings", () => {
  const { kernel, loader } = load({ roi: corner, budget: 16 ** 3 + 32 ** 3 });

  kernel.answer();

  expect(loader.context?.scale).toBe(1);
  expect(loader.detail?.box).toEqual({ start: [0, 0, 0], shape: [16, 16, 16] });
  expect(loader.loadedScale).toBe(0);
  expect(loader.bytes).toBe(16 ** 3 + 32 ** 3);
});

test("a smaller region needs nothing new where all is loaded", () => {
  const { kernel, loader } = load();
  kernel.answer();
  const before = kernel.asked.length;

  loader.setView(view({ roi: corner }));
  loader.refine();

  expect(kernel.asked).toHaveLength(before);
  expect(loader.loadedScale).toBe(0);
});

test("a coarser level is loaded when Python asks for it", () => {
  const { kernel, loader } = load();
  kernel.answer();

  loader.setView(view({ asked: 1 }));
  loader.refine();
  kernel.answer();

  expect(loader.loadedScale).toBe(1);
});

test("another time point asks for all again and keeps the old picture meanwhile", () => {
  const { kernel, loader } = load();
  kernel.answer();

  loader.setView(view({ time: 2 }));

  expect(kernel.asked.at(-1)?.time).toBe(2);
  expect(loader.context?.valueAt(3, 3, 3)).toBe(10);
  kernel.answer();
  expect(loader.loadedScale).toBe(0);
});

test("a result asks for the boxes that become ready and draws only those", () => {
  const kernel = new Kernel();
  const level: Level = { shape: [2, 4, 4], spacing: [1, 1, 1], origin: [0, 0, 0] };
  const first = { start: [0, 0, 0], shape: [1, 4, 4] } as const;
  const info = {
    id: "preview-1",
    source: "image-1",
    kind: "image",
    dtype: "uint8",
    level,
    scale: 0,
    value_range: [0, 255],
    complete: false,
    elapsed_s: 0.1,
    ready: [{ start: [...first.start], shape: [...first.shape] }],
  } as PreviewInfo;
  const loader = new PreviewLoader(info, kernel.scheduler, () => {});

  kernel.answer();

  expect(loader.hasVoxels).toBe(true);
  expect(loader.isComplete).toBe(false);
  expect(loader.box.valueAt(0, 1, 1)).toBe(10);
  expect(loader.box.valueAt(1, 1, 1)).toBeNull();
  const rest = { start: [1, 0, 0], shape: [1, 4, 4] } as Box;
  loader.update({ ...info, ready: [...info.ready, rest], complete: true });
  kernel.answer();
  expect(loader.isComplete).toBe(true);
  expect(loader.box.covered).toBeNull();
  expect(kernel.asked.map(({ start }) => start[0])).toEqual([0, 1]);
});
