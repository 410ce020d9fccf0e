import { expect, test } from "vitest";
import { Course } from "../src/stack/course.ts";
import type { Frame } from "../src/stack/frame.ts";
import { IN_FLIGHT, PER_MESSAGE } from "../src/stack/frame_loader.ts";
import { Player } from "../src/stack/player.ts";

const frame = (index: number) => ({ index }) as Frame;

/** A kernel that takes a number of milliseconds for each of the frames in flight. */
class SlowSource {
  readonly asked: number[] = [];
  messages = 0;
  latency: number;
  now = 0;
  #due = new Map<number, number>();
  #came = new Set<number>();

  constructor(readonly delay: number) {
    this.latency = delay;
  }

  readonly batch = PER_MESSAGE;

  get free(): number {
    return IN_FLIGHT - this.#due.size;
  }

  get(index: number): Frame | null {
    return this.#came.has(index) ? frame(index) : null;
  }

  isKnown(index: number): boolean {
    return this.#came.has(index) || this.#due.has(index);
  }

  ask(frames: number[]): void {
    this.messages += 1;
    for (const index of frames) {
      if (this.isKnown(index)) throw new Error(`frame ${index} was asked for again`);
      this.asked.push(index);
      this.#due.set(index, this.now + this.delay);
    }
  }

  advance(now: number): void {
    this.now = now;
    for (const [index, at] of this.#due) {
      if (at > now) continue;
      this.#due.delete(index);
      this.#came.add(index);
    }
  }
}

function play(source: SlowSource, course: Course, rate: number, seconds: number): number[] {
  const player = new Player(source, course, rate, 0);
  const shown: number[] = [];
  for (let now = 0; now <= 1000 * seconds; now += 1000 / 60) {
    source.advance(now);
    const next = player.tick(now);
    if (next) shown.push(next.index);
  }
  return shown;
}

test("a fast kernel shows every frame in its order", () => {
  const shown = play(new SlowSource(5), new Course(1000, "loop", 0, 1), 30, 2);

  expect(shown.length).toBeGreaterThanOrEqual(58);
  expect(shown).toEqual(shown.map((_, i) => i + 1));
});

test("frames in hand are shown one after the other though one of them comes late", () => {
  const source = new SlowSource(40);
  const player = new Player(source, new Course(1000, "loop", 0, 1), 30, 0);
  const shown: number[] = [];

  for (let now = 0; now <= 3000; now += 1000 / 60) {
    // two in flight carry 50 frames a second, but for a while the answers seem to take long
    source.latency = now > 1500 && now < 1700 ? 150 : 40;
    source.advance(now);
    const next = player.tick(now);
    if (next) shown.push(next.index);
  }

  expect(shown.length).toBeGreaterThan(80);
  expect(shown).toEqual(shown.map((_, i) => (shown[0] ?? 0) + i));
});

test("no frame is passed over where the page is drawn irregularly", () => {
  const source = new SlowSource(5);
  const player = new Player(source, new Course(1000, "loop", 0, 1), 30, 0);
  const shown: number[] = [];

  let now = 0;
  for (let drawing = 1; now < 3000; drawing++) {
    now += drawing % 10 ? 1000 / 60 : 67;
    source.advance(now);
    const next = player.tick(now);
    if (next) shown.push(next.index);
  }

  expect(shown).toEqual(shown.map((_, i) => i + 1));
  expect(90 - shown.length).toBeLessThanOrEqual(3);
});

test("what is shown is never much too late while newer frames are there", () => {
  const source = new SlowSource(5);
  const player = new Player(source, new Course(1000, "loop", 0, 1), 120, 0);

  // a screen of 60 drawings a second cannot show 120 frames
  for (let now = 0; now <= 3000; now += 1000 / 60) {
    source.advance(now);
    const next = player.tick(now);
    if (next) expect((now / 1000) * 120 - next.index).toBeLessThan(0.15 * 120);
  }
});

test("a slow kernel shows fewer frames, at the speed that was chosen", () => {
  const source = new SlowSource(200);

  const shown = play(source, new Course(10_000, "loop", 0, 1), 60, 5);

  // two in flight, 200 ms each: ten a second
  expect(shown.length).toBeGreaterThan(35);
  expect(shown).toEqual([...shown].sort((a, b) => a - b));
  // the last frame is about as late as it takes to load one
  expect(5 * 60 - (shown.at(-1) ?? 0)).toBeLessThanOrEqual(60 * 0.4);
  expect(source.asked.length).toBeLessThan(90);
  // each message tells all of JupyterLab that the kernel is busy
  expect(source.messages).toBeLessThanOrEqual(source.asked.length / 2 + 2);
});

test("frames that came once are not asked for again", () => {
  const source = new SlowSource(1);

  play(source, new Course(5, "loop", 0, 1), 60, 2);

  expect(source.asked.length).toBe(5);
});

test("a slow loop is loaded whole, whatever its length", () => {
  for (const frames of [3, 4, 5, 6, 7, 12]) {
    const source = new SlowSource(267); // a stride of 8 frames at 60 a second
    source.ask([0]);

    play(source, new Course(frames, "loop", 0, 1), 60, 10);

    expect(new Set(source.asked).size).toBe(frames);
  }
});

test("a movie played once ends with its last frame", () => {
  const source = new SlowSource(150);

  const shown = play(source, new Course(20, "once", 0, 1), 60, 3);

  expect(shown.at(-1)).toBe(19);
});
