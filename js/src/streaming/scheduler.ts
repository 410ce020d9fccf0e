// Ask the kernel for bricks: most urgent first, few at a time, again when it stays silent.

import type { Box, ChunkRequest, Reply, ToKernel } from "../messages.ts";

export interface Job extends Box {
  image: string;
  /** Whoever asks; all its requests can be dropped at once. */
  owner: object;
  /** What the voxels are for; requests for it are dropped together. */
  target: object;
  level: number;
  time: number;
  channel: number;
  /** An approximate answer will do, if it comes sooner. */
  quick?: boolean;
  /** Lower is sooner. */
  priority: number;
  done: (reply: Extract<Reply, Box>) => void;
  failed: (message: string) => void;
}

/** Requests in flight; more only lengthens the queue in the kernel. */
export const CREDIT = 4;
export const RETRY_AFTER_MS = 10_000;
export const MOST_TRIES = 3;

interface Flight {
  job: Job;
  tries: number;
  timer: ReturnType<typeof setTimeout>;
}

export class Scheduler {
  #queue: Job[] = [];
  #flights = new Map<number, Flight>();
  #generation = 0;
  // several views may share one comm: ids of different views must not meet
  #nextId = Math.floor(Math.random() * 2 ** 40);
  #send: (message: ToKernel) => void;

  constructor(send: (message: ToKernel) => void) {
    this.#send = send;
  }

  get pending(): number {
    return this.#queue.length + this.#flights.size;
  }

  add(jobs: Job[]): void {
    this.#queue.push(...jobs);
    this.#queue.sort((a, b) => a.priority - b.priority);
    this.#pump();
  }

  /** Forget the jobs that match; those in flight are cancelled in the kernel. */
  drop(matches: (job: Job) => boolean): void {
    this.#queue = this.#queue.filter((job) => !matches(job));
    const ids = [...this.#flights].filter(([, f]) => matches(f.job)).map(([id]) => id);
    for (const id of ids) this.#land(id);
    if (ids.length > 0) this.#send({ kind: "cancel", ids });
    this.#pump();
  }

  /** Give waiting jobs another order, for example after the crosshair moved. */
  reprioritize(priority: (job: Job) => number): void {
    for (const job of this.#queue) job.priority = priority(job);
    this.#queue.sort((a, b) => a.priority - b.priority);
  }

  /** Drop everything; replies that still come are of an older generation. */
  clear(): void {
    this.drop(() => true);
    this.#generation += 1;
  }

  /** Take a reply; returns false when it belongs to another view or to a dropped request. */
  receive(reply: Reply): boolean {
    if (reply.id === null || reply.kind === "value") return false;
    const flight = this.#flights.get(reply.id);
    if (!flight) return false;
    if (reply.kind !== "error" && reply.generation !== this.#generation) return false;
    this.#land(reply.id);
    if (reply.kind === "error") flight.job.failed(reply.message);
    else flight.job.done(reply);
    this.#pump();
    return true;
  }

  /** Send what the credit allows, in one message: each costs the kernel some milliseconds. */
  #pump(): void {
    const jobs = this.#queue.splice(0, Math.max(CREDIT - this.#flights.size, 0));
    this.#launch(jobs, 1);
  }

  #launch(jobs: Job[], tries: number): void {
    if (jobs.length === 0) return;
    const requests = jobs.map((job): ChunkRequest => {
      const id = this.#nextId++;
      const timer = setTimeout(() => this.#retry(id), RETRY_AFTER_MS);
      this.#flights.set(id, { job, tries, timer });
      const { image, level, time, channel, start, shape, quick = false } = job;
      return { id, image, level, time, channel, start, shape, quick };
    });
    this.#send({ kind: "get", generation: this.#generation, requests });
  }

  #retry(id: number): void {
    const flight = this.#land(id);
    if (!flight) return;
    this.#send({ kind: "cancel", ids: [id] });
    if (flight.tries < MOST_TRIES) this.#launch([flight.job], flight.tries + 1);
    else flight.job.failed("the kernel does not answer; is it busy or has it stopped?");
    this.#pump();
  }

  #land(id: number): Flight | undefined {
    const flight = this.#flights.get(id);
    if (flight) clearTimeout(flight.timer);
    this.#flights.delete(id);
    return flight;
  }
}
