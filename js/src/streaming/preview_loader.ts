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
  /** Whether any result has arrived; before, there is nothing to draw over the source. */
  hasVoxels = false;
  #asked = 0;
  #open = 0;

  constructor(
    info: PreviewInfo,
    readonly scheduler: Scheduler,
    readonly changed: () => void,
    before: PreviewLoader | null,
    source: VoxelBox[],
  ) {
    this.info = info;
    const whole: Box = { start: [0, 0, 0], shape: info.level.shape };
    this.box = new VoxelBox(info.level, 0, whole, info.dtype, 1);
    for (const box of source) this.box.fillFrom(box);
    if (before) {
      this.box.fillFrom(before.box);
      this.hasVoxels = before.hasVoxels;
    }
    this.update(info);
  }

  /** All boxes that the kernel announced have been drawn, and no more will come. */
  get isComplete(): boolean {
    return this.info.complete && this.#open === 0;
  }

  /** Take a newer state of the same preview: ask for the boxes that became ready. */
  update(info: PreviewInfo): void {
    this.info = info;
    for (const box of info.ready.slice(this.#asked)) this.#request(box);
    this.#asked = info.ready.length;
  }

  close(): void {
    this.scheduler.drop((job) => job.image === this.info.id);
  }

  #request(box: Box): void {
    const bricks = cutIntoBricks(box, DTYPES[this.info.dtype].BYTES_PER_ELEMENT);
    this.#open += bricks.length;
    const order = this.#asked;
    const jobs = bricks.map((brick, i): Job => {
      const settle = () => {
        this.#open -= 1;
        this.changed();
      };
      return {
        ...brick,
        image: this.info.id,
        level: 0,
        time: 0,
        channel: 0,
        priority: URGENT + order * 1e6 + i,
        done: (reply) => {
          this.box.write(brick, reply.kind === "chunk" ? reply.voxels : null);
          this.hasVoxels = true;
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
