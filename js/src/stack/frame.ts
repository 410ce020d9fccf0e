// One frame as it is drawn: its pixels, where they lie, and what their values mean.

import type { Plane } from "../geometry.ts";
import type { Box, Level, Triple, Voxels } from "../messages.ts";
import type { Slab } from "../render/plane_canvas.ts";
import { type Range, valueAt } from "../render/window.ts";
import type { Filling } from "../streaming/voxel_box.ts";
import type { FrameReply, Pair, Place, StackInfo } from "./frame_messages.ts";
import { decodeGrays } from "./jpeg.ts";
import { unpack } from "./packing.ts";

export interface Frame {
  movie: string;
  index: number;
  place: Place;
  /** Of the pixels. */
  shape: Pair;
  pixels: Voxels;
  /** Values of grey 0 and 255 of a frame that was compressed; null where pixels are values. */
  window: Range | null;
  byteLength: number;
}

/** The frame of a reply, decoded. */
export async function decodeFrame(reply: FrameReply, place: Place): Promise<Frame> {
  const { movie, frame: index, shape, window } = reply;
  const pixels = await decodePixels(reply);
  return { movie, index, place, shape, pixels, window, byteLength: pixels.byteLength };
}

async function decodePixels({ pixels, encoding, dtype, shape }: FrameReply): Promise<Voxels> {
  if (!(pixels instanceof DataView)) return pixels;
  if (encoding === "jpeg") return decodeGrays(pixels, shape);
  return unpack(new Uint8Array(pixels.buffer, pixels.byteOffset, pixels.byteLength), dtype, shape);
}

/** Which window of grey levels shows a compressed frame as a window of values would. */
export function windowOfPixels(frame: Pick<Frame, "window">, range: Range): Range {
  if (!frame.window) return range;
  const [black, white] = frame.window;
  const width = white > black ? white - black : 1;
  return [(255 * (range[0] - black)) / width, (255 * (range[1] - black)) / width];
}

/** The value of a pixel of the movie, and whether it is exactly that; null outside the frame. */
export function valueIn(
  frame: Frame,
  [row, column]: Pair,
): { value: number; isExact: boolean } | null {
  const { start, step } = frame.place;
  const [y, x] = [Math.floor((row - start[0]) / step), Math.floor((column - start[1]) / step)];
  const [height, width] = frame.shape;
  if (y < 0 || x < 0 || y >= height || x >= width) return null;
  const pixel = frame.pixels[y * width + x] as number;
  if (frame.window) return { value: valueAt(frame.window, pixel / 255), isExact: false };
  return { value: pixel, isExact: step === 1 };
}

/** A picture of rows and columns that lies where it belongs, for a plane canvas. */
export class FrameSlab implements Slab {
  readonly components = 1;
  #version = 0;
  level: Level = { shape: [1, 1, 1], spacing: [1, 1, 1], origin: [0, 0, 0] };
  box: Box = { start: [0, 0, 0], shape: [1, 1, 1] };
  #pixels: Voxels = new Uint8Array(1);

  get origin(): Triple {
    return this.level.origin;
  }

  /** Draw other pixels from now on. */
  set(info: StackInfo, { place, shape, pixels }: Pick<Frame, "place" | "shape" | "pixels">): void {
    if (pixels === this.#pixels) return;
    const { spacing, origin } = info;
    const { start, step } = place;
    // the first pixel covers `step` pixels of the movie: its centre lies between theirs
    const centre = (i: 0 | 1) => origin[i] + (start[i] + 0.5 * (step - 1)) * spacing[i];
    this.level = {
      shape: [1, ...shape],
      spacing: [1, step * spacing[0], step * spacing[1]],
      origin: [0, centre(0), centre(1)],
    };
    this.box = { start: [0, 0, 0], shape: [1, ...shape] };
    this.#pixels = pixels;
    this.#version += 1;
  }

  filling(): Filling {
    return { parts: null, version: this.#version };
  }

  slice(_plane: Plane, _index: number): Voxels {
    return this.#pixels;
  }
}
