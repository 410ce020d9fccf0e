// Asks the kernel for frames, a few at a time, and keeps those that came within a number of bytes.

import type { Range } from "../render/window.ts";
import { MOST_TRIES, RETRY_AFTER_MS } from "../streaming/scheduler.ts";
import { TileCache } from "../streaming/tile_cache.ts";
import { decodeFrame, type Frame } from "./frame.ts";
import type {
  Encoding,
  FrameReply,
  Pair,
  Place,
  StackReply,
  ToStackKernel,
} from "./frame_messages.ts";
import type { Transport } from "./transport.ts";

/**
 * Frames that are asked for with one message while the movie plays: for each message the kernel
 * is told busy and idle again, which costs JupyterLab more than a frame.
 */
export const PER_MESSAGE = 2;
/** Frames in flight: no more can come late when somebody pauses. */
export const IN_FLIGHT = 2;

export interface Wanted {
  movie: string;
  frame: number;
  place: Place;
  encoding: Encoding;
  /** Window of a JPEG; null for exact pixels, raw or packed. */
  window: Range | null;
  /** Of a JPEG, else 0. */
  quality: number;
  ahead: -1 | 0 | 1;
}

interface Flight {
  wanted: Wanted;
  sentAt: number;
  tries: number;
  timer: ReturnType<typeof setTimeout>;
}

export interface LoaderEvents {
  /** A request is answered: another one may be made while the frame is decoded. */
  answered(): void;
  /** A frame has come and is decoded. */
  arrived(frame: Frame): void;
  failed(message: string): void;
}

export class FrameLoader {
  /** Bytes that came over the wire with the last frame, and whether it was compressed. */
  last = { bytes: 0, isCompressed: false };
  /** Frames that came though they were withdrawn. */
  late = 0;
  #send: (message: ToStackKernel) => void;
  #events: LoaderEvents;
  #transport: Transport;
  #cache = new TileCache<Frame>(0);
  #flights = new Map<number, Flight>();
  /** Frames that have come and are not decoded yet. */
  #decoding = new Set<Wanted>();
  // several views may share one comm: ids of different views must not meet
  #nextId = Math.floor(Math.random() * 2 ** 40);
  #isClosed = false;

  constructor(send: (message: ToStackKernel) => void, events: LoaderEvents, transport: Transport) {
    this.#send = send;
    this.#events = events;
    this.#transport = transport;
  }

  get pending(): number {
    return this.#flights.size;
  }

  get bytes(): number {
    return this.#cache.bytes;
  }

  /** Frames that may be asked for. */
  get free(): number {
    return IN_FLIGHT - this.#flights.size;
  }

  /** Keep no more than so many bytes of frames. */
  set limit(bytes: number) {
    if (this.#cache.limit !== bytes) this.#cache = new TileCache<Frame>(bytes);
  }

  /** A frame that was kept: exact if there is one, else compressed as is wanted. */
  get(wanted: Pick<Wanted, "movie" | "frame" | "place" | "window">): Frame | null {
    const exact = this.#cache.get(keyOf({ ...wanted, window: null }));
    return exact ?? (wanted.window && this.#cache.get(keyOf(wanted))) ?? null;
  }

  /** Whether a frame is on its way, or is being decoded. */
  isAskedFor(wanted: Pick<Wanted, "movie" | "frame" | "place" | "window">): boolean {
    const key = keyOf(wanted);
    const flying = [...this.#flights.values()].map((flight) => flight.wanted);
    return [...flying, ...this.#decoding].some((other) => keyOf(other) === key);
  }

  /** Ask for frames that are all wanted in the same way. */
  ask(frames: readonly number[], wanted: Omit<Wanted, "frame">, tries = 1): void {
    const { movie, place, encoding, window, quality, ahead } = wanted;
    const requests = frames.map((frame): Pair => [this.#start({ ...wanted, frame }, tries), frame]);
    this.#send({ kind: "frames", requests, movie, ...place, encoding, window, quality, ahead });
  }

  /** Withdraw what is on its way, except for what is still wanted. */
  cancel(isWanted: (wanted: Wanted) => boolean = () => false): void {
    const ids = [...this.#flights].filter(([, { wanted }]) => !isWanted(wanted)).map(([id]) => id);
    for (const id of ids) this.#land(id);
    if (ids.length > 0) this.#send({ kind: "cancel", ids });
  }

  /** Take a reply; returns false when it belongs to another view or was withdrawn. */
  receive(reply: StackReply): boolean {
    if (reply.kind !== "frame" && reply.kind !== "error") return false;
    if (reply.id === null) return false;
    const flight = this.#land(reply.id);
    if (!flight) {
      this.late += 1;
      return false;
    }
    if (reply.kind === "error") {
      this.#events.failed(reply.message);
      return true;
    }
    this.last = { bytes: reply.bytes, isCompressed: reply.encoding === "jpeg" };
    this.#decode(reply, flight);
    this.#events.answered();
    return true;
  }

  close(): void {
    this.#isClosed = true;
    this.cancel();
  }

  #decode(reply: FrameReply, { wanted, sentAt }: Flight): void {
    const cameAt = performance.now();
    this.#decoding.add(wanted);
    decodeFrame(reply, wanted.place)
      .then(
        (frame) => {
          // to decode a frame is part of what it costs to send it compressed
          const times = { sentAt, cameAt, doneAt: performance.now() };
          this.#transport.measure(reply.bytes, times, wanted.quality);
          this.#keep(frame, wanted);
        },
        (error) => this.#events.failed(`a frame could not be decoded: ${error}`),
      )
      .finally(() => this.#decoding.delete(wanted));
  }

  #keep(frame: Frame, wanted: Wanted): void {
    if (this.#isClosed) return;
    this.#cache.put(keyOf(wanted), frame);
    this.#events.arrived(frame);
  }

  /** Wait for the answer to a new request; return its id. */
  #start(wanted: Wanted, tries: number): number {
    const id = this.#nextId++;
    const timer = setTimeout(() => this.#retry(id), RETRY_AFTER_MS);
    this.#flights.set(id, { wanted, sentAt: performance.now(), tries, timer });
    return id;
  }

  #retry(id: number): void {
    const flight = this.#land(id);
    if (!flight) return;
    this.#send({ kind: "cancel", ids: [id] });
    const { wanted, tries } = flight;
    if (tries < MOST_TRIES) this.ask([wanted.frame], wanted, tries + 1);
    else this.#events.failed("the kernel does not answer; is it busy or has it stopped?");
  }

  #land(id: number): Flight | undefined {
    const flight = this.#flights.get(id);
    if (flight) clearTimeout(flight.timer);
    this.#flights.delete(id);
    return flight;
  }
}

function keyOf({
  movie,
  frame,
  place,
  window,
}: Pick<Wanted, "movie" | "frame" | "place" | "window">): string {
  const { start, shape, step } = place;
  return [movie, frame, ...start, ...shape, step, ...(window ?? [])].join();
}
