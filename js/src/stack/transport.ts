// How playing frames travel: as they are, or as JPEG of a quality that the link carries.

/** Smaller messages tell of the round trip, larger ones of the bandwidth. */
const LARGE_BYTES = 2 ** 16;
/** Weight of the newest measurement. */
const NEWEST = 0.3;
/** Raw frames are compressed if carrying one takes more than this share of the time between two. */
const BUSY = 0.8;
/** Share that carrying a compressed one may take: with two in flight the rest is for the way. */
const CARRIED = 0.55;
/** Compressed frames go on until raw ones would take so little of the time. */
const CALM = 0.4;
/** Compressed frames must come in less than such a share of the time that raw ones take. */
const GAIN = 0.5;
/** So many compressed frames are tried before they are judged, and a raw one is tried again. */
const TRIED = 8;
/** Later raw frames are tried when compressed ones have come for so many times what one takes. */
const PATIENCE = 40;
/** The most that a compressed frame may have, in bytes. */
const MOST_COMPRESSED = 60_000;
/** A frame is made a little smaller than it may be: some have more in them than others. */
const CAUTION = 0.95;
/** Exact pixels are packed where raw ones would be on their way for longer, in milliseconds. */
const LONG_MS = 40;
const QUALITIES = { lowest: 15, usual: 60, highest: 90 };

export type TransportMode = "auto" | "raw" | "compressed";

/** Of a frame, in milliseconds: when it was asked for, when it came, and when it was decoded. */
export interface Times {
  sentAt: number;
  cameAt: number;
  doneAt: number;
}

export class Transport {
  /** Bytes a second; 0 until something large has come. */
  bandwidth = 0;
  /** Milliseconds from a request to its answer. */
  latency = 0;
  #quality = QUALITIES.usual;
  #budget = MOST_COMPRESSED;
  #isCompressing = false;
  /** Compressed frames until a raw one is tried, whatever the time. */
  #untilTrial = TRIED;
  /** Milliseconds from one compressed frame to the next, and how many were counted. */
  #compressedMs = 0;
  #compressed = 0;
  #lastDone = Number.NEGATIVE_INFINITY;
  /** When the bandwidth was measured last or a raw frame tried, or frames not compressed yet. */
  #measuredAt = 0;

  /** An answer came to a request and was decoded; quality 0 for raw frames. */
  measure(bytes: number, { sentAt, cameAt, doneAt }: Times, quality: number): void {
    // what was asked for behind another answer only began to travel when that had come
    const busy = Math.max(doneAt - Math.max(sentAt, this.#lastDone), 0.1);
    this.#lastDone = doneAt;
    this.latency = mixed(this.latency, cameAt - sentAt);
    if (bytes >= LARGE_BYTES) {
      const measured = (1000 * bytes) / busy;
      // a trial counts alone: before it a page or a file may have been busy with being opened
      this.bandwidth = this.#isCompressing ? measured : mixed(this.bandwidth, measured);
      this.#measuredAt = doneAt;
    }
    if (quality > 0) {
      this.#compressedMs = mixed(this.#compressedMs, busy);
      this.#compressed += 1;
      this.#untilTrial -= 1;
      this.#learn(bytes, quality);
    }
  }

  /** How exact pixels of so many raw bytes travel best. */
  exactEncoding(rawBytes: number): "raw" | "packed" {
    return this.bandwidth > 0 && (1000 * rawBytes) / this.bandwidth > LONG_MS ? "packed" : "raw";
  }

  /** Quality of the next playing frame, of so many bytes if it is raw; 0 for raw. */
  qualityFor(rawBytes: number, rate: number, mode: TransportMode, now: number): number {
    const rawMs = this.bandwidth > 0 ? (1000 * rawBytes) / this.bandwidth : 0;
    const share = (rawMs * rate) / 1000;
    if (mode === "auto") {
      const isBusy = share > (this.#isCompressing ? CALM : BUSY);
      if (!this.#isCompressing) this.#postponeTrial(now, TRIED);
      this.#isCompressing = isBusy && this.#isWorthIt(rawMs);
      // a page that was busy when it opened made the link look slow, and small frames do not tell
      if (this.#untilTrial <= 0 || now - this.#measuredAt > PATIENCE * rawMs) {
        this.#postponeTrial(now, Number.POSITIVE_INFINITY);
        return 0;
      }
    }
    if (mode === "raw" || (mode === "auto" && !this.#isCompressing)) return 0;
    const carried = this.bandwidth > 0 ? (CARRIED * this.bandwidth) / rate : MOST_COMPRESSED;
    this.#budget = Math.min(carried, MOST_COMPRESSED);
    return this.#quality;
  }

  /** Try a raw frame after so many compressed ones, or after a while. */
  #postponeTrial(now: number, frames: number): void {
    this.#measuredAt = now;
    this.#untilTrial = frames;
  }

  /** A page that is busy with all else, or the kernel, delays small frames as much as large ones. */
  #isWorthIt(rawMs: number): boolean {
    return this.#compressed < TRIED || this.#compressedMs < GAIN * rawMs;
  }

  #learn(bytes: number, quality: number): void {
    // below quality 75 the bytes of a JPEG are about in proportion to it
    const fitting = (quality * this.#budget * CAUTION) / bytes;
    const next = Math.round(mixed(this.#quality, fitting));
    this.#quality = Math.min(Math.max(next, QUALITIES.lowest), QUALITIES.highest);
  }
}

function mixed(before: number, now: number): number {
  return before === 0 ? now : (1 - NEWEST) * before + NEWEST * now;
}
