// Steps through time, as fast as frames are loaded and no faster than asked for.

import type { Session } from "../session.ts";
import { button } from "./elements.ts";

const FRAME_MS = 100;

export class TimePlayer {
  readonly button: HTMLButtonElement;
  #session: Session;
  #timer: ReturnType<typeof setInterval> | undefined;

  constructor(session: Session, parent: Element) {
    this.#session = session;
    this.button = button("Play", "Play through time, again and again", parent);
    this.button.setAttribute("aria-pressed", "false");
    this.button.onclick = () => (this.#timer === undefined ? this.#start() : this.stop());
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
    this.button.textContent = "Play";
    this.button.setAttribute("aria-pressed", "false");
  }

  #start(): void {
    this.#timer = setInterval(() => this.#step(), FRAME_MS);
    this.button.textContent = "Pause";
    this.button.setAttribute("aria-pressed", "true");
  }

  /** The next frame, once this one is on screen: frames never pile up. */
  #step(): void {
    const { image, state } = this.#session;
    if (!image || image.info.times < 2) {
      this.stop();
      return;
    }
    if (!this.#session.planes().every((axis) => image.isSharp(axis))) return;
    state.set("time_index", (state.get("time_index") + 1) % image.info.times);
  }
}
