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

interface Change {
  version: number;
  brick: Box;
}

export class VoxelBox {
  readonly voxels: Voxels;
  /** Grows with every change, so that drawings know when they are stale. */
  version = 0;
  /** Parts that hold voxels, in the level's indices; null when all of the box does. */
  covered: Box[] | null = [];
  #missing: number;
  #hasHoles = false;
  #changes: Change[] = [];

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
    this.#note(brick);
  }

  /** Everything that will come has come. */
  finish(): void {
    if (!this.#hasHoles) this.covered = null;
  }

  /** Bricks written after a version, or null when more than bricks has changed since. */
  changesSince(version: number): Box[] | null {
    const first = this.#changes[0];
    if (!first || first.version > version + 1) return version === this.version ? [] : null;
    return this.#changes.filter((change) => change.version > version).map(({ brick }) => brick);
  }

  /** Show another box's voxels, nearest neighbour, until bricks arrive. */
  fillFrom(other: VoxelBox): void {
    const [zs, ys, xs] = this.#mapsTo(other);
    const n = this.components;
    const [, height, width] = this.box.shape;
    for (const part of this.#partsCoveredBy(other)) {
      const [z0, y0, x0] = part.start.map((s, i) => s - (this.box.start[i] ?? 0)) as Triple;
      const [depth, rows, columns] = part.shape;
      for (let z = z0; z < z0 + depth; z++) {
        for (let y = y0; y < y0 + rows; y++) {
          const to = ((z * height + y) * width + x0) * n;
          const isLikeRowBefore = y > y0 && ys[y] === ys[y - 1];
          if (isLikeRowBefore) {
            this.voxels.copyWithin(to, to - width * n, to - width * n + columns * n);
          } else {
            const from = other.#offset(zs[z] as number, ys[y] as number, 0);
            this.#fillRow(to, other.voxels, from, xs.subarray(x0, x0 + columns));
          }
        }
      }
      this.#cover(part);
    }
    this.version += 1;
    this.#changes = [];
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

  #fillRow(to: number, source: Voxels, from: number, xs: Int32Array): void {
    const n = this.components;
    const voxels = this.voxels;
    for (let x = 0, k = to; x < xs.length; x++) {
      const at = from + (xs[x] as number) * n;
      for (let c = 0; c < n; c++, k++) voxels[k] = source[at + c] as number;
    }
  }

  /** Parts of this box for which another box has voxels. */
  #partsCoveredBy(other: VoxelBox): Box[] {
    const maps = this.#mapsTo(other);
    const parts: Box[] = [];
    for (const covered of other.covered ?? [other.box]) {
      const start: Triple = [0, 0, 0];
      const shape: Triple = [0, 0, 0];
      maps.forEach((map, i) => {
        const axis = i as 0 | 1 | 2;
        const low = covered.start[axis] - other.box.start[axis];
        const isInside = (index: number) => index >= low && index < low + covered.shape[axis];
        const first = map.findIndex(isInside);
        start[axis] = first + this.box.start[axis];
        shape[axis] = first < 0 ? 0 : map.findLastIndex(isInside) - first + 1;
      });
      if (voxelCount(shape) > 0) parts.push({ start, shape });
    }
    return parts;
  }

  #cover(part: Box): void {
    const isWhole = voxelCount(part.shape) === voxelCount(this.box.shape);
    if (isWhole) this.covered = null;
    else this.covered?.push(part);
  }

  #note(brick: Box): void {
    this.version += 1;
    this.#changes.push({ version: this.version, brick });
  }

  #offset(z: number, y: number, x: number): number {
    return ((z * this.box.shape[1] + y) * this.box.shape[2] + x) * this.components;
  }

  /** For each voxel along an axis the index in the other box, -1 where it has none. */
  #mapsTo(other: VoxelBox): [Int32Array, Int32Array, Int32Array] {
    return [0, 1, 2].map((axis) => {
      const i = axis as 0 | 1 | 2;
      const map = new Int32Array(this.box.shape[i]);
      for (let k = 0; k < map.length; k++) {
        const position = this.origin[i] + k * this.level.spacing[i];
        const index = Math.floor((position - other.origin[i]) / other.level.spacing[i] + 0.5);
        map[k] = index >= 0 && index < other.box.shape[i] ? index : -1;
      }
      return map;
    }) as [Int32Array, Int32Array, Int32Array];
  }
}
