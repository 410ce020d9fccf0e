// Loads the result of an operation over the region, box by box as the kernel finishes them.

import type { Box, PreviewInfo } from "../messages.ts";
import { DTYPES } from "../messages.ts";
import { cutIntoBricks } from "./bricks.ts";
import type { Job, Scheduler } from "./scheduler.ts";
import { VoxelBox } from "./voxel_box.ts";

/** Preview bricks overtake everything: somebody is moving a slider. */
const URGENT = -1e12;

export class PreviewLoader {
  readonly box: VoxelBox;
  info: PreviewInfo;
  error = "";
  #asked = 0;
  #open = 0;

  constructor(
    info: PreviewInfo,
    readonly scheduler: Scheduler,
    readonly changed: () => void,
  ) {
    this.info = info;
    const whole: Box = { start: [0, 0, 0], shape: info.level.shape };
    this.box = new VoxelBox(info.level, 0, whole, info.dtype, 1);
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

  /** Take a newer state of the same preview: ask for the boxes that became ready. */
  update(info: PreviewInfo): void {
    this.info = info;
    const fresh = info.ready.slice(this.#asked);
    fresh.forEach((box, i) => {
      this.#request(box, this.#asked + i);
    });
    this.#asked = info.ready.length;
    if (this.isComplete && this.hasVoxels) this.box.finish();
  }

  close(): void {
    this.scheduler.drop((job) => job.owner === this);
  }

  #request(box: Box, order: number): void {
    const bricks = cutIntoBricks(box, DTYPES[this.info.dtype].BYTES_PER_ELEMENT);
    this.#open += bricks.length;
    const jobs = bricks.map((brick, i): Job => {
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
        priority: URGENT + order * 1e6 + i,
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
