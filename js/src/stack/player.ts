// Plays: which frame is due, which is asked for next, and which of those that came is shown.

import type { Course, Direction } from "./course.ts";
import type { Frame } from "./frame.ts";
import { IN_FLIGHT } from "./frame_loader.ts";

/** What the player needs of whoever loads frames. */
export interface FrameSource {
  /** Frames that may be asked for. */
  readonly free: number;
  /** Frames that are better asked for together. */
  readonly batch: number;
  /** Milliseconds from a request to its frame. */
  readonly latency: number;
  get(frame: number): Frame | null;
  /** The frame is there or on its way. */
  isKnown(frame: number): boolean;
  /** Ask for frames, none of which is known. */
  ask(frames: number[], direction: Direction): void;
}

/** So much of the movie is asked for before it is due, in seconds. */
const AHEAD_S = 0.3;
/** Frames in hand with which none is passed over: a few that come late do no harm then. */
const SPARE = 2;
/** So long after it was due a frame may be shown, in seconds: where the page is drawn irregularly
 * several frames are due at once, and the next drawings make up for it, one frame each. */
const LATEST_S = 0.1;
/** A page that was not drawn for so long goes on where it was, in milliseconds. */
const ABSENT_MS = 500;
/** Steps in which a frame that is still missing is looked for. */
const LOOKED_AT = 32;
/** Frames a second are counted over so many milliseconds. */
const COUNTED_MS = 1000;

export class Player {
  #course: Course;
  #source: FrameSource;
  #rate: number;
  #startedAt: number;
  #lastTick: number;
  /** Steps that were asked for and not shown yet, in rising order. */
  #queue: number[] = [];
  /** The last step that was asked for, and before it was rounded. */
  #asked = 0;
  #position = 0;
  #shownStep = 0;
  #shownAt: number[] = [];

  constructor(source: FrameSource, course: Course, rate: number, now: number) {
    this.#source = source;
    this.#course = course;
    this.#rate = rate;
    this.#startedAt = now;
    this.#lastTick = now;
  }

  /** Nothing new will come. */
  get isOver(): boolean {
    return this.#shownStep >= this.#course.length;
  }

  /** Frames that were shown in the last second. */
  framesPerSecond(now: number): number {
    this.#shownAt = this.#shownAt.filter((at) => now - at < COUNTED_MS);
    return this.#shownAt.length;
  }

  /** Ask for what is due next, and return the frame to show now, if there is another one. */
  tick(now: number): Frame | null {
    if (now - this.#lastTick > ABSENT_MS) this.#startedAt += now - this.#lastTick;
    this.#lastTick = now;
    const frame = this.#next(this.#dueAt(now));
    if (frame) this.#shownAt.push(now);
    this.askAhead(now);
    return frame;
  }

  /** Steps that pass from a request to its frame. */
  get #delay(): number {
    return (this.#source.latency / 1000) * this.#rate;
  }

  /** Steps that a player without delays would have made. */
  #dueAt(now: number): number {
    return ((now - this.#startedAt) / 1000) * this.#rate;
  }

  /** The first frame that is due and has come, or the last one where all are too late. */
  #next(due: number): Frame | null {
    let found: Frame | null = null;
    let passed = 0;
    for (const [position, step] of this.#queue.entries()) {
      if (step > due) break;
      const frame = this.#source.get(this.#course.frameAt(step));
      if (!frame) continue;
      found = frame;
      passed = position + 1;
      this.#shownStep = step;
      if (step >= due - LATEST_S * this.#rate) break;
    }
    this.#queue.splice(0, passed);
    return found;
  }

  /** Ask for the next frames, as far as requests are free. */
  askAhead(now: number): void {
    const { free, batch } = this.#source;
    if (free < batch) return;
    const due = this.#dueAt(now);
    const last = due + Math.max(AHEAD_S * this.#rate, 2) + 2 * this.#delay;
    const frames: number[] = [];
    const isKnown = (frame: number) => this.#source.isKnown(frame) || frames.includes(frame);
    const direction = this.#course.directionAt(this.#asked + 1);
    while (frames.length < free && this.#asked < this.#course.length) {
      const position = this.#following(due, isKnown);
      const step = Math.min(Math.ceil(position), this.#course.length);
      if (step > last) break;
      this.#position = position;
      this.#asked = step;
      this.#queue.push(step);
      const frame = this.#course.frameAt(step);
      if (!isKnown(frame)) frames.push(frame);
    }
    if (frames.length > 0) this.#source.ask(frames, direction);
  }

  /** The step to ask for next, in fractions: as far from the one before as frames come apart. */
  #following(due: number, isKnown: (frame: number) => boolean): number {
    const next = this.#asked + 1;
    if (isKnown(this.#course.frameAt(next))) return next;
    const isAhead = next > due + this.#delay + SPARE;
    const stride = isAhead ? 1 : Math.max(this.#delay / IN_FLIGHT, 1);
    // what is due before it comes would be late: rather what is due when it comes
    const step = Math.max(this.#position + stride, due + this.#delay, next);
    // a stride of whole loops would meet frames that are there for ever, and never fill the loop
    for (let i = 0; i < LOOKED_AT; i++) {
      if (!isKnown(this.#course.frameAt(Math.ceil(step + i)))) return step + i;
    }
    return step;
  }
}
