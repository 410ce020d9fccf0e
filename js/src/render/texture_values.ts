// Voxels as the texture of the volume view holds them: no NaN, nothing beyond 32-bit floats.

import type { DtypeName, Voxels } from "../messages.ts";
import { fitsFloat32, type Range, shareIn } from "./window.ts";

/** The range whose ends are 0 and 1 in the texture; null where values are there as they are. */
export function textureRange(dtype: DtypeName, range: Range): Range | null {
  const isSmall = dtype.endsWith("int8") || dtype.endsWith("int16");
  if (isSmall || (dtype !== "float64" && fitsFloat32(range))) return null;
  return range;
}

/** Tells how a value of the image is in the texture. */
export function toTexture(scale: Range | null): (value: number) => number {
  return scale ? shareIn(scale) : (value) => value;
}

/**
 * All voxels for the texture, whose filter would spread one NaN over its neighbours.
 *
 * NaN becomes the low end of the range, and values end one width of the range beyond it.
 */
export function textureVoxels(voxels: Voxels, range: Range, scale: Range | null): Voxels {
  if (!scale && !hasHoles(voxels)) return voxels;
  const convert = toTexture(scale);
  const [low, high] = range.map(convert) as Range;
  const [least, most] = [low - (high - low), high + (high - low)];
  const values = new Float32Array(voxels.length);
  for (let i = 0; i < voxels.length; i++) {
    const value = convert(voxels[i] as number);
    values[i] = Number.isNaN(value) ? low : Math.min(Math.max(value, least), most);
  }
  return values;
}

/** Whether there are voxels that are no number, or infinite. */
function hasHoles(voxels: Voxels): boolean {
  if (!(voxels instanceof Float32Array || voxels instanceof Float64Array)) return false;
  for (let i = 0; i < voxels.length; i++) if (!Number.isFinite(voxels[i])) return true;
  return false;
}
