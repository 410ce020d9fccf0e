// Loads the result of an operation over the region, box by box as the kernel finishes them.

import { voxelCount } from "../geometry.ts";
import { type Box, DTYPES, type PreviewInfo, type Triple } from "../messages.ts";
import { commonBox, cutIntoBricks } from "./bricks.ts";
import type { Job, Scheduler } from "./scheduler.ts";
import { VoxelBox } from "./voxel_box.ts";

/** A slow operation makes no more blocks than that between two states: each is asked for. */
const FEW = 4;
/** Preview bricks overtake everything: somebody is moving a slider. */
const URGENT = -1e12;

export class PreviewLoader {
  readonly box: VoxelBox;
  info: PreviewInfo;
  error = "";
  /** Boxes of `info.ready` that were looked at. */
  #seen = 0;
  #order = 0;
  #open = 0;
  /** What is asked for once all of it is ready: messages cost more than their bytes. */
  #bricks: { brick: Box; missing: number }[];
  /** Ready blocks that were not asked for. */
  #waiting: Box[] = [];
  #isSlow = false;

  constructor(
    info: PreviewInfo,
    readonly scheduler: Scheduler,
    readonly changed: () => void,
  ) {
    this.info = info;
    const whole: Box = { start: [0, 0, 0], shape: info.level.shape };
    this.box = new VoxelBox(info.level, 0, whole, info.dtype, 1);
    this.#bricks = this.#cut(whole).map((brick) => ({ brick, missing: voxelCount(brick.shape) }));
    this.update(info);
  }

  /** Whether any result has arrived; before, there is nothing to draw over the source. */
  get hasVoxels(): boolean {
    return this.box.hasVoxels;
  }

  /** All boxes that the kernel announced have been drawn, and no more will come. */
  get isComplete(): boolean {
    return this.info.complete && this.#open === 0;
  }

  /** Take a newer state of the same preview: ask for what became ready. */
  update(info: PreviewInfo): void {
    this.info = info;
    const fresh = info.ready.slice(this.#seen);
    this.#seen = info.ready.length;
    const slices = fresh.filter((box) => isSlice(box, info.level.shape));
    const blocks = fresh.filter((box) => !slices.includes(box));
    this.#waiting.push(...blocks);
    for (const block of blocks) this.#count(block);
    const areFew = blocks.length > 0 && blocks.length <= FEW;
    this.#isSlow ||= areFew && slices.length === 0 && !info.complete;
    // slices on screen are wanted at once; all else comes in bricks, of a slow operation in blocks
    const due = this.#isSlow ? this.#waiting.flatMap((box) => this.#cut(box)) : this.#takeBricks();
    this.#request([...slices.flatMap((box) => this.#cut(box)), ...due]);
    if (this.#isSlow) this.#waiting = [];
    if (this.isComplete && this.hasVoxels) this.box.finish();
  }

  close(): void {
    this.scheduler.drop((job) => job.owner === this);
  }

  /** Bricks of which all is ready; blocks in them need not be asked for any more. */
  #takeBricks(): Box[] {
    const isDue = ({ missing }: { missing: number }) => this.info.complete || missing <= 0;
    const due = this.#bricks.filter(isDue).map(({ brick }) => brick);
    this.#bricks = this.#bricks.filter((each) => !isDue(each));
    this.#waiting = this.#waiting.filter((box) =>
      this.#bricks.some(({ brick }) => commonBox(box, brick)),
    );
    return due;
  }

  #cut(box: Box): Box[] {
    return cutIntoBricks(box, DTYPES[this.info.dtype].BYTES_PER_ELEMENT);
  }

  #count(box: Box): void {
    for (const each of this.#bricks) {
      const common = commonBox(box, each.brick);
      if (common) each.missing -= voxelCount(common.shape);
    }
  }

  #request(bricks: Box[]): void {
    this.#open += bricks.length;
    const jobs = bricks.map((brick): Job => {
      const settle = () => {
        this.#open -= 1;
        if (this.isComplete) this.box.finish();
        this.changed();
      };
      return {
        ...brick,
        image: this.info.id,
        owner: this,
        target: this.box,
        level: 0,
        time: 0,
        channel: 0,
        priority: URGENT + this.#order++,
        done: (reply) => {
          this.box.write(brick, reply.kind === "chunk" ? reply.voxels : null);
          settle();
        },
        failed: (message) => {
          this.error = message;
          settle();
        },
      };
    });
    this.scheduler.add(jobs);
  }
}

/** Whether a box is a slice of what has more of them. */
function isSlice(box: Box, whole: Triple): boolean {
  return box.shape.some((side, i) => side === 1 && (whole[i] ?? 1) > 1);
}
