// One slice plane on a 2-D canvas: exact nearest-neighbour pixels of whatever boxes are loaded.
//
// Planes are parallel to the array's axes, so a slice is an axis-aligned picture even for oblique
// images. A 2-D canvas shows every data type exactly and does not depend on a WebGL context.

import { axisIndex, type Plane } from "../geometry.ts";
import type { Axis, Box, HalfSpace, Point, Roi } from "../messages.ts";
import type { PlaneView } from "../streaming/plane_slabs.ts";
import type { VoxelBox } from "../streaming/voxel_box.ts";
import type { Painter } from "./colors.ts";
import { halfPlane } from "./half_plane.ts";

/** What is drawn of a box of voxels. */
export type Slab = Pick<VoxelBox, "level" | "box" | "filling" | "components" | "origin" | "slice">;

/** Something to draw on a plane, in painting order. */
export interface Picture {
  box: Slab;
  painter: Painter;
  opacity: number;
  /** Draw only inside this region of the frame. */
  within?: Roi;
  /** Draw only what lies in all of these. */
  halfSpaces?: HalfSpace[];
  /** Leave out what these boxes cover. */
  without?: Slab[];
  /** Draw every other square only; corner and side are in the frame. */
  squares?: { corner: Point; side: number };
  /** Add to what is there instead of covering it. */
  isAdded?: boolean;
  /** Interpolate between voxels. */
  isSmooth?: boolean;
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
/**
 * Canvases stay out of the graphics card: where it is emulated, each drawing would wait behind
 * the volume's, and a real one gains nothing from pictures that change with each drawing.
 */
const IN_MEMORY: CanvasRenderingContext2DSettings = { willReadFrequently: true };
/** As the panes in viewer.css. */
export const BACKGROUND = "#0d0e11";

interface Slice {
  key: string;
  canvas: HTMLCanvasElement;
  image: ImageData;
}

export class PlaneCanvas {
  readonly canvas = document.createElement("canvas");
  camera: PlaneCamera = { center: [0, 0], height: 1 };
  background = BACKGROUND;
  /** CSS pixels. */
  width = 1;
  height = 1;
  #slices = new Map<Slab, Slice>();
  /** What is on the canvas: all that its pixels depend on. */
  #shown: unknown[] = [];
  #isMeasured = false;

  constructor(readonly plane: Plane) {
    this.canvas.className = "rw-canvas";
    // a canvas that lost its pixels is drawn anew with whatever comes next
    this.canvas.addEventListener("contextrestored", () => {
      this.#shown = [];
    });
  }

  /** CSS pixels per world unit. */
  get pixelsPerUnit(): number {
    return this.height / this.camera.height;
  }

  toPixel(right: number, down: number): [number, number] {
    const { center } = this.camera;
    const scale = this.pixelsPerUnit;
    return [
      this.width / 2 + (right - center[0]) * scale,
      this.height / 2 + (down - center[1]) * scale,
    ];
  }

  toFrame(px: number, py: number): [number, number] {
    const { center } = this.camera;
    const scale = this.pixelsPerUnit;
    return [center[0] + (px - this.width / 2) / scale, center[1] + (py - this.height / 2) / scale];
  }

  /** Show a box of the frame with a small margin. */
  fit(lower: Point, upper: Point): void {
    const { right, down } = this.plane;
    const { above, below, beside } = FIT_ROOM;
    const perPixel = Math.max(
      (upper[right] - lower[right]) / Math.max(this.width - 2 * beside, 1),
      (upper[down] - lower[down]) / Math.max(this.height - above - below, 1),
    );
    const middle = (lower[down] + upper[down]) / 2;
    this.camera = {
      center: [(lower[right] + upper[right]) / 2, middle - ((above - below) / 2) * perPixel],
      height: perPixel * Math.max(this.height, 1),
    };
  }

  /** What is on screen, and how large a pixel of the screen is there. */
  get window(): Omit<PlaneView, "position"> {
    const ratio = window.devicePixelRatio || 1;
    return {
      plane: this.plane,
      low: this.toFrame(0, 0),
      high: this.toFrame(this.width, this.height),
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

  /**
   * Draw pictures at a position across the plane, unless all of it is on the canvas already.
   *
   * @param over what is drawn over the pictures, compared by identity
   * @returns whether the canvas was drawn anew
   */
  draw(pictures: Picture[], position: number, over: unknown[] = []): boolean {
    const shown = [
      position,
      this.background,
      ...this.#frame(),
      ...pictures.flatMap((picture) => this.#dependenciesOf(picture, position)),
      ...over,
    ];
    if (shown.length === this.#shown.length && shown.every((part, i) => part === this.#shown[i]))
      return false;
    this.#shown = shown;
    const context = this.#clear();
    for (const box of this.#slices.keys()) {
      if (!pictures.some((picture) => picture.box === box)) this.#slices.delete(box);
    }
    for (const picture of pictures) this.#drawPicture(context, picture, position);
    return true;
  }

  /** The pane may have another size now. */
  resize(): void {
    this.#isMeasured = false;
  }

  /** Take the size of the pane, in whole device pixels: a stretched canvas would be blurred. */
  fitPane(): void {
    if (this.#isMeasured) return;
    const ratio = window.devicePixelRatio || 1;
    const pane = (this.canvas.parentElement ?? this.canvas).getBoundingClientRect();
    // out of sight for a moment, as while JupyterLab changes its theme: nobody tells when it ends
    if (pane.width === 0) return;
    const width = Math.max(1, Math.round(pane.width * ratio));
    const height = Math.max(1, Math.round(pane.height * ratio));
    if (this.canvas.width !== width) this.canvas.width = width;
    if (this.canvas.height !== height) this.canvas.height = height;
    this.width = width / ratio;
    this.height = height / ratio;
    Object.assign(this.canvas.style, { width: `${this.width}px`, height: `${this.height}px` });
    this.#isMeasured = true;
  }

  /** What the pixels depend on besides the pictures. */
  #frame(): unknown[] {
    const { center, height } = this.camera;
    return [...center, height, this.canvas.width, this.canvas.height];
  }

  #clear(): CanvasRenderingContext2D {
    const { width, height } = this.canvas;
    const ratio = window.devicePixelRatio || 1;
    const context = this.canvas.getContext("2d", IN_MEMORY);
    if (!context) throw new Error("this browser has no 2-D canvas");
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.fillStyle = this.background;
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
    const { parts } = box.filling(across, index);
    if (parts)
      this.#clipTo(
        context,
        parts.map((part) => this.#rect(box, part)),
      );
    if (picture.within) this.#clipTo(context, [this.#roiRect(picture.within)]);
    for (const half of picture.halfSpaces ?? []) this.#clipToHalf(context, half, position);
    for (const other of picture.without ?? []) this.#clipOut(context, other, position);
    if (picture.squares) this.#clipTo(context, this.#checkerboard(picture.squares));
    if (picture.isAdded) context.globalCompositeOperation = "lighter";
    context.globalAlpha = picture.opacity;
    context.imageSmoothingEnabled = picture.isSmooth ?? false;
    context.drawImage(this.#slice(picture, index), ...this.#rect(box, box.box));
    context.restore();
  }

  /** All that the pixels of a picture depend on, as values that can be compared. */
  #dependenciesOf(picture: Picture, position: number): unknown[] {
    const { box, painter, without = [], within, halfSpaces, squares, ...look } = picture;
    const across = axisIndex(this.plane.across);
    const boxes = [box, ...without].flatMap((each) => {
      const index = indexIn(each, across, position);
      return [each, index === null ? null : each.filling(across, index).version];
    });
    return [...boxes, painter.key, JSON.stringify([within, halfSpaces, squares, look])];
  }

  #cuts(roi: Roi, position: number): boolean {
    const { across } = this.plane;
    return position >= roi.lower[across] && position <= roi.upper[across];
  }

  /** Where a box has voxels at a position. */
  #coveredRects(box: Slab, across: 0 | 1 | 2, position: number): Rect[] {
    const index = indexIn(box, across, position);
    if (index === null) return [];
    return (box.filling(across, index).parts ?? [box.box]).map((part) => this.#rect(box, part));
  }

  #clipTo(context: CanvasRenderingContext2D, rects: Rect[]): void {
    context.beginPath();
    for (const rect of rects) context.rect(...rect);
    context.clip();
  }

  #clipToHalf(context: CanvasRenderingContext2D, half: HalfSpace, position: number): void {
    const { center } = this.camera;
    const reach = Math.hypot(this.width, this.height) / this.pixelsPerUnit;
    context.beginPath();
    for (const [right, down] of halfPlane(half, this.plane, position, center, reach)) {
      context.lineTo(...this.toPixel(right, down));
    }
    context.clip();
  }

  #clipOut(context: CanvasRenderingContext2D, box: Slab, position: number): void {
    const across = axisIndex(this.plane.across);
    // one clip each: where rectangles overlap, those of one clip would cancel out
    for (const rect of this.#coveredRects(box, across, position)) {
      context.beginPath();
      context.rect(0, 0, this.width, this.height);
      context.rect(...rect);
      context.clip("evenodd");
    }
  }

  /** Where a part of a box, in its level's indices, is drawn. */
  #rect(box: Slab, part: Box): Rect {
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
    const { version } = box.filling(axisIndex(this.plane.across), index);
    const key = `${version}|${index}|${painter.key}`;
    const known = this.#slices.get(box);
    if (known?.key === key) return known.canvas;
    const columns = box.box.shape[axisIndex(this.plane.right)];
    const rows = box.box.shape[axisIndex(this.plane.down)];
    const isSize = known?.image.width === columns && known.image.height === rows;
    const { canvas, image } = known && isSize ? known : newSlice(columns, rows);
    painter.paint(
      box.slice(this.plane, index),
      new Uint32Array(image.data.buffer),
      box.components,
      columns,
    );
    canvas.getContext("2d", IN_MEMORY)?.putImageData(image, 0, 0);
    this.#slices.set(box, { key, canvas, image });
    return canvas;
  }
}

function newSlice(width: number, height: number): Omit<Slice, "key"> {
  const canvas = document.createElement("canvas");
  Object.assign(canvas, { width, height });
  return { canvas, image: new ImageData(width, height) };
}

/** Index of the slice of a box at a position, or null outside the box. */
function indexIn(box: Slab, across: 0 | 1 | 2, position: number): number | null {
  const index = Math.floor((position - box.origin[across]) / box.level.spacing[across] + 0.5);
  return index >= 0 && index < box.box.shape[across] ? index : null;
}
