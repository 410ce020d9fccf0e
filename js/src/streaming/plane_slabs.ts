// Loads, for each plane, the one slice that is on screen, as finely as the screen can show it.

import { axisIndex, type Plane } from "../geometry.ts";
import type { Axis, Box, LayerInfo, Level, Triple } from "../messages.ts";
import { levelForScreen } from "./levels.ts";
import type { Job, Scheduler } from "./scheduler.ts";
import { TileCache } from "./tile_cache.ts";
import { VoxelBox } from "./voxel_box.ts";

/** What a plane shows of the frame. */
export interface PlaneView {
  plane: Plane;
  /** Where the plane stands. */
  position: number;
  /** Corners of what is on screen: right, down. */
  low: [number, number];
  high: [number, number];
  unitsPerPixel: number;
}

/** The time point and the channel that are shown. */
export interface Moment {
  time: number;
  channel: number;
}

export interface SlabEvents {
  changed(): void;
  failed(message: string): void;
}

/** Voxels along the side of a tile; aligned, so that panning asks for new ones only. */
export const TILE = 256;
/** Slices further on that are loaded while nothing else is wanted of the plane. */
const AHEAD = 2;

interface Slab {
  key: string;
  index: number;
  box: VoxelBox;
}

export class PlaneSlabs {
  #slabs = new Map<Axis, Slab>();
  /** Drawn below the newest slab until that is complete. */
  #before = new Map<Axis, VoxelBox>();
  #cache = new TileCache();

  constructor(
    readonly owner: object,
    readonly info: LayerInfo,
    readonly scheduler: Scheduler,
    readonly priority: { now: number; ahead: number },
    readonly events: SlabEvents,
  ) {}

  /** Boxes that a plane has, coarse or old ones first. */
  boxes(axis: Axis): VoxelBox[] {
    return [this.#before.get(axis), this.#slabs.get(axis)?.box].filter((box) => box !== undefined);
  }

  /** The slice that a plane shows, once all of it is there. */
  complete(axis: Axis): VoxelBox | null {
    const box = this.#slabs.get(axis)?.box;
    return box?.isComplete && box.covered === null ? box : null;
  }

  get all(): VoxelBox[] {
    return [...this.#slabs.keys()].flatMap((axis) => this.boxes(axis));
  }

  get isComplete(): boolean {
    return [...this.#slabs.values()].every((slab) => slab.box.isComplete);
  }

  get bytes(): number {
    return this.all.reduce((sum, box) => sum + box.bytes, this.#cache.bytes);
  }

  /** Load what a plane shows, unless `isLoaded` knows of voxels as fine. */
  show(view: PlaneView, moment: Moment, isLoaded: (scale: number) => boolean): void {
    const axis = view.plane.across;
    const scale = levelForScreen(this.info.levels, view.plane, view.unitsPerPixel);
    const level = this.info.levels[scale] as Level;
    const box = slabBox(level, view);
    if (!box || isLoaded(scale)) {
      this.#leave(axis);
      return;
    }
    const index = box.start[axisIndex(axis)];
    const key = [scale, box.start, box.shape, moment.time, moment.channel].join("|");
    const current = this.#slabs.get(axis);
    if (current?.key === key) return;
    const slab = { key, index, box: this.#newBox(level, scale, box) };
    this.#replace(axis, slab);
    this.#request(view.plane, slab, moment);
    const step = current && current.box.scale === scale ? Math.sign(index - current.index) : 0;
    if (step !== 0 && (level.reads ?? 1) === 1) this.#lookAhead(view.plane, slab, moment, step);
  }

  /** Another moment or the end: nothing of this is shown any more. */
  clear(): void {
    for (const axis of [...this.#slabs.keys()]) this.#leave(axis);
  }

  #leave(axis: Axis): void {
    const slab = this.#slabs.get(axis);
    if (slab) this.#drop(slab);
    this.#slabs.delete(axis);
    this.#before.delete(axis);
  }

  #replace(axis: Axis, slab: Slab): void {
    const current = this.#slabs.get(axis);
    if (current) {
      this.#drop(current);
      if (current.box.hasVoxels) this.#before.set(axis, current.box);
    }
    this.#slabs.set(axis, slab);
  }

  #drop(slab: Slab): void {
    this.scheduler.drop((job) => job.target === slab.box);
  }

  #newBox(level: Level, scale: number, box: Box): VoxelBox {
    const { dtype, components } = this.info;
    return new VoxelBox(level, scale, box, dtype, components, "slice");
  }

  #request(plane: Plane, slab: Slab, moment: Moment): void {
    const { box } = slab;
    const jobs: Job[] = [];
    for (const [order, tile] of tilesOf(box.box, plane).entries()) {
      const key = tileKey(box.scale, plane, tile, moment);
      const known = this.#cache.get(key);
      if (known !== undefined) box.write(tile, known);
      else jobs.push(this.#job(slab, tile, moment, this.priority.now + order, key));
    }
    if (jobs.length === 0) this.#complete(plane.across, box);
    this.scheduler.add(jobs);
  }

  #job(slab: Slab, tile: Box, moment: Moment, priority: number, key: string): Job {
    const { box } = slab;
    return {
      ...tile,
      ...moment,
      image: this.info.id,
      owner: this.owner,
      target: box,
      level: box.scale,
      priority,
      done: (reply) => {
        const voxels = reply.kind === "chunk" ? reply.voxels : null;
        this.#cache.put(key, voxels);
        box.write(tile, voxels);
        for (const [axis, shown] of this.#slabs) {
          if (shown.box === box && box.isComplete) this.#complete(axis, box);
        }
        this.events.changed();
      },
      failed: (message) => this.events.failed(message),
    };
  }

  #complete(axis: Axis, box: VoxelBox): void {
    box.finish();
    this.#before.delete(axis);
  }

  /** Ask for the next slices in the direction of scrolling, into the cache only. */
  #lookAhead(plane: Plane, slab: Slab, moment: Moment, step: number): void {
    const { box } = slab;
    const across = axisIndex(plane.across);
    const jobs: Job[] = [];
    for (let i = 1; i <= AHEAD; i++) {
      const index = slab.index + i * step;
      if (index < 0 || index >= box.level.shape[across]) break;
      for (const here of tilesOf(box.box, plane)) {
        const tile: Box = { start: [...here.start] as Triple, shape: here.shape };
        tile.start[across] = index;
        const key = tileKey(box.scale, plane, tile, moment);
        if (this.#cache.get(key) !== undefined) continue;
        const job = this.#job(slab, tile, moment, this.priority.ahead + i, key);
        const done: Job["done"] = (reply) =>
          this.#cache.put(key, reply.kind === "chunk" ? reply.voxels : null);
        jobs.push({ ...job, done });
      }
    }
    this.scheduler.add(jobs);
  }
}

/** The voxels of a level that a plane shows, rounded out to whole tiles; null outside the image. */
export function slabBox(level: Level, view: PlaneView): Box | null {
  const start: Triple = [0, 0, 0];
  const shape: Triple = [1, 1, 1];
  /** Position in voxels from the level's near edge. */
  const voxels = (axis: Axis, position: number) => {
    const i = axisIndex(axis);
    return (position - level.origin[i]) / level.spacing[i] + 0.5;
  };
  const across = axisIndex(view.plane.across);
  start[across] = Math.floor(voxels(view.plane.across, view.position));
  if (start[across] < 0 || start[across] >= level.shape[across]) return null;
  for (const [n, axis] of [view.plane.right, view.plane.down].entries()) {
    const i = axisIndex(axis);
    const first = Math.max(voxels(axis, view.low[n] as number), 0);
    const stop = Math.min(voxels(axis, view.high[n] as number), level.shape[i]);
    if (stop <= first) return null;
    start[i] = Math.floor(first / TILE) * TILE;
    shape[i] = Math.min(Math.ceil(stop / TILE) * TILE, level.shape[i]) - start[i];
  }
  return { start, shape };
}

/** The tiles of a slab, those in its middle first. */
export function tilesOf(box: Box, plane: Plane): Box[] {
  const [right, down] = [axisIndex(plane.right), axisIndex(plane.down)];
  const tiles: Box[] = [];
  for (let y = 0; y < box.shape[down]; y += TILE) {
    for (let x = 0; x < box.shape[right]; x += TILE) {
      const start: Triple = [...box.start];
      const shape: Triple = [...box.shape];
      start[right] += x;
      start[down] += y;
      shape[right] = Math.min(TILE, box.shape[right] - x);
      shape[down] = Math.min(TILE, box.shape[down] - y);
      tiles.push({ start, shape });
    }
  }
  const middle = (side: Box, i: 0 | 1 | 2) => side.start[i] + side.shape[i] / 2;
  const far = (tile: Box) =>
    Math.hypot(...([right, down] as const).map((i) => middle(tile, i) - middle(box, i)));
  return tiles.sort((a, b) => far(a) - far(b));
}

function tileKey(scale: number, plane: Plane, tile: Box, moment: Moment): string {
  const { time, channel } = moment;
  return [scale, plane.across, tile.start, tile.shape, time, channel].join("|");
}
