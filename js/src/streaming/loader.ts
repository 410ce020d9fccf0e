// Loads one layer: its coarsest level whole, then finer within the budget, then the region's detail.

import { resolveRoi, voxelAt } from "../geometry.ts";
import type { Box, LayerInfo, Level, Point, Roi, Triple } from "../messages.ts";
import { DTYPES } from "../messages.ts";
import { brickPriority, cutIntoBricks, overlaps } from "./bricks.ts";
import { type LoadPlan, planLevels } from "./levels.ts";
import type { Job, Scheduler } from "./scheduler.ts";
import { VoxelBox } from "./voxel_box.ts";

export interface View {
  roi: Roi;
  crosshair: Point;
  budget: number;
  /** Level that Python asked for, or -1. */
  asked: number;
  time: number;
  channel: number;
}

/** Stages of loading: all bricks of one stage are more urgent than those of the next. */
const STAGE = 1e12;

export class LayerLoader {
  /** Whole image, drawn below. */
  context: VoxelBox | null = null;
  /** The region at a finer level, drawn above. */
  detail: VoxelBox | null = null;
  plan: LoadPlan = { context: 0, detail: null, reason: "" };
  error = "";
  #next: VoxelBox | null = null;
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
    return DTYPES[this.info.dtype].BYTES_PER_ELEMENT * this.info.components;
  }

  get bytes(): number {
    const boxes = [this.context, this.detail, this.#next];
    return boxes.reduce((sum, box) => sum + (box?.bytes ?? 0), 0);
  }

  /** Finest level that is complete over the region, -1 while nothing is. */
  get loadedScale(): number {
    if (this.detail?.isComplete) return this.detail.scale;
    return this.context?.isComplete ? this.context.scale : -1;
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

  setView(view: View): void {
    const before = this.#view;
    this.#view = view;
    if (view.time !== before.time || view.channel !== before.channel) this.#restart();
    else if (this.context?.isComplete) this.#refine();
    this.scheduler.reprioritize((job) =>
      job.image === this.info.id ? this.#priority(job, job.level, job.priority) : job.priority,
    );
  }

  close(): void {
    this.scheduler.drop((job) => job.image === this.info.id);
  }

  #restart(): void {
    this.close();
    const old = this.context;
    this.detail = null;
    this.#next = null;
    this.#loadCoarsest();
    if (old) (this.context as VoxelBox | null)?.fillFrom(old);
  }

  #loadCoarsest(): void {
    const scale = this.info.levels.length - 1;
    const level = this.#level(scale);
    const box = this.#newBox(scale, { start: [0, 0, 0], shape: level.shape });
    this.context = box;
    this.#request(box, 0, () => this.#refine());
  }

  /** Choose levels for the view, and load what is not there yet. */
  #refine(): void {
    const { roi, budget, asked } = this.#view;
    this.plan = planLevels(this.info.levels, roi, this.bytesPerVoxel, budget, asked);
    this.#refineContext();
    this.#refineDetail();
    this.changed();
  }

  #refineContext(): void {
    const scale = this.plan.context;
    const current = this.#next ?? this.context;
    if (!this.context || current?.scale === scale || this.context.scale <= scale) return;
    this.scheduler.drop((job) => job.image === this.info.id && job.level !== this.detail?.scale);
    const box = this.#newBox(scale, { start: [0, 0, 0], shape: this.#level(scale).shape });
    box.fillFrom(this.context);
    this.#next = box;
    this.context = box;
    this.#request(box, 1, () => {
      this.#next = null;
      this.#refine();
    });
  }

  #refineDetail(): void {
    const wanted = this.plan.detail;
    const have = this.detail;
    if (!wanted) {
      this.#dropDetail();
      return;
    }
    const same = (a: Box, b: Box) => `${a.start},${a.shape}` === `${b.start},${b.shape}`;
    if (have && have.scale === wanted.level && same(have.box, wanted.box)) return;
    this.#dropDetail();
    const box = this.#newBox(wanted.level, wanted.box);
    if (this.context) box.fillFrom(this.context);
    if (have) box.fillFrom(have);
    this.detail = box;
    this.#request(box, 2, () => this.changed());
  }

  #dropDetail(): void {
    const level = this.detail?.scale;
    this.detail = null;
    if (level !== undefined && level !== this.#next?.scale) {
      this.scheduler.drop((job) => job.image === this.info.id && job.level === level);
    }
  }

  #newBox(scale: number, box: Box): VoxelBox {
    const { dtype, components } = this.info;
    return new VoxelBox(this.#level(scale), scale, box, dtype, components);
  }

  #request(box: VoxelBox, stage: number, complete: () => void): void {
    const isWanted = () => box === this.context || box === this.detail;
    const jobs = cutIntoBricks(box.box, this.bytesPerVoxel).map((brick): Job => {
      const priority = this.#priority(brick, box.scale, stage * STAGE);
      return {
        ...brick,
        image: this.info.id,
        level: box.scale,
        time: Math.min(this.#view.time, this.info.times - 1),
        channel: Math.min(this.#view.channel, this.info.channels - 1),
        priority,
        done: (reply) => {
          if (!isWanted()) return;
          box.write(brick, reply.kind === "chunk" ? reply.voxels : null);
          this.changed();
          if (box.isComplete) complete();
        },
        failed: (message) => {
          this.error = message;
          this.changed();
        },
      };
    });
    this.scheduler.add(jobs);
  }

  #priority(brick: Box, scale: number, before: number): number {
    const level = this.#level(scale);
    const { crosshair, roi } = this.#view;
    const centre: Triple = [
      voxelAt(level, "z", crosshair.z),
      voxelAt(level, "y", crosshair.y),
      voxelAt(level, "x", crosshair.x),
    ];
    const outside = overlaps(brick, resolveRoi(roi, level)) ? 0 : STAGE / 10;
    return Math.floor(before / STAGE) * STAGE + outside + brickPriority(brick, centre);
  }

  #level(scale: number): Level {
    const level = this.info.levels[scale];
    if (!level) throw new RangeError(`${this.info.name} has no scale ${scale}`);
    return level;
  }
}
