// How finely the volume is drawn: as finely as this machine can in the time there is.

export type Pace = "moving" | "resting";

/** Milliseconds that one drawing may take: while something changes, and once all is at rest. */
const BUDGETS_MS: Record<Pace, number> = { moving: 50, resting: 1000 };
/** Sides of a drawing as shares of the view's, finest first. */
const SIDES = [1, 0.75, 0.5, 0.375, 0.25, 0.125];
/** Before anything was measured. */
const FIRST_SIDE = 0.25;
/** A drawing of no pixels takes so long, in milliseconds: to be told of its end, mostly. */
const OVERHEAD_MS = 8;
/** Of so many measurements the shortest counts: others may have waited for something else. */
const REMEMBERED = 3;

export class DrawPace {
  /** Milliseconds of drawings in full, newest last. */
  #wholes: number[] = [];

  /** The finest side that fits the time of a pace. */
  side(pace: Pace): number {
    if (this.#wholes.length === 0) return FIRST_SIDE;
    const whole = Math.min(...this.#wholes);
    const fits = (side: number) => side * side * whole <= BUDGETS_MS[pace];
    return SIDES.find(fits) ?? (SIDES.at(-1) as number);
  }

  /** A drawing of a side took so long. */
  measure(side: number, ms: number): void {
    const whole = Math.max(ms - OVERHEAD_MS, 0) / (side * side);
    this.#wholes = [...this.#wholes, whole].slice(-REMEMBERED);
  }
}
