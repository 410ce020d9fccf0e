// Steps through time, as fast as frames are loaded and no faster than asked for.

import type { Session } from "../session.ts";
import { button, checkbox, element, labelled } from "./elements.ts";

/** Frames per second that can be chosen. */
const RATES = [1, 2, 5, 10, 20, 30];
const USUAL_RATE = 10;

export class TimePlayer {
  readonly button: HTMLButtonElement;
  #session: Session;
  #rate = element("select", "rw-select");
  #loop = checkbox();
  #timer: ReturnType<typeof setInterval> | undefined;

  constructor(session: Session, parent: Element) {
    this.#session = session;
    this.button = button("Play", "Play through time (Space in a view)", parent);
    this.button.setAttribute("aria-pressed", "false");
    this.button.onclick = () => this.toggle();
    for (const rate of RATES) this.#rate.append(new Option(`${rate} / s`, String(rate)));
    this.#rate.value = String(USUAL_RATE);
    this.#rate.setAttribute("aria-label", "Frames per second");
    this.#rate.onchange = () => {
      if (this.isPlaying) this.#start();
    };
    parent.append(this.#rate);
    this.#loop.checked = true;
    labelled("Loop", this.#loop, parent);
  }

  get isPlaying(): boolean {
    return this.#timer !== undefined;
  }

  toggle(): void {
    if (this.isPlaying) this.stop();
    else this.#start();
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
    this.button.textContent = "Play";
    this.button.setAttribute("aria-pressed", "false");
  }

  #start(): void {
    const { image, state } = this.#session;
    if (!image || image.info.times < 2) return;
    clearInterval(this.#timer);
    // at the end of time there is nothing but to begin again
    if (state.get("time_index") === image.info.times - 1) state.set("time_index", 0);
    this.#timer = setInterval(() => this.#step(), 1000 / Number(this.#rate.value));
    this.button.textContent = "Pause";
    this.button.setAttribute("aria-pressed", "true");
  }

  /** The next frame, once this one is on screen: frames never pile up. */
  #step(): void {
    const { loaders, image, state } = this.#session;
    const times = image?.info.times ?? 0;
    const time = state.get("time_index");
    const isAtEnd = time === times - 1 && !this.#loop.checked;
    if (times < 2 || isAtEnd) {
      this.stop();
      return;
    }
    const planes = this.#session.planes();
    if (!loaders.every((loader) => planes.every((axis) => loader.isSharp(axis)))) return;
    state.set("time_index", (time + 1) % times);
  }
}
