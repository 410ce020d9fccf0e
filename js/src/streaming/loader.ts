// Loads one layer: its coarsest level whole, then finer within the budget, then the region's detail.

import { resolveRoi, voxelAt, voxelCount } from "../geometry.ts";
import type { Box, LayerInfo, Level, Point, Roi, Triple } from "../messages.ts";
import { brickDistance, commonBox, cutIntoBricks, isOnSlices } from "./bricks.ts";
import { bytesPerVoxel, type LoadPlan, planLevels } from "./levels.ts";
import type { Job, Scheduler } from "./scheduler.ts";
import { VoxelBox } from "./voxel_box.ts";

export interface View {
  roi: Roi;
  crosshair: Point;
  /** Bytes that this layer may take. */
  budget: number;
  /** Level that Python asked for, or -1. */
  asked: number;
  time: number;
  channel: number;
}

/** Order of loading; all bricks of one rank come before those of the next. */
const RANKS = { coarsest: 0, slices: 1, region: 2, rest: 3 };
/** More than the distance of any two voxels. */
const RANK = 1e9;

export class LayerLoader {
  /** Whole image, drawn below. */
  context: VoxelBox | null = null;
  /** The region at a finer level, drawn above. */
  detail: VoxelBox | null = null;
  plan: LoadPlan = { context: 0, detail: null, reason: "" };
  error = "";
  /** Level that was complete before a finer context was begun, -1 while nothing was. */
  #base = -1;
  #view: View;

  constructor(
    readonly info: LayerInfo,
    readonly scheduler: Scheduler,
    view: View,
    readonly changed: () => void,
  ) {
    this.#view = view;
    this.#loadCoarsest();
  }

  get bytesPerVoxel(): number {
    return bytesPerVoxel(this.info);
  }

  get bytes(): number {
    return this.boxes.reduce((sum, box) => sum + box.bytes, 0);
  }

  /** Finest level that is complete over the region, -1 while nothing is. */
  get loadedScale(): number {
    if (this.detail?.isComplete) return this.detail.scale;
    return this.context?.isComplete ? this.context.scale : this.#base;
  }

  /** Boxes to draw, coarse below fine. */
  get boxes(): VoxelBox[] {
    return [this.context, this.detail].filter((box) => box !== null);
  }

  /** Show what another loader has loaded until own bricks arrive. */
  inherit(other: LayerLoader): void {
    const known = other.boxes.at(0);
    if (this.context && known && known.components === this.info.components) {
      this.context.fillFrom(known);
    }
  }

  /** No level is on its way. */
  get isIdle(): boolean {
    return this.boxes.every((box) => box.isComplete);
  }

  /** Something that can be drawn has arrived. */
  get hasVoxels(): boolean {
    return this.boxes.some((box) => box.covered === null || box.covered.length > 0);
  }

  /** Follow the crosshair, the region and the budget; `refine` acts on the latter two. */
  setView(view: View): void {
    const before = this.#view;
    this.#view = view;
    if (view.time !== before.time || view.channel !== before.channel) this.#restart();
    this.scheduler.reprioritize((job) =>
      job.image === this.info.id ? this.#priority(job, job.level) : job.priority,
    );
  }

  /** Choose levels for the view, and load what is not there yet. */
  refine(): void {
    if (!this.context || (!this.context.isComplete && this.#base < 0)) return;
    const { roi, budget, asked } = this.#view;
    this.plan = planLevels(this.info.levels, roi, this.bytesPerVoxel, budget, asked);
    this.#refineContext(this.context);
    this.#refineDetail();
    this.changed();
  }

  close(): void {
    this.scheduler.drop((job) => job.image === this.info.id);
  }

  #restart(): void {
    this.close();
    const old = this.context;
    this.detail = null;
    this.#base = -1;
    const context = this.#loadCoarsest();
    if (old) context.fillFrom(old);
  }

  #loadCoarsest(): VoxelBox {
    const scale = this.info.levels.length - 1;
    const box = this.#newBox(scale, { start: [0, 0, 0], shape: this.#level(scale).shape });
    this.context = box;
    this.#request(box, () => this.refine());
    return box;
  }

  #refineContext(current: VoxelBox): void {
    const scale = this.plan.context;
    if (current.scale === scale || (current.scale < scale && this.#fits(current))) return;
    if (current.isComplete) this.#base = Math.max(current.scale, scale);
    this.#drop(current);
    const box = this.#newBox(scale, { start: [0, 0, 0], shape: this.#level(scale).shape });
    box.fillFrom(current);
    this.context = box;
    this.#request(box, () => this.refine());
  }

  /** A context that is finer than planned is kept while the budget has room for it. */
  #fits(context: VoxelBox): boolean {
    const detail = this.plan.detail;
    const needed = detail ? voxelCount(detail.box.shape) * this.bytesPerVoxel : 0;
    return this.#view.asked < 0 && context.bytes + needed <= this.#view.budget;
  }

  #refineDetail(): void {
    const wanted = this.plan.detail;
    const have = this.detail;
    const isFineAlready = this.context && wanted && this.context.scale <= wanted.level;
    if (!wanted || isFineAlready) {
      this.#drop(have);
      this.detail = null;
      return;
    }
    const same = (a: Box, b: Box) => `${a.start},${a.shape}` === `${b.start},${b.shape}`;
    if (have && have.scale === wanted.level && same(have.box, wanted.box)) return;
    this.#drop(have);
    const box = this.#newBox(wanted.level, wanted.box);
    if (this.context) box.fillFrom(this.context);
    if (have) box.fillFrom(have);
    this.detail = box;
    this.#request(box, () => this.changed());
  }

  /** Ask no more for the bricks of a box. */
  #drop(box: VoxelBox | null): void {
    if (box) this.scheduler.drop((job) => job.target === box);
  }

  #newBox(scale: number, box: Box): VoxelBox {
    const { dtype, components } = this.info;
    return new VoxelBox(this.#level(scale), scale, box, dtype, components);
  }

  #request(box: VoxelBox, complete: () => void): void {
    const jobs = cutIntoBricks(box.box, this.bytesPerVoxel).map((brick): Job => {
      return {
        ...brick,
        image: this.info.id,
        target: box,
        level: box.scale,
        time: Math.min(this.#view.time, this.info.times - 1),
        channel: Math.min(this.#view.channel, this.info.channels - 1),
        priority: this.#priority(brick, box.scale),
        done: (reply) => {
          box.write(brick, reply.kind === "chunk" ? reply.voxels : null);
          if (box.isComplete) {
            box.finish();
            complete();
          }
          this.changed();
        },
        failed: (message) => {
          this.error = message;
          this.changed();
        },
      };
    });
    this.scheduler.add(jobs);
  }

  #priority(brick: Box, scale: number): number {
    const level = this.#level(scale);
    const { crosshair, roi } = this.#view;
    const centre: Triple = [
      voxelAt(level, "z", crosshair.z),
      voxelAt(level, "y", crosshair.y),
      voxelAt(level, "x", crosshair.x),
    ];
    const rank = this.#rank(brick, scale, centre, resolveRoi(roi, level));
    return rank * RANK + brickDistance(brick, centre);
  }

  #rank(brick: Box, scale: number, centre: Triple, region: Box): number {
    if (scale === this.info.levels.length - 1) return RANKS.coarsest;
    if (isOnSlices(brick, centre)) return RANKS.slices;
    const isBelowDetail = this.plan.detail !== null && scale !== this.plan.detail.level;
    return commonBox(brick, region) && !isBelowDetail ? RANKS.region : RANKS.rest;
  }

  #level(scale: number): Level {
    const level = this.info.levels[scale];
    if (!level) throw new RangeError(`${this.info.name} has no scale ${scale}`);
    return level;
  }
}
