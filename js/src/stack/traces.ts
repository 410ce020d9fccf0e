// The traces of the regions, as far as they have come.

import type { StackInfo, ToStackKernel, TracesReply } from "./frame_messages.ts";
import type { Roi } from "./roi_geometry.ts";

export class Traces {
  /** Grows with every piece that comes. */
  version = 0;
  /** Share that is known, 0 to 1. */
  done = 1;
  #send: (message: ToStackKernel) => void;
  #curves = new Map<string, { values: Float64Array; geometry: string }>();
  #geometries = new Map<string, string>();
  #movie = "";

  constructor(send: (message: ToStackKernel) => void) {
    this.#send = send;
  }

  /** Follow the set of regions; the first one asks the kernel for traces. */
  follow(movie: string, rois: Roi[]): void {
    if (rois.length > 0 && movie !== this.#movie) {
      this.#movie = movie;
      this.#curves.clear();
      this.#send({ kind: "traces", movie });
    }
    this.#geometries = new Map(rois.map((roi) => [roi.id, geometryOf(roi)]));
    for (const [id, { geometry }] of this.#curves) {
      if (this.#geometries.get(id) === geometry) continue;
      this.#curves.delete(id);
      this.version += 1;
    }
  }

  /** One value per frame, NaN where it is not known yet; null before anything has come. */
  get(id: string): Float64Array | null {
    return this.#curves.get(id)?.values ?? null;
  }

  /** Keep a piece; it may come before its region was drawn, and is not sent again. */
  take(reply: TracesReply, info: StackInfo, rois: Roi[]): void {
    const { movie, ids, start, stop, values, done } = reply;
    this.follow(info.id, rois);
    if (movie !== info.id || movie !== this.#movie) return;
    const length = stop - start;
    ids.forEach((id, row) => {
      const geometry = this.#geometries.get(id);
      if (geometry === undefined) return;
      const curve = this.#curves.get(id)?.values ?? new Float64Array(info.frames).fill(Number.NaN);
      curve.set(values.subarray(row * length, (row + 1) * length), start);
      this.#curves.set(id, { values: curve, geometry });
    });
    this.done = done;
    this.version += 1;
  }
}

/** What decides which pixels belong to a region. */
function geometryOf({ kind, points, angle, rings }: Roi): string {
  return JSON.stringify([kind, points, angle, rings]);
}
