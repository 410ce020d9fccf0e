// Pictures that sum the movie up: what is wanted of them, and what has come.

import type { Reply } from "../messages.ts";
import type { Pair, PictureMessage, PictureName, ToStackKernel } from "./frame_messages.ts";

export interface PictureEvents {
  /** The frame in which a place is brightest. */
  brightest(frame: number): void;
  failed(message: string): void;
}

export class Pictures {
  #send: (message: ToStackKernel) => void;
  #events: PictureEvents;
  #known = new Map<PictureName, PictureMessage>();
  #asked = new Set<PictureName>();
  #movie = "";
  #question: number | null = null;
  // several views may share one comm: ids of different views must not meet
  #nextId = 2 ** 42 + Math.floor(Math.random() * 2 ** 40);

  constructor(send: (message: ToStackKernel) => void, events: PictureEvents) {
    this.#send = send;
    this.#events = events;
  }

  /** A picture as far as it is known; it is asked for with the first look at it. */
  get(movie: string, name: PictureName): PictureMessage | null {
    if (movie !== this.#movie) {
      this.#movie = movie;
      this.#known.clear();
      this.#asked.clear();
    }
    if (!this.#asked.has(name)) {
      this.#asked.add(name);
      this.#send({ kind: "pictures", movie, names: [name] });
    }
    return this.#known.get(name) ?? null;
  }

  /** Share of the movie that has been seen, 0 to 1; 1 where nobody looks at pictures. */
  get share(): number {
    if (this.#asked.size === 0) return 1;
    return Math.max(0, ...[...this.#known.values()].map(({ share }) => share));
  }

  take(picture: PictureMessage, movie: string): void {
    if (picture.movie === movie && movie === this.#movie) this.#known.set(picture.name, picture);
  }

  askForBrightest(movie: string, pixel: Pair): void {
    const id = this.#nextId++;
    this.#question = id;
    this.#send({ kind: "brightest", id, movie, pixel });
  }

  /** Take a reply; returns false when it answers nothing that was asked here. */
  receive(reply: Reply): boolean {
    if (reply.id === null || reply.id !== this.#question) return false;
    this.#question = null;
    if (reply.kind === "value") this.#events.brightest(Number(reply.value));
    else if (reply.kind === "error") this.#events.failed(reply.message);
    return true;
  }
}
