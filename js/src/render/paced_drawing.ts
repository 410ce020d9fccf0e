// When the volume is drawn: never behind a drawing that the graphics card still works on.
//
// Without this, machines that draw by software queue drawings of a second each, and everything else
// on the page - planes, sliders, the notebook - waits behind them.

import { DrawPace } from "./draw_pace.ts";

/** Nothing has changed for so long: the volume is drawn as finely as there is time for at rest. */
const REST_MS = 400;
/** The graphics card is asked so often whether it is done. */
const POLL_MS = 4;

/** Something else than before was drawn, which takes time of its own; the same again; or nothing. */
export type Drawn = "other" | "same" | "nothing";

export interface Drawable {
  /** Draw now, with sides that are such a share of the view's. */
  draw(side: number): Drawn;
  /** What was drawn last is done: put it on the screen. */
  show(): void;
  context(): WebGL2RenderingContext | null;
  /** All that was asked for has been drawn, as finely as it will be. */
  settled(): void;
}

export class PacedDrawing {
  #drawable: Drawable;
  #pace = new DrawPace();
  #frame = 0;
  #poll: ReturnType<typeof setTimeout> | undefined;
  #rest: ReturnType<typeof setTimeout> | undefined;
  /** Something changed while the graphics card was busy. */
  #isDue = false;
  #isResting = false;
  /** Milliseconds that the last drawing of something else took: to bring it to the card, mostly. */
  changeMs = 0;

  constructor(drawable: Drawable) {
    this.#drawable = drawable;
  }

  /** Something changed: draw before the next frame, or as soon as the last drawing is done. */
  request(): void {
    this.#isResting = false;
    clearTimeout(this.#rest);
    this.#rest = undefined;
    this.#schedule();
  }

  /** All that was asked for has been drawn, as finely as it will be. */
  get isSettled(): boolean {
    const isBusy = this.#poll !== undefined || this.#rest !== undefined;
    return this.#frame === 0 && !isBusy && !this.#isDue;
  }

  close(): void {
    cancelAnimationFrame(this.#frame);
    clearTimeout(this.#poll);
    clearTimeout(this.#rest);
  }

  get #side(): number {
    return this.#pace.side(this.#isResting ? "resting" : "moving");
  }

  #schedule(): void {
    if (this.#poll !== undefined) this.#isDue = true;
    else this.#frame ||= requestAnimationFrame(() => this.#draw());
  }

  #draw(): void {
    this.#frame = 0;
    const side = this.#side;
    const begun = performance.now();
    const drawn = this.#drawable.draw(side);
    if (drawn === "nothing") return;
    const gl = this.#drawable.context();
    const fence = gl?.fenceSync(gl.SYNC_GPU_COMMANDS_COMPLETE, 0);
    if (!gl || !fence) return;
    gl.flush();
    const look = () => {
      const isBusy = gl.getSyncParameter(fence, gl.SYNC_STATUS) === gl.UNSIGNALED;
      if (isBusy && !gl.isContextLost()) {
        this.#poll = setTimeout(look, POLL_MS);
        return;
      }
      this.#poll = undefined;
      gl.deleteSync(fence);
      this.#drawable.show();
      const ms = performance.now() - begun;
      if (drawn === "other") this.changeMs = ms;
      else this.#pace.measure(side, ms);
      this.#follow(side, drawn);
    };
    this.#poll = setTimeout(look, POLL_MS);
  }

  /** What comes after a drawing of a side. */
  #follow(side: number, drawn: Drawn): void {
    // the first drawing of something else tells nothing of what others take
    if (this.#isDue || drawn === "other" || this.#side > side) {
      this.#isDue = false;
      this.#schedule();
    } else if (!this.#isResting && this.#pace.side("resting") > side) {
      this.#rest = setTimeout(() => {
        this.#rest = undefined;
        this.#isResting = true;
        this.#schedule();
      }, REST_MS);
    } else {
      this.#drawable.settled();
    }
  }
}
