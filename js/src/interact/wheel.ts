// From wheel events, which every device sends in its own way, to steps.

/** A wheel's click sends 100 or more, a touchpad many small numbers. */
const STEP_PIXELS = 40;
const LINE_PIXELS = 16;
const PAGE_PIXELS = 400;

export class WheelSteps {
  #rest = 0;

  /** How far the wheel was turned, in CSS pixels. */
  pixels(event: Pick<WheelEvent, "deltaY" | "deltaMode">): number {
    const unit = [1, LINE_PIXELS, PAGE_PIXELS][event.deltaMode] ?? 1;
    return event.deltaY * unit;
  }

  /** One step for a click of a wheel; small movements add up to steps. */
  steps(event: Pick<WheelEvent, "deltaY" | "deltaMode">): number {
    const pixels = this.pixels(event);
    if (Math.abs(pixels) >= STEP_PIXELS) {
      this.#rest = 0;
      return Math.sign(pixels);
    }
    this.#rest += pixels;
    const steps = Math.trunc(this.#rest / STEP_PIXELS);
    this.#rest -= steps * STEP_PIXELS;
    return steps;
  }
}
