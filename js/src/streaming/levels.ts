// Which level of an image is loaded where, within the memory budget.

import { coversWhole, resolveRoi, voxelCount } from "../geometry.ts";
import { type Box, DTYPES, type LayerInfo, type Level, type Roi } from "../messages.ts";

/** What to load: the whole image at one level, and the region at a finer one. */
export interface LoadPlan {
  context: number;
  /** Null when the context is already as fine over the region. */
  detail: { level: number; box: Box } | null;
  /** Why the finest level is not loaded; empty when it is. */
  reason: string;
}

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
  const boxes = levels.map((level) => resolveRoi(roi, level));
  const bytesOf = (box: Box) => voxelCount(box.shape) * bytesPerVoxel;
  const first = asked >= 0 ? Math.min(asked, coarsest) : 0;
  const fitting = boxes.findIndex((box, level) => level >= first && bytesOf(box) <= budget);
  const target = fitting < 0 ? coarsest : fitting;
  const reason = explain(target, first, asked, bytesOf(boxes[first] as Box), budget);
  const box = boxes[target] as Box;
  const left = budget - bytesOf(box);
  if (coversWhole(box, levels[target] as Level)) return { context: target, detail: null, reason };
  const context = levels.findIndex(
    (level, i) => i >= target && voxelCount(level.shape) * bytesPerVoxel <= left,
  );
  if (context === target) return { context, detail: null, reason };
  return {
    context: context < 0 ? coarsest : context,
    detail: { level: target, box },
    reason,
  };
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
