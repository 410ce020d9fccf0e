// One slice plane on a 2-D canvas: exact nearest-neighbour pixels of whatever boxes are loaded.
//
// Planes are parallel to the array's axes, so a slice is an axis-aligned picture even for oblique
// images. A 2-D canvas shows every data type exactly and does not depend on a WebGL context.

import { axisIndex, type Plane } from "../geometry.ts";
import type { Axis, Point, Triple } from "../messages.ts";
import type { VoxelBox } from "../streaming/voxel_box.ts";
import type { Painter } from "./colors.ts";

/** Something to draw on a plane, in painting order. */
export interface Picture {
  box: VoxelBox;
  painter: Painter;
  opacity: number;
}

/** Part of the frame that a plane shows: its centre (right, down) and its height. */
export interface PlaneCamera {
  center: [number, number];
  height: number;
}

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
    const width = upper[right] - lower[right];
    const height = upper[down] - lower[down];
    const aspect = (this.canvas.clientWidth || 1) / (this.canvas.clientHeight || 1);
    this.camera = {
      center: [(lower[right] + upper[right]) / 2, (lower[down] + upper[down]) / 2],
      height: 1.06 * Math.max(height, width / aspect),
    };
  }

  zoom(factor: number, px: number, py: number): void {
    const [right, down] = this.toFrame(px, py);
    const { center, height } = this.camera;
    this.camera = {
      center: [right + (center[0] - right) / factor, down + (center[1] - down) / factor],
      height: height / factor,
    };
  }

  draw(pictures: Picture[], position: number, background: string): void {
    const context = this.#prepare(background);
    for (const box of this.#slices.keys()) {
      if (!pictures.some((picture) => picture.box === box)) this.#slices.delete(box);
    }
    for (const picture of pictures) this.#drawPicture(context, picture, position);
  }

  #prepare(background: string): CanvasRenderingContext2D {
    const ratio = window.devicePixelRatio || 1;
    const width = Math.max(1, Math.round(this.canvas.clientWidth * ratio));
    const height = Math.max(1, Math.round(this.canvas.clientHeight * ratio));
    if (this.canvas.width !== width) this.canvas.width = width;
    if (this.canvas.height !== height) this.canvas.height = height;
    const context = this.canvas.getContext("2d");
    if (!context) throw new Error("this browser has no 2-D canvas");
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.fillStyle = background;
    context.fillRect(0, 0, width, height);
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.imageSmoothingEnabled = false;
    return context;
  }

  #drawPicture(context: CanvasRenderingContext2D, picture: Picture, position: number): void {
    const { box } = picture;
    const across = axisIndex(this.plane.across);
    const index = Math.floor((position - box.origin[across]) / box.level.spacing[across] + 0.5);
    if (index < 0 || index >= box.box.shape[across]) return;
    const slice = this.#slice(picture, index);
    const side = (axis: Axis): [number, number] => {
      const i = axisIndex(axis);
      const low = box.origin[i] - 0.5 * box.level.spacing[i];
      return [low, low + box.box.shape[i] * box.level.spacing[i]];
    };
    const [left, right] = side(this.plane.right);
    const [top, bottom] = side(this.plane.down);
    const [x0, y0] = this.toPixel(left, top);
    const [x1, y1] = this.toPixel(right, bottom);
    context.globalAlpha = picture.opacity;
    context.drawImage(slice, x0, y0, x1 - x0, y1 - y0);
    context.globalAlpha = 1;
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
    painter.paint(voxels, new Uint32Array(image.data.buffer), box.components);
    canvas.getContext("2d")?.putImageData(image, 0, 0);
    this.#slices.set(box, { key, canvas });
    return canvas;
  }
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
