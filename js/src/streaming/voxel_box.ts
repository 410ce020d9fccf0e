// A box of voxels of one level, filled brick by brick.

import { axisIndex, voxelCount } from "../geometry.ts";
import {
  type Axis,
  type Box,
  DTYPES,
  type DtypeName,
  type Level,
  type Triple,
  type Voxels,
} from "../messages.ts";
import { commonBox } from "./bricks.ts";

export class VoxelBox {
  readonly voxels: Voxels;
  /** Grows with every change, so that drawings know when they are stale. */
  version = 0;
  /** Parts that hold voxels, in the level's indices; null when all of the box does. */
  covered: Box[] | null = [];
  #missing: number;
  #hasHoles = false;

  constructor(
    readonly level: Level,
    readonly scale: number,
    readonly box: Box,
    readonly dtype: DtypeName,
    readonly components: number,
    /** A slice is what one plane shows; only that plane has it. */
    readonly role: "volume" | "slice" = "volume",
  ) {
    const count = voxelCount(box.shape);
    this.voxels = new DTYPES[dtype](count * components);
    this.#missing = count;
  }

  get bytes(): number {
    return this.voxels.byteLength;
  }

  /** Something that can be drawn has arrived. */
  get hasVoxels(): boolean {
    return this.covered === null || this.covered.length > 0;
  }

  /** Every voxel was answered, be it with a missing chunk. */
  get isComplete(): boolean {
    return this.#missing <= 0;
  }

  /** Frame position of the centre of the first voxel, in z, y, x order. */
  get origin(): Triple {
    return this.box.start.map(
      (start, i) => (this.level.origin[i] ?? 0) + start * (this.level.spacing[i] ?? 1),
    ) as Triple;
  }

  /** Outer voxel edges along an axis. */
  edges(axis: Axis): [number, number] {
    const i = axisIndex(axis);
    const low = this.origin[i] - 0.5 * this.level.spacing[i];
    return [low, low + this.box.shape[i] * this.level.spacing[i]];
  }

  /** Put a brick (in the level's indices) in place; a missing chunk leaves what is there. */
  write(brick: Box, voxels: Voxels | null): void {
    this.#missing -= voxelCount(brick.shape);
    if (!voxels) {
      this.#hasHoles = true;
      return;
    }
    this.#copyRows(brick, voxels);
    this.covered?.push(brick);
    this.version += 1;
  }

  /** Everything that will come has come. */
  finish(): void {
    if (!this.#hasHoles) this.covered = null;
  }

  /** First component of the voxel at an index of the level, or null where none is loaded. */
  valueAt(z: number, y: number, x: number): number | null {
    const index: Box = { start: [z, y, x], shape: [1, 1, 1] };
    if (!commonBox(index, this.box)) return null;
    if (this.covered && !this.covered.some((part) => commonBox(index, part))) return null;
    const [dz, dy, dx] = [z, y, x].map((v, i) => v - (this.box.start[i] ?? 0)) as Triple;
    return this.voxels[this.#offset(dz, dy, dx)] ?? null;
  }

  #copyRows(brick: Box, voxels: Voxels): void {
    const [, height, width] = this.box.shape;
    const [z0, y0, x0] = brick.start.map((start, i) => start - (this.box.start[i] ?? 0)) as Triple;
    const [depth, rows, columns] = brick.shape;
    const row = columns * this.components;
    if (voxels.length !== depth * rows * row) {
      throw new TypeError(`a brick of ${brick.shape} came with ${voxels.length} values`);
    }
    for (let z = 0; z < depth; z++) {
      for (let y = 0; y < rows; y++) {
        const from = (z * rows + y) * row;
        const to = (((z0 + z) * height + y0 + y) * width + x0) * this.components;
        this.voxels.set(voxels.subarray(from, from + row), to);
      }
    }
  }

  #offset(z: number, y: number, x: number): number {
    return ((z * this.box.shape[1] + y) * this.box.shape[2] + x) * this.components;
  }
}
