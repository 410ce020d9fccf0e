// What was on screen lately, such as voxels of slice tiles, within a number of bytes.

import type { Voxels } from "../messages.ts";

export const CACHE_BYTES = 2 ** 25;

export class TileCache<T extends { byteLength: number } = Voxels> {
  #tiles = new Map<string, T | null>();
  #bytes = 0;

  constructor(readonly limit = CACHE_BYTES) {}

  get bytes(): number {
    return this.#bytes;
  }

  /** The voxels of a tile, null for one without data, undefined for an unknown one. */
  get(key: string): T | null | undefined {
    const voxels = this.#tiles.get(key);
    if (voxels === undefined) return undefined;
    this.#tiles.delete(key);
    this.#tiles.set(key, voxels);
    return voxels;
  }

  /** Keep a tile; those that were not asked for longest make room. */
  put(key: string, voxels: T | null): void {
    this.#forget(key);
    this.#tiles.set(key, voxels);
    this.#bytes += voxels?.byteLength ?? 0;
    for (const oldest of this.#tiles.keys()) {
      if (this.#bytes <= this.limit) return;
      this.#forget(oldest);
    }
  }

  #forget(key: string): void {
    this.#bytes -= this.#tiles.get(key)?.byteLength ?? 0;
    this.#tiles.delete(key);
  }
}
