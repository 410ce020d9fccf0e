// Which frame comes how many steps after the first: pure arithmetic of loop, once and bounce.

export type PlayMode = "loop" | "once" | "bounce";
export type Direction = -1 | 1;

export class Course {
  /** @param first frame of step 0 */
  constructor(
    readonly frames: number,
    readonly mode: PlayMode,
    readonly first: number,
    readonly direction: Direction,
  ) {}

  /** The frame after a number of steps. */
  frameAt(step: number): number {
    const last = this.frames - 1;
    const unrolled = this.first + step * this.direction;
    if (this.mode === "once" || last === 0) return Math.min(Math.max(unrolled, 0), last);
    if (this.mode === "loop") return modulo(unrolled, this.frames);
    const folded = modulo(unrolled, 2 * last);
    return folded <= last ? folded : 2 * last - folded;
  }

  /** The way the movie runs after a number of steps. */
  directionAt(step: number): Direction {
    const last = this.frames - 1;
    if (this.mode !== "bounce" || last === 0) return this.direction;
    const isForward = modulo(this.first + step * this.direction, 2 * last) < last;
    return isForward === this.direction > 0 ? 1 : -1;
  }

  /** The number of steps after which nothing new comes, infinite where it goes on. */
  get length(): number {
    if (this.mode !== "once") return Number.POSITIVE_INFINITY;
    return this.direction > 0 ? this.frames - 1 - this.first : this.first;
  }
}

function modulo(value: number, count: number): number {
  return ((value % count) + count) % count;
}
