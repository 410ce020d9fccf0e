// Which level of an image is loaded where, within the memory budget.

import { axisIndex, coversWhole, type Plane, resolveRoi, voxelCount } from "../geometry.ts";
import { type Box, DTYPES, type LayerInfo, type Level, type Roi } from "../messages.ts";

/** What to load: the whole image at one level, and the region at a finer one. */
export interface LoadPlan {
  context: number;
  /** The context is a quick look: to read all of it would take too long. */
  isQuick: boolean;
  /** Null when the context is already as fine over the region. */
  detail: { level: number; box: Box } | null;
  /** Why the finest level is not loaded; empty when it is. */
  reason: string;
}

/** Bytes that the kernel reads unasked to bin a level of a single-scale image. */
export const MOST_READ = 2 ** 31;
/** Voxels along a side of a volume that graphics cards take; as LONGEST_TEXTURE of _scene.py. */
export const LONGEST_TEXTURE = 2048;
/** Up to so many bytes a binned level is read exactly at once. */
const SOON_READ = 2 ** 22;

/**
 * Choose the finest levels that fit the budget; twin of level_within_budget in _scene.py.
 *
 * @param asked level that Python asked for, or -1 to choose the finest one
 */
export function planLevels(
  levels: Level[],
  roi: Roi,
  bytesPerVoxel: number,
  budget: number,
  asked: number,
): LoadPlan {
  const coarsest = levels.length - 1;
  const regions = levels.map((level) => resolveRoi(roi, level));
  const wholes = levels.map((level): Box => ({ start: [0, 0, 0], shape: level.shape }));
  const bytesOf = (box: Box) => voxelCount(box.shape) * bytesPerVoxel;
  const isReadable = (box: Box, i: number) =>
    asked >= 0 || bytesOf(box) * readsOf(levels[i] as Level) <= MOST_READ;
  const isPossible = (box: Box, i: number) => isReadable(box, i) && (asked >= 0 || isTexture(box));
  const find = (boxes: Box[], from: number, left: number) =>
    boxes.findIndex((box, i) => i >= from && bytesOf(box) <= left && isPossible(box, i));
  const first = asked >= 0 ? Math.min(asked, coarsest) : 0;
  const target = find(regions, first, budget);
  const isQuick = !isReadable(wholes[coarsest] as Box, coarsest);
  if (target < 0) {
    const region = regions[coarsest] as Box;
    const reason = isReadable(region, coarsest)
      ? explain(coarsest, first, asked, bytesOf(regions[first] as Box), budget)
      : explainReading(levels[coarsest] as Level, bytesOf(region));
    return { context: coarsest, isQuick, detail: null, reason };
  }
  const isLong = target > first && !isTexture(regions[target - 1] as Box);
  const reason = isLong
    ? `a volume has at most ${LONGEST_TEXTURE} voxels along a side`
    : explain(target, first, asked, bytesOf(regions[first] as Box), budget);
  const box = regions[target] as Box;
  const isWhole = coversWhole(box, levels[target] as Level);
  const context = isWhole ? target : find(wholes, target, budget - bytesOf(box));
  if (context === target) return { context, isQuick: false, detail: null, reason };
  const detail = { level: target, box };
  if (context < 0) return { context: coarsest, isQuick, detail, reason };
  return { context, isQuick: false, detail, reason };
}

/** Whether a graphics card takes a box as a volume; a plane is no volume. */
export function isTexture(box: Box): boolean {
  return box.shape[0] === 1 || Math.max(...box.shape) <= LONGEST_TEXTURE;
}

/** Whether a level is first looked at quickly, because to read it exactly takes a while. */
export function isSlowToRead(level: Level, bytesPerVoxel: number): boolean {
  const reads = readsOf(level);
  return reads > 1 && voxelCount(level.shape) * bytesPerVoxel * reads > SOON_READ;
}

/** The coarsest level that has at least one voxel for each pixel of the screen. */
export function levelForScreen(levels: Level[], plane: Plane, unitsPerPixel: number): number {
  const isFine = ({ spacing }: Level) =>
    [plane.right, plane.down].every((axis) => spacing[axisIndex(axis)] <= unitsPerPixel);
  return Math.max(levels.findLastIndex(isFine), 0);
}

function readsOf(level: Level): number {
  return level.reads ?? 1;
}

export function bytesPerVoxel(info: LayerInfo): number {
  return DTYPES[info.dtype].BYTES_PER_ELEMENT * info.components;
}

/** Bytes of the budget for one of several layers: so much that all can have the same level. */
export function shareOf(budget: number, info: LayerInfo, layers: LayerInfo[]): number {
  const all = layers.reduce((sum, layer) => sum + bytesPerVoxel(layer), 0);
  return Math.floor((budget * bytesPerVoxel(info)) / all);
}

function explain(
  target: number,
  first: number,
  asked: number,
  bytes: number,
  budget: number,
): string {
  if (target > first) {
    const needed = formatBytes(bytes);
    return `scale ${first} of this region needs ${needed}, the budget leaves ${formatBytes(budget)}`;
  }
  return asked > 0 ? `scale ${asked} was asked for` : "";
}

function explainReading(coarsest: Level, bytes: number): string {
  const all = formatBytes(bytes * readsOf(coarsest));
  return `to bin this region all its ${all} would be read; a smaller one is shown exactly`;
}

export function formatBytes(bytes: number): string {
  if (bytes < 1024) return `${bytes} B`;
  const units = ["KiB", "MiB", "GiB", "TiB"];
  let value = bytes / 1024;
  let unit = 0;
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024;
    unit += 1;
  }
  return `${value < 10 ? value.toFixed(1) : Math.round(value)} ${units[unit]}`;
}
