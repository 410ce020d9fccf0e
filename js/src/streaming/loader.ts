// Loads one layer: its coarsest level whole, the slices on screen, then the region within the budget.

import { AXES, edges, resolveRoi, voxelAt, voxelCount } from "../geometry.ts";
import type { Axis, Box, LayerInfo, Level, Point, Roi, Triple } from "../messages.ts";
import { brickDistance, commonBox, cutIntoBricks } from "./bricks.ts";
import { bytesPerVoxel, isSlowToRead, isTexture, type LoadPlan, planLevels } from "./levels.ts";
import type { Part } from "./parts.ts";
import { type Moment, PlaneSlabs, type PlaneView } from "./plane_slabs.ts";
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

/** More than the distance of any two voxels. */
const RANK = 1e9;
/** Order of loading; all bricks of one rank come before those of the next. */
const RANKS = { coarsest: 0, slices: 1, ahead: 2, region: 3, rest: 4 };
/** A box of at most so many bytes is soon there: no slices are asked for on their own. */
const SOON_BYTES = 2 ** 21;

export interface LoaderEvents {
  changed(): void;
  /** Voxels have come of a box that is not complete yet. */
  filled(): void;
}

export class LayerLoader {
  /** Whole image, drawn below. */
  context: VoxelBox | null = null;
  /** The region at a finer level, drawn above. */
  detail: VoxelBox | null = null;
  plan: LoadPlan = { context: 0, isQuick: false, detail: null, reason: "" };
  error = "";
  #slabs: PlaneSlabs;
  /** Boxes of another image or moment, drawn on until what replaces them is there. */
  #before: VoxelBox[] = [];
  /** Boxes of this image that others replace, drawn on until those are complete. */
  #retired: VoxelBox[] = [];
  /** The context is only a quick look. */
  #isQuick = false;
  /** Planes that wait for the first look: their slices would only hold it up. */
  #waiting = new Map<Axis, PlaneView>();
  /** Level that was complete before a finer context was begun, -1 while nothing was. */
  #base = -1;
  #view: View;

  readonly info: LayerInfo;
  readonly channel: number | null;

  constructor(
    { info, channel }: Part,
    readonly scheduler: Scheduler,
    view: View,
    readonly events: LoaderEvents,
  ) {
    this.info = info;
    this.channel = channel;
    this.#view = view;
    const priority = { now: RANKS.slices * RANK, ahead: RANKS.ahead * RANK };
    this.#slabs = new PlaneSlabs(this, info, scheduler, priority, {
      changed: () => this.#arrived(),
      failed: (message) => this.#fail(message),
    });
  }

  /** A plane has its slice, as finely as the screen can show it. */
  isSharp(axis: Axis): boolean {
    return this.#slabs.boxes(axis).length === 0 ? this.isIdle : !!this.#slabs.complete(axis);
  }

  /** All that a plane shows is in a slice of its own: other boxes are not seen there. */
  hasSlice(axis: Axis): boolean {
    return this.#slabs.complete(axis) !== null;
  }

  /** Begin with the slices that planes show; what another loader has is drawn meanwhile. */
  start(planes: Iterable<PlaneView>, replaced?: LayerLoader): void {
    if (replaced?.info.components === this.info.components) this.#before = replaced.boxes;
    for (const view of planes) this.showPlane(view);
    this.#loadCoarsest();
  }

  get bytesPerVoxel(): number {
    return bytesPerVoxel(this.info);
  }

  /** Bytes of the whole image and of the region, for which the budget is. */
  get bytes(): number {
    return this.#newest.reduce((sum, box) => sum + box.bytes, 0);
  }

  /** Bytes of the slices on screen, and of those that were there lately. */
  get sliceBytes(): number {
    return this.#slabs.bytes;
  }

  /** Finest level that is complete over the region, -1 while nothing is. */
  get loadedScale(): number {
    if (this.detail?.isComplete) return this.detail.scale;
    return this.context?.isComplete && !this.#isQuick ? this.context.scale : this.#base;
  }

  /** All boxes that hold voxels, coarse below fine. */
  get boxes(): VoxelBox[] {
    return this.#inOrder([...this.#bricked, ...this.#slabs.all]);
  }

  /** The finest box that is complete, whole image or region. */
  get volumeBox(): VoxelBox | null {
    const isDrawable = (box: VoxelBox) => box.isComplete && isTexture(box.box);
    const complete = coarseFirst(this.#bricked).filter(isDrawable);
    const before = this.#before.filter((box) => box.isComplete && box.role === "volume");
    return complete.at(-1) ?? before.at(-1) ?? null;
  }

  /** No level is on its way. */
  get isIdle(): boolean {
    return this.#newest.every((box) => box.isComplete);
  }

  /** Something that can be drawn has arrived. */
  get hasVoxels(): boolean {
    return this.#before.length > 0 || this.boxes.length > 0;
  }

  /** Boxes that a plane shows, coarse below fine; a complete slice hides all others. */
  boxesFor(axis: Axis): VoxelBox[] {
    const slice = this.#slabs.complete(axis);
    if (slice) return [slice];
    return this.#inOrder([...this.#bricked, ...this.#slabs.boxes(axis)]);
  }

  /** The time point and the channel that are loaded. */
  get moment(): Moment {
    const { times, channels } = this.info;
    const { time, channel } = this.#view;
    return { time: Math.min(time, times - 1), channel: Math.min(channel, channels - 1) };
  }

  /** Load the slice that a plane shows, as finely as the screen can show it. */
  showPlane(view: PlaneView): void {
    if (this.#isQuick && !this.isIdle && !this.hasVoxels)
      this.#waiting.set(view.plane.across, view);
    else this.#slabs.show(view, this.moment, (scale) => this.#isLoaded(scale, view));
  }

  /** Follow the crosshair, the region and the budget; `refine` acts on the latter two. */
  setView(view: View): void {
    const before = this.#view;
    this.#view = view;
    if (view.time !== before.time || view.channel !== before.channel) this.#restart();
    this.scheduler.reprioritize((job) =>
      job.target === this.context || job.target === this.detail
        ? this.#priority(job, job.level)
        : job.priority,
    );
  }

  /** Choose levels for the view, and load what is not there yet. */
  refine(): void {
    if (!this.context || (!this.context.isComplete && this.#base < 0)) return;
    const { roi, budget, asked } = this.#view;
    this.plan = planLevels(this.info.levels, roi, this.bytesPerVoxel, budget, asked);
    this.#refineContext(this.context);
    this.#refineDetail();
    this.#arrived();
  }

  close(): void {
    this.scheduler.drop((job) => job.owner === this);
  }

  get #newest(): VoxelBox[] {
    return [this.context, this.detail].filter((box) => box !== null);
  }

  get #bricked(): VoxelBox[] {
    return [...this.#retired, ...this.#newest];
  }

  /** What was there before stays below; coarser voxels do not cover it, slices on screen do. */
  #inOrder(own: VoxelBox[]): VoxelBox[] {
    const finest = Math.min(...this.#before.map(voxelSize));
    const shown = own.filter(
      (box) => box.hasVoxels && (box.role === "slice" || !(voxelSize(box) > finest)),
    );
    return [...this.#before, ...coarseFirst(shown)];
  }

  /** Whether the voxels that a plane shows are loaded, or soon will be, at a scale or finer. */
  #isLoaded(scale: number, view: PlaneView): boolean {
    return this.#newest.some((box) => {
      const isQuick = box === this.context && this.#isQuick;
      const isSoon = box.isComplete || box.bytes <= SOON_BYTES;
      return !isQuick && isSoon && box.scale <= scale && holds(box, view, this.info);
    });
  }

  #restart(): void {
    const own = coarseFirst([...this.#bricked, ...this.#slabs.all].filter((box) => box.hasVoxels));
    if (own.length > 0) this.#before = own;
    this.#retired = [];
    this.close();
    this.#slabs.clear();
    this.detail = null;
    this.#base = -1;
    this.#loadCoarsest();
  }

  #loadCoarsest(): void {
    const scale = this.info.levels.length - 1;
    const isQuick = isSlowToRead(this.#level(scale), this.bytesPerVoxel);
    this.#loadContext(scale, isQuick);
  }

  #loadContext(scale: number, isQuick: boolean): void {
    const box = this.#newBox(scale, { start: [0, 0, 0], shape: this.#level(scale).shape });
    this.context = box;
    this.#isQuick = isQuick;
    this.#request(box, isQuick, () => {
      this.refine();
      this.#showWaiting();
    });
  }

  #refineContext(current: VoxelBox): void {
    const { context: scale, isQuick } = this.plan;
    const isSame = current.scale === scale && (isQuick || !this.#isQuick);
    if (isSame || (current.scale < scale && this.#fits(current))) return;
    if (current.isComplete && !this.#isQuick) this.#base = Math.max(current.scale, scale);
    this.#retire(current);
    this.#loadContext(scale, isQuick);
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
    const context = this.#isQuick ? null : this.context;
    if (!wanted || (context && context.scale <= wanted.level)) {
      this.#drop(have);
      this.detail = null;
      return;
    }
    const same = (a: Box, b: Box) => `${a.start},${a.shape}` === `${b.start},${b.shape}`;
    if (have && have.scale === wanted.level && same(have.box, wanted.box)) return;
    if (have) this.#retire(have);
    this.detail = this.#newBox(wanted.level, wanted.box);
    this.#request(this.detail, false, () => {});
  }

  #showWaiting(): void {
    const views = [...this.#waiting.values()];
    this.#waiting.clear();
    for (const view of views) this.showPlane(view);
  }

  /** Ask no more for the bricks of a box. */
  #drop(box: VoxelBox | null): void {
    if (box) this.scheduler.drop((job) => job.target === box);
  }

  /** Draw a box on until what replaces it is there. */
  #retire(box: VoxelBox): void {
    this.#drop(box);
    if (box.hasVoxels) this.#retired.push(box);
  }

  #newBox(scale: number, box: Box): VoxelBox {
    const { dtype, components } = this.info;
    return new VoxelBox(this.#level(scale), scale, box, dtype, components);
  }

  #request(box: VoxelBox, quick: boolean, complete: () => void): void {
    const jobs = cutIntoBricks(box.box, this.bytesPerVoxel).map((brick): Job => {
      return {
        ...brick,
        image: this.info.id,
        owner: this,
        target: box,
        level: box.scale,
        ...this.moment,
        quick,
        priority: this.#priority(brick, box.scale),
        done: (reply) => {
          box.write(brick, reply.kind === "chunk" ? reply.voxels : null);
          if (!box.isComplete) {
            this.events.filled();
            return;
          }
          box.finish();
          complete();
          this.#arrived();
        },
        failed: (message) => this.#fail(message),
      };
    });
    this.scheduler.add(jobs);
  }

  #arrived(): void {
    if (this.isIdle) this.#retired = [];
    if (this.isIdle && this.#slabs.isComplete) this.#before = [];
    this.events.changed();
  }

  #fail(message: string): void {
    this.error = message;
    this.#showWaiting();
    this.events.changed();
  }

  #priority(brick: Box, scale: number): number {
    const level = this.#level(scale);
    const { crosshair, roi } = this.#view;
    const centre = AXES.map((axis) => voxelAt(level, axis, crosshair[axis])) as Triple;
    const rank = this.#rank(brick, scale, resolveRoi(roi, level));
    return rank * RANK + brickDistance(brick, centre);
  }

  #rank(brick: Box, scale: number, region: Box): number {
    if (scale === this.info.levels.length - 1) return RANKS.coarsest;
    const isBelowDetail = this.plan.detail !== null && scale !== this.plan.detail.level;
    return commonBox(brick, region) && !isBelowDetail ? RANKS.region : RANKS.rest;
  }

  #level(scale: number): Level {
    const level = this.info.levels[scale];
    if (!level) throw new RangeError(`${this.info.name} has no scale ${scale}`);
    return level;
  }
}

function voxelSize(box: VoxelBox): number {
  return voxelCount(box.level.spacing);
}

function coarseFirst(boxes: VoxelBox[]): VoxelBox[] {
  return boxes.toSorted((a, b) => voxelSize(b) - voxelSize(a));
}

/** Whether a box holds all that a plane shows of the image. */
function holds(box: VoxelBox, view: PlaneView, info: LayerInfo): boolean {
  const finest = info.levels[0] as Level;
  const { across, right, down } = view.plane;
  const [first, last] = box.edges(across);
  if (view.position < first || view.position > last) return false;
  return [right, down].every((axis, n) => {
    const [low, high] = edges(finest, axis);
    const [boxLow, boxHigh] = box.edges(axis);
    const slack = 1e-6 * (high - low);
    return (
      boxLow <= Math.max(view.low[n] as number, low) + slack &&
      boxHigh >= Math.min(view.high[n] as number, high) - slack
    );
  });
}
