// Asks the kernel for the value under the pointer where what is drawn is coarse or converted.

import type { Reply, ToKernel, Triple } from "../messages.ts";

/** One voxel of the finest level of a layer. */
export interface Question {
  image: string;
  time: number;
  channel: number;
  index: Triple;
}

/** The pointer has rested for so long. */
const REST_MS = 60;
/** Answers that are remembered. */
const MOST_ANSWERS = 500;

export class Probe {
  #send: (message: ToKernel) => void;
  #changed: () => void;
  #answers = new Map<string, string>();
  #asked = new Map<number, string>();
  /** Questions of the latest look, by key. */
  #wanted = new Map<string, Question>();
  #timer: ReturnType<typeof setTimeout> | undefined;
  // several views may share one comm: ids of different views must not meet
  #nextId = 2 ** 41 + Math.floor(Math.random() * 2 ** 40);

  constructor(send: (message: ToKernel) => void, changed: () => void) {
    this.#send = send;
    this.#changed = changed;
  }

  /** The exact value as text; undefined until it is known, for which it is asked soon. */
  value(question: Question): string | undefined {
    const key = JSON.stringify(question);
    const known = this.#answers.get(key);
    if (known === undefined) this.#ask(key, question);
    return known;
  }

  /** The pointer is somewhere else: what was not asked yet is of no interest. */
  forget(): void {
    clearTimeout(this.#timer);
    this.#wanted.clear();
  }

  /** Take a reply; returns false when it answers nothing that was asked here. */
  receive(reply: Reply): boolean {
    const key = reply.id === null ? undefined : this.#asked.get(reply.id);
    if (reply.id === null || key === undefined) return false;
    this.#asked.delete(reply.id);
    // what cannot be read is said where the image is loaded
    this.#answers.set(key, reply.kind === "value" ? reply.value : "");
    const oldest = this.#answers.keys().next().value;
    if (this.#answers.size > MOST_ANSWERS && oldest !== undefined) this.#answers.delete(oldest);
    this.#changed();
    return true;
  }

  #ask(key: string, question: Question): void {
    if ([...this.#asked.values()].includes(key)) return;
    this.#wanted.set(key, question);
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      for (const [each, wanted] of this.#wanted) {
        const id = this.#nextId++;
        this.#asked.set(id, each);
        this.#send({ kind: "probe", id, ...wanted });
      }
      this.#wanted.clear();
    }, REST_MS);
  }
}
