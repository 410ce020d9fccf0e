// One slice plane on a 2-D canvas: exact nearest-neighbour pixels of whatever boxes are loaded.
//
// Planes are parallel to the array's axes, so a slice is an axis-aligned picture even for oblique
// images. A 2-D canvas shows every data type exactly and does not depend on a WebGL context.

import { axisIndex, type Plane } from "../geometry.ts";
import type { Axis, Box, Point, Roi, Triple } from "../messages.ts";
import type { PlaneView } from "../streaming/plane_slabs.ts";
import type { VoxelBox } from "../streaming/voxel_box.ts";
import type { Painter } from "./colors.ts";

/** Something to draw on a plane, in painting order. */
export interface Picture {
  box: VoxelBox;
  painter: Painter;
  opacity: number;
  /** Draw only inside this region of the frame. */
  within?: Roi;
  /** Leave out what these boxes cover. */
  without?: VoxelBox[];
  /** Draw every other square only; corner and side are in the frame. */
  squares?: { corner: Point; side: number };
  /** Add to what is there instead of covering it. */
  isAdded?: boolean;
}

/** A rectangle of CSS pixels. */
type Rect = [left: number, top: number, width: number, height: number];

/** Part of the frame that a plane shows: its centre (right, down) and its height. */
export interface PlaneCamera {
  center: [number, number];
  height: number;
}

/** CSS pixels around what is shown whole: for handles, and above for the name of the plane. */
const FIT_ROOM = { above: 28, below: 14, beside: 14 };
/** As the panes in viewer.css. */
const BACKGROUND = "#0d0e11";

interface Slice {
  key: string;
  canvas: HTMLCanvasElement;
}

export class PlaneCanvas {
  readonly canvas = document.createElement("canvas");
  camera: PlaneCamera = { center: [0, 0], height: 1 };
  #slices = new Map<VoxelBox, Slice>();

  constructor(readonly plane: Plane) {
    this.canvas.className = "rw-canvas";
  }

  /** CSS pixels per world unit. */
  get pixelsPerUnit(): number {
    return this.canvas.clientHeight / this.camera.height;
  }

  toPixel(right: number, down: number): [number, number] {
    const { center } = this.camera;
    const scale = this.pixelsPerUnit;
    return [
      this.canvas.clientWidth / 2 + (right - center[0]) * scale,
      this.canvas.clientHeight / 2 + (down - center[1]) * scale,
    ];
  }

  toFrame(px: number, py: number): [number, number] {
    const { center } = this.camera;
    const scale = this.pixelsPerUnit;
    return [
      center[0] + (px - this.canvas.clientWidth / 2) / scale,
      center[1] + (py - this.canvas.clientHeight / 2) / scale,
    ];
  }

  /** Show a box of the frame with a small margin. */
  fit(lower: Point, upper: Point): void {
    const { right, down } = this.plane;
    const { above, below, beside } = FIT_ROOM;
    const { clientWidth, clientHeight } = this.canvas;
    const perPixel = Math.max(
      (upper[right] - lower[right]) / Math.max(clientWidth - 2 * beside, 1),
      (upper[down] - lower[down]) / Math.max(clientHeight - above - below, 1),
    );
    const middle = (lower[down] + upper[down]) / 2;
    this.camera = {
      center: [(lower[right] + upper[right]) / 2, middle - ((above - below) / 2) * perPixel],
      height: perPixel * Math.max(clientHeight, 1),
    };
  }

  /** What is on screen, and how large a pixel of the screen is there. */
  get window(): Omit<PlaneView, "position"> {
    const { clientWidth, clientHeight } = this.canvas;
    const ratio = window.devicePixelRatio || 1;
    return {
      plane: this.plane,
      low: this.toFrame(0, 0),
      high: this.toFrame(clientWidth, clientHeight),
      unitsPerPixel: 1 / (this.pixelsPerUnit * ratio),
    };
  }

  /** The camera after zooming about a pixel. */
  zoomed(factor: number, px: number, py: number): PlaneCamera {
    const [right, down] = this.toFrame(px, py);
    const { center, height } = this.camera;
    return {
      center: [right + (center[0] - right) / factor, down + (center[1] - down) / factor],
      height: height / factor,
    };
  }

  draw(pictures: Picture[], position: number): void {
    const context = this.#clear();
    for (const box of this.#slices.keys()) {
      if (!pictures.some((picture) => picture.box === box)) this.#slices.delete(box);
    }
    for (const picture of pictures) this.#drawPicture(context, picture, position);
  }

  /** Take the size of the pane, in whole device pixels: a stretched canvas would be blurred. */
  resize(): void {
    const ratio = window.devicePixelRatio || 1;
    const pane = (this.canvas.parentElement ?? this.canvas).getBoundingClientRect();
    const width = Math.max(1, Math.round(pane.width * ratio));
    const height = Math.max(1, Math.round(pane.height * ratio));
    if (this.canvas.width !== width) this.canvas.width = width;
    if (this.canvas.height !== height) this.canvas.height = height;
    Object.assign(this.canvas.style, {
      width: `${width / ratio}px`,
      height: `${height / ratio}px`,
    });
  }

  #clear(): CanvasRenderingContext2D {
    const { width, height } = this.canvas;
    const ratio = window.devicePixelRatio || 1;
    const context = this.canvas.getContext("2d");
    if (!context) throw new Error("this browser has no 2-D canvas");
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.fillStyle = BACKGROUND;
    context.fillRect(0, 0, width, height);
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.imageSmoothingEnabled = false;
    return context;
  }

  #drawPicture(context: CanvasRenderingContext2D, picture: Picture, position: number): void {
    const { box } = picture;
    const across = axisIndex(this.plane.across);
    const index = indexIn(box, across, position);
    if (index === null || (picture.within && !this.#cuts(picture.within, position))) return;
    context.save();
    if (box.covered) this.#clipTo(context, this.#coveredRects(box, across, position));
    if (picture.within) this.#clipTo(context, [this.#roiRect(picture.within)]);
    for (const other of picture.without ?? []) this.#clipOut(context, other, position);
    if (picture.squares) this.#clipTo(context, this.#checkerboard(picture.squares));
    if (picture.isAdded) context.globalCompositeOperation = "lighter";
    context.globalAlpha = picture.opacity;
    context.drawImage(this.#slice(picture, index), ...this.#rect(box, box.box));
    context.restore();
  }

  #cuts(roi: Roi, position: number): boolean {
    const { across } = this.plane;
    return position >= roi.lower[across] && position <= roi.upper[across];
  }

  /** Where a box has voxels at a position. */
  #coveredRects(box: VoxelBox, across: 0 | 1 | 2, position: number): Rect[] {
    const index = indexIn(box, across, position);
    if (index === null) return [];
    const at = index + box.box.start[across];
    return (box.covered ?? [box.box])
      .filter((part) => at >= part.start[across] && at < part.start[across] + part.shape[across])
      .map((part) => this.#rect(box, part));
  }

  #clipTo(context: CanvasRenderingContext2D, rects: Rect[]): void {
    context.beginPath();
    for (const rect of rects) context.rect(...rect);
    context.clip();
  }

  #clipOut(context: CanvasRenderingContext2D, box: VoxelBox, position: number): void {
    const across = axisIndex(this.plane.across);
    // one clip each: where rectangles overlap, those of one clip would cancel out
    for (const rect of this.#coveredRects(box, across, position)) {
      context.beginPath();
      context.rect(0, 0, this.canvas.clientWidth, this.canvas.clientHeight);
      context.rect(...rect);
      context.clip("evenodd");
    }
  }

  /** Where a part of a box, in its level's indices, is drawn. */
  #rect(box: VoxelBox, part: Box): Rect {
    const side = (axis: Axis): [number, number] => {
      const i = axisIndex(axis);
      const { origin, spacing } = box.level;
      const low = origin[i] + (part.start[i] - 0.5) * spacing[i];
      return [low, low + part.shape[i] * spacing[i]];
    };
    return this.#span(side(this.plane.right), side(this.plane.down));
  }

  /** The odd squares of a checkerboard, as far as they are on screen. */
  #checkerboard({ corner, side }: NonNullable<Picture["squares"]>): Rect[] {
    const { low, high } = this.window;
    const { right, down } = this.plane;
    const [c0, r0] = [corner[right], corner[down]];
    const range = (from: number, to: number, start: number) =>
      [Math.floor((from - start) / side), Math.ceil((to - start) / side)] as const;
    const [left, end] = range(low[0], high[0], c0);
    const [top, bottom] = range(low[1], high[1], r0);
    const rects: Rect[] = [];
    for (let row = top; row < bottom; row++) {
      for (let column = left; column < end; column++) {
        if ((row + column) % 2 === 0) continue;
        const [x, y] = [c0 + column * side, r0 + row * side];
        rects.push(this.#span([x, x + side], [y, y + side]));
      }
    }
    return rects;
  }

  #roiRect({ lower, upper }: Roi): Rect {
    const { right, down } = this.plane;
    return this.#span([lower[right], upper[right]], [lower[down], upper[down]]);
  }

  #span([left, right]: [number, number], [top, bottom]: [number, number]): Rect {
    const [x0, y0] = this.toPixel(left, top);
    const [x1, y1] = this.toPixel(right, bottom);
    return [x0, y0, x1 - x0, y1 - y0];
  }

  /** The slice as a canvas with one pixel per voxel; kept until voxels or colours change. */
  #slice(picture: Picture, index: number): HTMLCanvasElement {
    const { box, painter } = picture;
    const key = `${box.version}|${index}|${painter.key}`;
    const known = this.#slices.get(box);
    if (known?.key === key) return known.canvas;
    const columns = box.box.shape[axisIndex(this.plane.right)];
    const rows = box.box.shape[axisIndex(this.plane.down)];
    const canvas = known?.canvas ?? document.createElement("canvas");
    canvas.width = columns;
    canvas.height = rows;
    const image = new ImageData(columns, rows);
    const voxels = extractSlice(box, this.plane, index);
    painter.paint(voxels, new Uint32Array(image.data.buffer), box.components, columns);
    canvas.getContext("2d")?.putImageData(image, 0, 0);
    this.#slices.set(box, { key, canvas });
    return canvas;
  }
}

/** Index of the slice of a box at a position, or null outside the box. */
function indexIn(box: VoxelBox, across: 0 | 1 | 2, position: number): number | null {
  const index = Math.floor((position - box.origin[across]) / box.level.spacing[across] + 0.5);
  return index >= 0 && index < box.box.shape[across] ? index : null;
}

/** The voxels of one slice, rows along the plane's down axis. */
export function extractSlice(box: VoxelBox, plane: Plane, index: number): VoxelBox["voxels"] {
  const n = box.components;
  const [depth, height, width] = box.box.shape;
  const strides: Triple = [height * width * n, width * n, n];
  const across = index * strides[axisIndex(plane.across)];
  if (plane.across === "z") return box.voxels.subarray(across, across + height * width * n);
  const columns = plane.right === "x" ? width : height;
  const [step, row] = [strides[axisIndex(plane.right)], strides[axisIndex(plane.down)]];
  const slice = box.voxels.slice(0, depth * columns * n);
  for (let r = 0, to = 0; r < depth; r++) {
    for (let c = 0; c < columns; c++) {
      const from = across + r * row + c * step;
      for (let k = 0; k < n; k++, to++) slice[to] = box.voxels[from + k] as number;
    }
  }
  return slice;
}
