// A box of voxels of one level, filled brick by brick.

import { voxelCount } from "../geometry.ts";
import {
  type Box,
  DTYPES,
  type DtypeName,
  type Level,
  type Triple,
  type Voxels,
} from "../messages.ts";

export class VoxelBox {
  readonly voxels: Voxels;
  /** Grows with every change, so that drawings know when they are stale. */
  version = 0;
  #missing: number;

  constructor(
    readonly level: Level,
    readonly scale: number,
    readonly box: Box,
    readonly dtype: DtypeName,
    readonly components: number,
  ) {
    const count = voxelCount(box.shape);
    this.voxels = new DTYPES[dtype](count * components);
    this.#missing = count;
  }

  get bytes(): number {
    return this.voxels.byteLength;
  }

  get isComplete(): boolean {
    return this.#missing <= 0;
  }

  /** Frame position of the centre of the first voxel, in z, y, x order. */
  get origin(): Triple {
    return this.box.start.map(
      (start, i) => (this.level.origin[i] ?? 0) + start * (this.level.spacing[i] ?? 1),
    ) as Triple;
  }

  /** Put a brick (in the level's indices) in place; a missing chunk leaves what is there. */
  write(brick: Box, voxels: Voxels | null): void {
    this.#missing -= voxelCount(brick.shape);
    this.version += 1;
    if (!voxels) return;
    const [, height, width] = this.box.shape;
    const [z0, y0, x0] = brick.start.map((start, i) => start - (this.box.start[i] ?? 0)) as Triple;
    const [depth, rows, columns] = brick.shape;
    const row = columns * this.components;
    for (let z = 0; z < depth; z++) {
      for (let y = 0; y < rows; y++) {
        const from = (z * rows + y) * row;
        const to = (((z0 + z) * height + y0 + y) * width + x0) * this.components;
        this.voxels.set(voxels.subarray(from, from + row), to);
      }
    }
  }

  /** Show another box's voxels, nearest neighbour, until bricks arrive. */
  fillFrom(other: VoxelBox): void {
    const maps = [0, 1, 2].map((i) => this.#nearestIn(other, i as 0 | 1 | 2));
    const [zs, ys, xs] = maps as [Int32Array, Int32Array, Int32Array];
    const n = this.components;
    let to = 0;
    for (const z of zs) {
      for (const y of ys) {
        for (const x of xs) {
          const from = x < 0 || y < 0 || z < 0 ? -1 : other.#offset(z, y, x);
          for (let c = 0; c < n; c++, to++) {
            if (from >= 0) this.voxels[to] = other.voxels[from + c] ?? 0;
          }
        }
      }
    }
    this.version += 1;
  }

  /** First component of the voxel at an index of the level, or null outside the box. */
  valueAt(z: number, y: number, x: number): number | null {
    const [dz, dy, dx] = [z, y, x].map((v, i) => v - (this.box.start[i] ?? 0)) as Triple;
    const inside = [dz, dy, dx].every((v, i) => v >= 0 && v < (this.box.shape[i] ?? 0));
    return inside ? (this.voxels[this.#offset(dz, dy, dx)] ?? null) : null;
  }

  #offset(z: number, y: number, x: number): number {
    return ((z * this.box.shape[1] + y) * this.box.shape[2] + x) * this.components;
  }

  /** For each voxel along an axis the index in the other box, -1 where it has none. */
  #nearestIn(other: VoxelBox, i: 0 | 1 | 2): Int32Array {
    const map = new Int32Array(this.box.shape[i]);
    for (let k = 0; k < map.length; k++) {
      const position = this.origin[i] + k * this.level.spacing[i];
      const index = Math.floor((position - other.origin[i]) / other.level.spacing[i] + 0.5);
      map[k] = index >= 0 && index < other.box.shape[i] ? index : -1;
    }
    return map;
  }
}
