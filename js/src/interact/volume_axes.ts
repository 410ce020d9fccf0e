// Three arrows in the corner of the volume view that turn with the image's axes.

import { AXES } from "../geometry.ts";
import type { Axis, Point, Roi } from "../messages.ts";
import { place, svgElement } from "./svg.ts";

const LENGTH = 22;
const FROM_CORNER = 44;

export class VolumeAxes {
  #svg: SVGSVGElement;
  #lines = new Map<Axis, SVGLineElement>();
  #letters = new Map<Axis, SVGTextElement>();

  constructor(svg: SVGSVGElement) {
    this.#svg = svg;
    for (const axis of AXES) {
      this.#lines.set(axis, svgElement("line", `rw-arrow rw-axis-${axis}`, svg));
      const letter = svgElement("text", `rw-letter rw-letter-middle rw-letter-${axis}`, svg);
      letter.textContent = axis;
      this.#letters.set(axis, letter);
    }
  }

  /**
   * @param project from a point of the frame to CSS pixels
   * @param whole the image, at whose middle directions are taken
   */
  draw(project: (point: Point) => [number, number], whole: Roi): void {
    const middle = (axis: Axis) => (whole.lower[axis] + whole.upper[axis]) / 2;
    const centre: Point = { x: middle("x"), y: middle("y"), z: middle("z") };
    const step = 0.1 * Math.max(...AXES.map((axis) => whole.upper[axis] - whole.lower[axis]));
    const [x0, y0] = project(centre);
    const ends = AXES.map((axis) => {
      const [x, y] = project({ ...centre, [axis]: centre[axis] + step });
      return [x - x0, y - y0] as const;
    });
    const longest = Math.max(...ends.map((end) => Math.hypot(...end)), 1e-9);
    const [x1, y1] = [FROM_CORNER, this.#svg.clientHeight - FROM_CORNER];
    AXES.forEach((axis, i) => {
      const [dx, dy] = (ends[i] as readonly [number, number]).map((v) => (v / longest) * LENGTH);
      this.#draw(axis, [x1, y1], [dx as number, dy as number]);
    });
  }

  #draw(axis: Axis, [x1, y1]: [number, number], [dx, dy]: [number, number]): void {
    const line = this.#lines.get(axis) as SVGLineElement;
    place(line, { x1, y1, x2: x1 + dx, y2: y1 + dy });
    const length = Math.max(Math.hypot(dx, dy), 1e-9);
    const beyond = 1 + 8 / length;
    const letter = this.#letters.get(axis) as SVGTextElement;
    place(letter, { x: x1 + dx * beyond, y: y1 + dy * beyond + 4 });
  }
}
