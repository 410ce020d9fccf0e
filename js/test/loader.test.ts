import { expect, test } from "vitest";
import { PLANES, voxelCount, wholeRoi } from "../src/geometry.ts";
import type {
  Box,
  ChunkRequest,
  Level,
  PreviewInfo,
  Roi,
  ToKernel,
  Triple,
} from "../src/messages.ts";
import { LayerLoader, type View } from "../src/streaming/loader.ts";
import type { PlaneView } from "../src/streaming/plane_slabs.ts";
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
    if (message.kind === "probe") return;
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

/** Value that the topmost box has at an index of the finest level. */
function drawn(loader: LayerLoader, index: number): number | null {
  for (const box of loader.boxesFor("z").toReversed()) {
    const at = Math.floor(index / 2 ** box.scale);
    const value = box.valueAt(at, at, at);
    if (value !== null) return value;
  }
  return null;
}

function view(options: Partial<View> = {}): View {
  const crosshair = { x: 8, y: 8, z: 8 };
  const budget = 2 ** 24;
  return { roi: whole, crosshair, budget, asked: -1, time: 0, channel: 0, ...options };
}

/** Nobody draws. */
const silent = { changed: () => {}, filled: () => {} };

function load(options: Partial<View> = {}) {
  const kernel = new Kernel();
  const info = layer(levels, { times: 3 });
  const loader = new LayerLoader(
    { info: info, channel: null },
    kernel.scheduler,
    view(options),
    silent,
  );
  loader.start([]);
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
  expect(drawn(loader, 5)).toBe(12);
  expect(loader.volumeBox?.scale).toBe(2);
  expect(loader.loadedScale).toBe(2);
  kernel.answer();
  expect(loader.loadedScale).toBe(0);
  expect(drawn(loader, 5)).toBe(10);
  expect(loader.boxes).toHaveLength(1);
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
  expect(drawn(loader, 3)).toBe(10);
  kernel.answer(1);
  expect(loader.boxes.map((box) => box.scale)).toEqual([0]);
  kernel.answer();
  expect(loader.loadedScale).toBe(0);
  expect(loader.boxes).toHaveLength(1);
});

test("another image is seen through the old one until its voxels are there", () => {
  const { kernel, loader } = load();
  kernel.answer();
  const next = new LayerLoader(
    { info: layer(levels, { id: "image-2" }), channel: null },
    kernel.scheduler,
    view(),
    silent,
  );

  next.start([], loader);

  expect(next.boxesFor("z")).toEqual([loader.context]);
  kernel.answer();
  expect(next.boxesFor("z")).toEqual([next.context]);
});

const onScreen: PlaneView = {
  plane: PLANES.z,
  position: 8,
  low: [-0.5, -0.5],
  high: [1023.5, 1023.5],
  unitsPerPixel: 2,
};

/** A single-scale cube that is too large to be binned as a whole. */
function huge() {
  const kernel = new Kernel();
  const single = pyramid(2048, 6).map((level, i) => ({ ...level, reads: 8 ** i }));
  const options = { roi: wholeRoi(single[0] as Level), budget: 2 ** 28 };
  const loader = new LayerLoader(
    { info: layer(single), channel: null },
    kernel.scheduler,
    view(options),
    silent,
  );
  loader.start([]);
  return { kernel, loader };
}

test("of a huge single-scale image a quick look comes first, then the slices on screen", () => {
  const { kernel, loader } = huge();
  expect(kernel.asked.map(({ level, quick }) => [level, quick])).toEqual([[5, true]]);

  loader.showPlane(onScreen);
  expect(kernel.asked).toHaveLength(1); // slices would hold up the first look
  kernel.answer();

  const slices = kernel.asked.filter(({ quick }) => !quick);
  expect(slices.every(({ level, start }) => level === 1 && start[0] === 4)).toBe(true);
  expect(slices.map(({ start: [, y, x] }) => [y, x]).sort()).toEqual([
    [0, 0],
    [0, 256],
    [256, 0],
    [256, 256],
  ]);
  expect(loader.boxesFor("z").map((box) => box.scale)).toEqual([1]);
  expect(loader.boxesFor("y").map((box) => box.scale)).toEqual([5]);
  expect(loader.loadedScale).toBe(-1);
  expect(loader.isIdle).toBe(true);
});

test("slices are asked for only where the loaded boxes are too coarse", () => {
  const { kernel, loader } = load();
  kernel.answer();
  const before = kernel.asked.length;

  loader.showPlane({ ...onScreen, unitsPerPixel: 0.5 });

  expect(kernel.asked).toHaveLength(before);
});

test("a plane that moves on asks for its own slice and drops the old one", () => {
  const { kernel, loader } = huge();
  kernel.answer();
  loader.showPlane({ ...onScreen, low: [0, 0], high: [400, 400] });
  kernel.answer(1);

  for (const position of [9, 10, 11, 12]) {
    loader.showPlane({ ...onScreen, low: [0, 0], high: [400, 400], position });
  }
  kernel.answer();

  expect(loader.boxesFor("z").map((box) => box.box.start[0])).toEqual([6]);
  expect(kernel.scheduler.pending).toBe(0);
});

test("a slice that was on screen lately is not asked for again", () => {
  const { kernel, loader } = huge();
  kernel.answer();
  const at = (position: number) => loader.showPlane({ ...onScreen, position });
  at(8);
  kernel.answer();
  at(100);
  kernel.answer();
  const before = kernel.asked.length;

  at(8);

  expect(kernel.asked).toHaveLength(before);
  expect(loader.boxesFor("z")[0]?.isComplete).toBe(true);
});

test("the next slices in the direction of scrolling are asked for ahead", () => {
  const { kernel, loader } = huge();
  kernel.answer();
  const at = (position: number) =>
    loader.showPlane({ ...onScreen, high: [200, 200], unitsPerPixel: 1, position });
  at(8);
  kernel.answer();
  at(9);
  kernel.answer();
  const before = kernel.asked.length;

  at(10);

  expect(kernel.asked.slice(before).map(({ start }) => start[0])).toEqual([12]);
  expect(loader.boxesFor("z")[0]?.box.start[0]).toBe(10);
});

function previewOf(shape: Triple, ready: Box[], complete = false): PreviewInfo {
  return {
    id: "preview-1",
    source: "image-1",
    kind: "image",
    dtype: "uint8",
    level: { shape, spacing: [1, 1, 1], origin: [0, 0, 0] },
    scale: 0,
    value_range: [0, 255],
    elapsed_s: 0.1,
    ready,
    complete,
  };
}

test("a result asks for slices at once, draws only those, and ends with the whole", () => {
  const kernel = new Kernel();
  const slice: Box = { start: [0, 0, 0], shape: [1, 4, 4] };
  const loader = new PreviewLoader(previewOf([2, 4, 4], [slice]), kernel.scheduler, () => {});

  kernel.answer();

  expect(loader.hasVoxels).toBe(true);
  expect(loader.isComplete).toBe(false);
  expect(loader.box.valueAt(0, 1, 1)).toBe(10);
  expect(loader.box.valueAt(1, 1, 1)).toBeNull();
  const rest: Box = { start: [0, 0, 0], shape: [2, 4, 4] };
  loader.update(previewOf([2, 4, 4], [slice, rest], true));
  kernel.answer();
  expect(loader.isComplete).toBe(true);
  expect(loader.box.covered).toBeNull();
  expect(kernel.asked.map(({ shape }) => shape)).toEqual([
    [1, 4, 4],
    [2, 4, 4],
  ]);
});

test("small blocks of a quick result come in one message, once all of it is ready", () => {
  const kernel = new Kernel();
  const shape: Triple = [64, 64, 64];
  const blocks = Array.from({ length: 16 }, (_, i): Box => {
    return { start: [4 * i, 0, 0], shape: [4, 64, 64] };
  });
  const first = previewOf(shape, blocks.slice(0, 8));
  const loader = new PreviewLoader(first, kernel.scheduler, () => {});
  expect(kernel.asked).toEqual([]);

  loader.update(previewOf(shape, blocks, true));
  kernel.answer();

  expect(kernel.asked.map((asked) => asked.shape)).toEqual([shape]);
  expect(loader.isComplete).toBe(true);
});

test("blocks of a slow result are drawn one by one, none of them twice", () => {
  const kernel = new Kernel();
  const shape: Triple = [16, 16, 16];
  const slice: Box = { start: [3, 0, 0], shape: [1, 16, 16] };
  const block = (z: number): Box => ({ start: [z, 0, 0], shape: [4, 16, 16] });
  const first = previewOf(shape, [slice, block(0)]);
  const loader = new PreviewLoader(first, kernel.scheduler, () => {});
  kernel.answer();

  loader.update(previewOf(shape, [slice, block(0), block(4)]));
  kernel.answer();
  expect(loader.box.valueAt(5, 1, 1)).toBe(10);
  loader.update(previewOf(shape, [slice, block(0), block(4), block(8), block(12)], true));
  kernel.answer();

  expect(kernel.asked.map(({ start }) => start[0])).toEqual([3, 0, 4, 8, 12]);
  expect(loader.isComplete).toBe(true);
  expect(loader.box.covered).toBeNull();
});

test("a brick of a large result is asked for before all others are ready", () => {
  const kernel = new Kernel();
  const shape: Triple = [256, 128, 128];
  const blocks = Array.from({ length: 10 }, (_, i): Box => {
    return { start: [16 * i, 0, 0], shape: [16, 128, 128] };
  });

  new PreviewLoader(previewOf(shape, blocks), kernel.scheduler, () => {});

  expect(kernel.asked.map(({ start, shape }) => [start, shape])).toEqual([
    [
      [0, 0, 0],
      [128, 128, 128],
    ],
  ]);
});
