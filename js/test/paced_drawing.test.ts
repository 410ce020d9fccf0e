import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { DrawPace } from "../src/render/draw_pace.ts";
import { type Drawn, PacedDrawing } from "../src/render/paced_drawing.ts";

/** A graphics card that takes so many milliseconds for a drawing in full. */
class Card {
  sides: number[] = [];
  #doneAt = 0;
  isContextLost = false;
  timesSettled = 0;
  timesShown = 0;

  constructor(readonly wholeMs: number) {}

  isOther = false;

  draw(side: number): Drawn {
    this.sides.push(side);
    const extra = this.isOther ? 600 : 0;
    this.#doneAt = Math.max(this.#doneAt, performance.now()) + side * side * this.wholeMs + extra;
    return this.isOther ? "other" : "same";
  }

  context(): WebGL2RenderingContext {
    return {
      SYNC_GPU_COMMANDS_COMPLETE: 1,
      SYNC_STATUS: 2,
      UNSIGNALED: 3,
      fenceSync: () => this.#doneAt,
      flush() {},
      deleteSync() {},
      isContextLost: () => this.isContextLost,
      getSyncParameter: (doneAt: number) => (performance.now() < doneAt ? 3 : 4),
    } as unknown as WebGL2RenderingContext;
  }

  show(): void {
    this.timesShown += 1;
    if (this.isBusy && !this.isContextLost) throw new Error("a drawing was shown half done");
  }

  settled(): void {
    this.timesSettled += 1;
  }

  get isBusy(): boolean {
    return performance.now() < this.#doneAt;
  }
}

beforeEach(() => {
  vi.useFakeTimers({
    toFake: [
      "setTimeout",
      "clearTimeout",
      "performance",
      "requestAnimationFrame",
      "cancelAnimationFrame",
    ],
  });
  // node has no frames
  vi.stubGlobal("requestAnimationFrame", (call: FrameRequestCallback) => setTimeout(call, 16));
  vi.stubGlobal("cancelAnimationFrame", clearTimeout);
});

afterEach(() => {
  vi.unstubAllGlobals();
  vi.useRealTimers();
});

function settle(drawing: PacedDrawing): void {
  for (let i = 0; i < 10_000 && !drawing.isSettled; i++) vi.advanceTimersByTime(4);
  expect(drawing.isSettled).toBe(true);
}

test("a fast card draws in full, after drawings that find out", () => {
  const card = new Card(5);
  const drawing = new PacedDrawing(card);

  drawing.request();
  vi.advanceTimersByTime(150);
  expect(drawing.isSettled).toBe(true);
  expect(card.sides.at(-1)).toBe(1);
  card.sides = [];
  drawing.request();
  settle(drawing);

  expect(card.sides).toEqual([1]);
});

test("a slow card draws coarsely while something changes, and in full at rest", () => {
  const card = new Card(500);
  const drawing = new PacedDrawing(card);
  drawing.request();
  settle(drawing);
  card.sides = [];

  for (let i = 0; i < 20; i++) {
    drawing.request();
    vi.advanceTimersByTime(50);
  }
  const moving = [...card.sides];
  settle(drawing);

  expect(Math.max(...moving)).toBe(0.25);
  expect(card.sides.at(-1)).toBe(1);
  // at the end of the first drawings, and of these
  expect(card.timesSettled).toBe(2);
});

test("a very slow card is never asked for more than it draws in a second or so", () => {
  const card = new Card(20_000);
  const drawing = new PacedDrawing(card);
  drawing.request();

  settle(drawing);

  const longest = Math.max(...card.sides) ** 2 * 20_000;
  expect(longest).toBeLessThanOrEqual(1250);
});

test("what it takes to show something else does not make later drawings coarser", () => {
  const card = new Card(5);
  const drawing = new PacedDrawing(card);
  card.isOther = true;
  drawing.request();
  vi.advanceTimersByTime(20);
  card.isOther = false;

  settle(drawing);

  expect(card.sides.at(-1)).toBe(1);
  expect(drawing.changeMs).toBeGreaterThanOrEqual(600);
});

test("no drawing waits behind another", () => {
  const card = new Card(300);
  const busy: boolean[] = [];
  const draw = (side: number) => {
    busy.push(card.isBusy);
    return card.draw(side);
  };
  const drawing = new PacedDrawing({
    draw,
    context: () => card.context(),
    show: () => card.show(),
    settled() {},
  });

  for (let i = 0; i < 100; i++) {
    drawing.request();
    vi.advanceTimersByTime(10);
  }
  settle(drawing);

  expect(busy.length).toBeGreaterThan(5);
  expect(busy).not.toContain(true);
  expect(card.timesShown).toBe(card.sides.length);
});

test("what changes while the card is busy is drawn afterwards", () => {
  const card = new Card(5000);
  const drawing = new PacedDrawing(card);
  drawing.request();
  vi.advanceTimersByTime(20);
  expect(card.isBusy).toBe(true);

  drawing.request();
  vi.advanceTimersByTime(400);

  expect(card.sides.length).toBe(2);
});

test("a lost context and a view that cannot draw leave nothing waiting", () => {
  const card = new Card(1e6);
  const drawing = new PacedDrawing(card);
  drawing.request();
  vi.advanceTimersByTime(20);
  card.isContextLost = true;
  vi.advanceTimersByTime(100);
  drawing.close();
  const hidden = new PacedDrawing({
    draw: () => "nothing",
    context: () => null,
    show() {},
    settled() {},
  });

  hidden.request();

  settle(hidden);
});

test("the side is the finest that fits, and follows a card that becomes slower", () => {
  const pace = new DrawPace();
  pace.measure(1, 10);
  expect(pace.side("moving")).toBe(1);

  pace.measure(1, 5000);
  expect(pace.side("moving")).toBe(1);
  for (let i = 0; i < 3; i++) pace.measure(0.5, 100);

  expect(pace.side("moving")).toBe(0.25);
  expect(pace.side("resting")).toBe(1);
});
