// The opacity curve over a histogram of the voxels that are loaded; points are dragged.

import { onDrag } from "../interact/drag.ts";
import { svgElement } from "../interact/svg.ts";
import {
  addPoint,
  histogram,
  movePoint,
  type OpacityPoint,
  removePoint,
} from "../render/opacity_curve.ts";
import { shareIn, valueAt } from "../render/window.ts";
import type { VoxelBox } from "../streaming/voxel_box.ts";

const WIDTH = 260;
const HEIGHT = 72;
const MARGIN = 6;
const BINS = 65;
/** Share of the range and of the opacity by which an arrow key moves a point. */
const STEP = 0.02;

export class OpacityEditor {
  readonly element = svgElement("svg", "rw-opacity");
  #bars: SVGElement;
  #line: SVGElement;
  #handles: SVGElement;
  #changed: (points: OpacityPoint[]) => void;
  #points: OpacityPoint[] = [];
  #range: [number, number] = [0, 1];
  #counted: VoxelBox | null = null;
  #focused = -1;

  constructor(changed: (points: OpacityPoint[]) => void) {
    this.#changed = changed;
    this.element.setAttribute("viewBox", `0 0 ${WIDTH} ${HEIGHT}`);
    this.element.setAttribute("role", "group");
    this.element.setAttribute("aria-label", "Opacity over the values of the image");
    this.#bars = svgElement("path", "rw-histogram", this.element);
    this.#line = svgElement("polyline", "rw-curve", this.element);
    this.#handles = svgElement("g", "", this.element);
    this.element.addEventListener("dblclick", (event) => {
      event.stopPropagation();
      this.#add(event);
    });
  }

  update(points: OpacityPoint[], range: [number, number], box: VoxelBox | null): void {
    const key = JSON.stringify([points, range]);
    if (box !== this.#counted || `${range}` !== `${this.#range}`) this.#drawBars(box, range);
    if (key === this.element.dataset.drawn) return;
    this.element.dataset.drawn = key;
    this.#points = points;
    this.#range = range;
    this.#drawCurve();
    this.#drawHandles();
  }

  #x(value: number): number {
    const share = shareIn(this.#range)(value);
    return MARGIN + Math.min(Math.max(share, 0), 1) * (WIDTH - 2 * MARGIN);
  }

  #y(opacity: number): number {
    return HEIGHT - MARGIN - opacity * (HEIGHT - 2 * MARGIN);
  }

  /** Value and opacity under the pointer. */
  #at(event: MouseEvent): OpacityPoint {
    const { left, top, width, height } = this.element.getBoundingClientRect();
    const x = ((event.clientX - left) / width) * WIDTH;
    const y = ((event.clientY - top) / height) * HEIGHT;
    const [low, high] = this.#range;
    const value = valueAt(this.#range, (x - MARGIN) / (WIDTH - 2 * MARGIN));
    return [Math.min(Math.max(value, low), high), (HEIGHT - MARGIN - y) / (HEIGHT - 2 * MARGIN)];
  }

  #drawBars(box: VoxelBox | null, range: [number, number]): void {
    this.#counted = box;
    this.#range = range;
    const counts = box ? histogram(box.voxels, range, BINS) : [];
    const most = Math.log1p(Math.max(1, ...counts));
    const width = (WIDTH - 2 * MARGIN) / BINS;
    const bars = counts.map((count, i) => {
      const height = (Math.log1p(count) / most) * (HEIGHT - 2 * MARGIN);
      const x = MARGIN + i * width;
      return `M${x} ${HEIGHT - MARGIN}v${-height}h${width}v${height}z`;
    });
    this.#bars.setAttribute("d", bars.join(""));
  }

  #drawCurve(): void {
    const first = this.#points[0];
    const last = this.#points.at(-1);
    const ends = [`0,${this.#y(first?.[1] ?? 0)}`, `${WIDTH},${this.#y(last?.[1] ?? 1)}`];
    const middle = this.#points.map(([value, opacity]) => `${this.#x(value)},${this.#y(opacity)}`);
    this.#line.setAttribute("points", [ends[0], ...middle, ends[1]].join(" "));
  }

  #drawHandles(): void {
    this.#handles.replaceChildren();
    this.#points.forEach(([value, opacity], index) => {
      const handle = svgElement("circle", "rw-point", this.#handles);
      handle.setAttribute("cx", String(this.#x(value)));
      handle.setAttribute("cy", String(this.#y(opacity)));
      handle.setAttribute("r", "4.5");
      handle.setAttribute("tabindex", "0");
      handle.setAttribute("role", "slider");
      handle.setAttribute("aria-label", `Opacity at ${Number(value.toPrecision(4))}`);
      handle.setAttribute("aria-valuemin", "0");
      handle.setAttribute("aria-valuemax", "1");
      handle.setAttribute("aria-valuenow", opacity.toFixed(2));
      handle.addEventListener("keydown", (event) => this.#press(event, index));
      handle.addEventListener("dblclick", (event) => {
        event.stopPropagation();
        this.#set(removePoint(this.#points, index), index);
      });
      onDrag(handle, () => this.#drag(index), new AbortController().signal);
      if (index === this.#focused) (handle as SVGElement & HTMLOrSVGElement).focus();
    });
  }

  #drag(index: number) {
    this.#focused = index;
    const before = this.#points;
    return {
      move: (_dx: number, _dy: number, event: PointerEvent) =>
        this.#set(movePoint(before, index, this.#at(event), this.#range), index),
    };
  }

  #press(event: KeyboardEvent, index: number): void {
    const [value, opacity] = this.#points[index] as OpacityPoint;
    const share = shareIn(this.#range)(value);
    const moves: Record<string, OpacityPoint> = {
      ArrowLeft: [valueAt(this.#range, share - STEP), opacity],
      ArrowRight: [valueAt(this.#range, share + STEP), opacity],
      ArrowUp: [value, opacity + STEP],
      ArrowDown: [value, opacity - STEP],
    };
    const moved = moves[event.key];
    if (moved) this.#set(movePoint(this.#points, index, moved, this.#range), index);
    else if (event.key === "Delete") this.#set(removePoint(this.#points, index), index);
    else return;
    event.preventDefault();
  }

  #add(event: MouseEvent): void {
    const { points, index } = addPoint(this.#points, this.#at(event));
    this.#set(points, index);
  }

  #set(points: OpacityPoint[], focused: number): void {
    this.#focused = Math.min(focused, points.length - 1);
    this.#changed(points);
  }
}
