// Regions that were set here, to be undone and done again.

import type { Roi } from "./messages.ts";

const MOST = 50;

export class RegionHistory {
  #past: Roi[] = [];
  #future: Roi[] = [];
  #settled: string;
  #current: Roi;

  constructor(first: Roi) {
    this.#current = first;
    this.#settled = JSON.stringify(first);
  }

  get canUndo(): boolean {
    return this.#past.length > 0;
  }

  get canRedo(): boolean {
    return this.#future.length > 0;
  }

  /** The region is being dragged: where it pauses on the way is no step. */
  isHeld = false;

  /** A region has come to rest: what was before can be brought back. */
  settle(roi: Roi): void {
    const key = JSON.stringify(roi);
    if (this.isHeld || key === this.#settled) return;
    this.#past = [...this.#past, this.#current].slice(-MOST);
    this.#future = [];
    this.#take(roi);
  }

  /** Start anew, for example with another image. */
  forget(roi: Roi): void {
    this.#past = [];
    this.#future = [];
    this.#take(roi);
  }

  undo(): Roi | null {
    const roi = this.#past.pop();
    if (!roi) return null;
    this.#future.push(this.#current);
    return this.#take(roi);
  }

  redo(): Roi | null {
    const roi = this.#future.pop();
    if (!roi) return null;
    this.#past.push(this.#current);
    return this.#take(roi);
  }

  #take(roi: Roi): Roi {
    this.#current = roi;
    this.#settled = JSON.stringify(roi);
    return roi;
  }
}
