// A box of voxels of one level, filled brick by brick.
//
// Bricks stay in the messages that brought them until somebody needs the box in one piece: slices are
// cut from the bricks, so that what is only streamed and sliced is neither allocated nor copied again.

import { axisIndex, type Plane, voxelCount } from "../geometry.ts";
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

interface Brick {
  box: Box;
  voxels: Voxels;
}

/** Where voxels go: the index of the level's first voxel, and the steps along z, y, x. */
interface Layout {
  offset: number;
  strides: Triple;
}

/** The parts of a box that cut a slice; null when they cover it. Other pixels, another version. */
export interface Filling {
  parts: Box[] | null;
  version: number;
}

export class VoxelBox {
  /** Grows with every change, so that drawings know when they are stale. */
  version = 0;
  /** Parts that hold voxels, in the level's indices; null when all of the box does. */
  covered: Box[] | null = [];
  readonly bytes: number;
  /** In the order in which they came; null once the box is in one piece. */
  #bricks: Brick[] | null = [];
  #whole: Voxels | null = null;
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
    this.bytes = count * components * DTYPES[dtype].BYTES_PER_ELEMENT;
    this.#missing = count;
  }

  /** All voxels in C order, 0 where none has come; the box is put in one piece for it. */
  get voxels(): Voxels {
    this.#whole ??= new DTYPES[this.dtype](voxelCount(this.box.shape) * this.components);
    const pieces = this.#bricks ?? [];
    this.#bricks = null;
    for (const piece of pieces) this.#copy(piece, piece.box, this.#whole, this.#layout);
    return this.#whole;
  }

  /** What of a slice is there; `index` counts from the first slice of the box. */
  filling(across: 0 | 1 | 2, index: number): Filling {
    const slice: Box = { start: [...this.box.start], shape: [...this.box.shape] };
    slice.start[across] += index;
    slice.shape[across] = 1;
    const parts = (this.covered ?? []).filter((part) => commonBox(part, slice));
    const size = voxelCount(slice.shape);
    const isWhole = ({ shape, start }: Box) =>
      voxelCount(commonBox({ shape, start }, slice)?.shape ?? [0, 0, 0]) === size;
    // what comes again later is the same
    if (!this.covered || parts.some(isWhole)) return { parts: null, version: -1 };
    return { parts, version: parts.length };
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
    if (voxels.length !== voxelCount(brick.shape) * this.components) {
      throw new TypeError(`a brick of ${brick.shape} came with ${voxels.length} values`);
    }
    const piece = { box: { start: brick.start, shape: brick.shape }, voxels };
    if (this.#bricks) this.#bricks.push(piece);
    else this.#copy(piece, brick, this.voxels, this.#layout);
    this.covered?.push(piece.box);
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
    for (const { box, voxels } of this.#pieces.toReversed()) {
      if (!commonBox(index, box)) continue;
      const { offset, strides } = layoutOf(box, this.components);
      return voxels[offset + z * strides[0] + y * strides[1] + x * strides[2]] ?? null;
    }
    return null;
  }

  /**
   * The voxels of one slice, rows along the plane's down axis.
   *
   * @param index of the slice in the box
   */
  slice({ across, right, down }: Plane, index: number): Voxels {
    const at = axisIndex(across);
    const part: Box = { start: [...this.box.start], shape: [...this.box.shape] };
    part.start[at] += index;
    part.shape[at] = 1;
    const columns = part.shape[axisIndex(right)];
    const strides: Triple = [0, 0, 0];
    strides[axisIndex(right)] = this.components;
    strides[axisIndex(down)] = this.components * columns;
    const target = new DTYPES[this.dtype](voxelCount(part.shape) * this.components);
    const layout = { offset: -along(strides, part.start), strides };
    for (const piece of this.#pieces) {
      const common = commonBox(piece.box, part);
      if (common) this.#copy(piece, common, target, layout);
    }
    return target;
  }

  get #pieces(): Brick[] {
    return this.#bricks ?? [{ box: this.box, voxels: this.voxels }];
  }

  get #layout(): Layout {
    return layoutOf(this.box, this.components);
  }

  /** Copy a part of a brick, in the level's indices; rows at once where they stay together. */
  #copy({ box, voxels }: Brick, part: Box, target: Voxels, to: Layout): void {
    const n = this.components;
    const from = layoutOf(box, n);
    const [depth, height, width] = part.shape;
    const first = from.offset + along(from.strides, part.start);
    const firstTo = to.offset + along(to.strides, part.start);
    const step = to.strides[2];
    for (let z = 0; z < depth; z++) {
      for (let y = 0; y < height; y++) {
        const row = first + z * from.strides[0] + y * from.strides[1];
        const rowTo = firstTo + z * to.strides[0] + y * to.strides[1];
        if (step === n) {
          target.set(voxels.subarray(row, row + width * n), rowTo);
          continue;
        }
        for (let x = 0; x < width; x++) {
          const [i, k] = [row + x * n, rowTo + x * step];
          for (let c = 0; c < n; c++) target[k + c] = voxels[i + c] as number;
        }
      }
    }
  }
}

/** C order. */
function layoutOf({ start, shape }: Box, components: number): Layout {
  const [, height, width] = shape;
  const strides: Triple = [height * width * components, width * components, components];
  return { offset: -along(strides, start), strides };
}

function along(strides: Triple, index: Triple): number {
  return strides[0] * index[0] + strides[1] * index[1] + strides[2] * index[2];
}

/** Voxels of boxes on one grid, those of one place beside each other; of one box, its own. */
export function interleave(boxes: VoxelBox[]): Voxels {
  const [first, ...others] = boxes;
  if (!first) throw new RangeError("there is nothing to interleave");
  if (others.length === 0) return first.voxels;
  const count = boxes.length;
  const mixed = new DTYPES[first.dtype](first.voxels.length * count);
  boxes.forEach(({ voxels }, k) => {
    for (let i = 0, to = k; i < voxels.length; i++, to += count) mixed[to] = voxels[i] as number;
  });
  return mixed;
}
