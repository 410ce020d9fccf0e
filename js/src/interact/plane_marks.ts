// What is written over a slice plane: its name, its axes, the crosshair and a scale bar.

import type { Axis, Point } from "../messages.ts";
import { setText } from "../panels/elements.ts";
import type { PlaneCanvas } from "../render/plane_canvas.ts";
import { place, setAttribute, setShown, svgElement } from "./svg.ts";

export const PLANE_NAMES: Record<Axis, string> = { z: "xy", y: "xz", x: "yz" };

/** Longest scale bar, in CSS pixels and as a share of the pane. */
const BAR_PIXELS = 110;
const BAR_SHARE = 0.3;
const MARGIN = 10;
const ARROW = 18;
/** The lines of the crosshair leave the voxel that they mark in sight. */
const GAP = 7;

export interface Marks {
  crosshair: Point | null;
  slice: string;
  unit: string;
}

export class PlaneMarks {
  #view: PlaneCanvas;
  #lines: Record<"right" | "down", SVGPathElement>;
  #arrows: Record<"right" | "down", SVGLineElement>;
  #letters: Record<"right" | "down", SVGTextElement>;
  #name: SVGTextElement;
  /** The scale bar and the dark line around it. */
  #bar: SVGPathElement[];
  #barText: SVGTextElement;

  /** Lines go below the region's box, so that they do not cover handles, and text above it. */
  constructor(view: PlaneCanvas, below: SVGElement, above: SVGElement) {
    this.#view = view;
    const { right, down, across } = view.plane;
    const cross = (axis: Axis) => svgElement("path", `rw-cross rw-axis-${axis}`, below);
    const arrow = (axis: Axis) => svgElement("line", `rw-arrow rw-axis-${axis}`, above);
    this.#lines = { right: cross(right), down: cross(down) };
    this.#arrows = { right: arrow(right), down: arrow(down) };
    const letter = (axis: Axis) => {
      const text = svgElement("text", `rw-letter rw-letter-${axis}`, above);
      text.textContent = axis;
      return text;
    };
    this.#letters = { right: letter(right), down: letter(down) };
    this.#name = svgElement("text", `rw-label rw-letter-${across}`, above);
    this.#bar = ["rw-bar rw-halo", "rw-bar"].map((name) => svgElement("path", name, above));
    this.#barText = svgElement("text", "rw-label rw-bar-text", above);
  }

  draw(marks: Marks): void {
    const { width, height } = this.#view;
    this.#drawCrosshair(marks.crosshair, width, height);
    place(this.#name, { x: MARGIN, y: 19 });
    const { across } = this.#view.plane;
    const name = `${PLANE_NAMES[across]}  ·  ${across} ${marks.slice}`;
    setText(this.#name, marks.crosshair ? name : "");
    this.#drawAxes(height);
    this.#drawBar(width, height, marks.unit);
  }

  #drawCrosshair(point: Point | null, width: number, height: number): void {
    const { right, down } = this.#view.plane;
    for (const line of Object.values(this.#lines)) setShown(line, point !== null);
    if (!point) return;
    const [x, y] = this.#view.toPixel(point[right], point[down]);
    setAttribute(this.#lines.right, "d", `M0 ${y}H${x - GAP}M${x + GAP} ${y}H${width}`);
    setAttribute(this.#lines.down, "d", `M${x} 0V${y - GAP}M${x} ${y + GAP}V${height}`);
  }

  /** Two arrows in the lower left corner show where the axes grow. */
  #drawAxes(height: number): void {
    const [x, y] = [MARGIN + 2, height - MARGIN - ARROW - 12];
    place(this.#arrows.right, { x1: x, y1: y, x2: x + ARROW, y2: y });
    place(this.#arrows.down, { x1: x, y1: y, x2: x, y2: y + ARROW });
    place(this.#letters.right, { x: x + ARROW + 4, y: y + 4 });
    place(this.#letters.down, { x: x - 3, y: y + ARROW + 12 });
  }

  #drawBar(width: number, height: number, unit: string): void {
    const scale = this.#view.pixelsPerUnit;
    const length = roundLength(Math.min(BAR_PIXELS, BAR_SHARE * width) / scale);
    const [end, y] = [width - MARGIN, height - MARGIN];
    const start = end - length * scale;
    const shown = Number.isFinite(length) && length > 0;
    for (const part of [...this.#bar, this.#barText]) setShown(part, shown);
    if (!shown) return;
    for (const path of this.#bar) {
      setAttribute(path, "d", `M${start} ${y - 5}V${y}H${end}V${y - 5}`);
    }
    place(this.#barText, { x: (start + end) / 2, y: y - 6 });
    setText(this.#barText, `${Number(length.toPrecision(3))} ${shortUnit(unit)}`.trim());
  }
}

/** The largest of 1, 2, 5 times a power of ten that is not above a length. */
export function roundLength(longest: number): number {
  const power = 10 ** Math.floor(Math.log10(longest));
  const factor = [5, 2, 1].find((each) => each * power <= longest) ?? 1;
  return factor * power;
}

/** The usual sign of a unit that OME-Zarr spells out. */
export function shortUnit(unit: string): string {
  const signs: Record<string, string> = {
    nanometer: "nm",
    micrometer: "µm",
    um: "µm",
    millimeter: "mm",
    centimeter: "cm",
    meter: "m",
    angstrom: "Å",
  };
  return signs[unit] ?? unit;
}
