// The divider between input and result in a plane, moved with the mouse or the keyboard.

import type { Roi } from "../messages.ts";
import { setText } from "../panels/elements.ts";
import type { PlaneCanvas } from "../render/plane_canvas.ts";
import { clampShare, dividerAt } from "../split.ts";
import { type Drag, onDrag } from "./drag.ts";
import { place, setAttribute, setShown, svgElement } from "./svg.ts";

const STEPS: Record<string, number> = {
  ArrowLeft: -0.01,
  ArrowDown: -0.01,
  ArrowRight: 0.01,
  ArrowUp: 0.01,
  PageDown: -0.1,
  PageUp: 0.1,
  Home: -1,
  End: 1,
};
/** CSS pixels around the line that can be hit. */
const HIT_SIZE = 14;
const KNOB_RADIUS = 6;
/** Between the line and the words beside it. */
const GAP = 8;

export interface SplitLineEvents {
  /** The share of the region that shows the input, 0 to 1. */
  share(): number | null;
  moved(share: number): void;
  /** A drag has ended. */
  ended(): void;
}

export class SplitLine {
  #view: PlaneCanvas;
  #events: SplitLineEvents;
  #group: SVGGElement;
  /** The line and the dark line around it. */
  #lines: SVGLineElement[];
  #hit: SVGRectElement;
  #knob: SVGCircleElement;
  #words: Record<"input" | "result", SVGTextElement>;
  #width = 1;

  constructor(view: PlaneCanvas, svg: SVGElement, events: SplitLineEvents, signal: AbortSignal) {
    this.#view = view;
    this.#events = events;
    this.#group = svgElement("g", "rw-split", svg);
    this.#lines = ["rw-split-line rw-halo", "rw-split-line"].map((name) =>
      svgElement("line", name, this.#group),
    );
    this.#hit = svgElement("rect", "rw-hit", this.#group);
    this.#knob = svgElement("circle", "rw-split-knob", this.#group);
    const word = (text: "input" | "result") => {
      const made = svgElement("text", `rw-label rw-split-${text}`, this.#group);
      setText(made, text);
      return made;
    };
    this.#words = { input: word("input"), result: word("result") };
    this.#describe();
    onDrag(this.#group, (event) => this.#startDrag(event), signal);
    this.#group.addEventListener("keydown", (event) => this.#pressKey(event), { signal });
  }

  /** Draw it over a region that the plane cuts; hidden where there is nothing to compare. */
  draw(roi: Roi, position: number, hasResult: boolean): void {
    const { right, down, across } = this.#view.plane;
    const share = this.#events.share();
    const isCut = position >= roi.lower[across] && position <= roi.upper[across];
    const isShown = share !== null && hasResult && isCut;
    setShown(this.#group, isShown);
    if (!isShown) return;
    const [left, top] = this.#view.toPixel(roi.lower[right], roi.lower[down]);
    const [end, bottom] = this.#view.toPixel(roi.upper[right], roi.upper[down]);
    const [x] = this.#view.toPixel(dividerAt(roi, this.#view.plane, share), roi.lower[down]);
    this.#width = Math.max(end - left, 1);
    for (const line of this.#lines) place(line, { x1: x, y1: top, x2: x, y2: bottom });
    place(this.#hit, { x: x - HIT_SIZE / 2, y: top, width: HIT_SIZE, height: bottom - top });
    place(this.#knob, { cx: x, cy: (top + bottom) / 2, r: KNOB_RADIUS });
    const y = Math.max(top, 24) + 18;
    place(this.#words.input, { x: x - GAP, y });
    place(this.#words.result, { x: x + GAP, y });
    setAttribute(this.#group, "aria-valuenow", String(Math.round(100 * share)));
    setAttribute(this.#group, "aria-valuetext", `${Math.round(100 * share)} % input`);
  }

  #describe(): void {
    const label = "divider between input and result; arrow keys move it by a hundredth";
    const attributes = {
      tabindex: "0",
      role: "slider",
      "aria-label": label,
      "aria-valuemin": "0",
      "aria-valuemax": "100",
      "data-plane": this.#view.plane.across,
    };
    for (const [name, value] of Object.entries(attributes)) {
      setAttribute(this.#group, name, value);
    }
  }

  #startDrag(event: PointerEvent): Drag | null {
    const before = this.#events.share();
    if (event.button !== 0 || event.shiftKey || before === null) return null;
    return {
      move: (dx) => this.#events.moved(clampShare(before + dx / this.#width)),
      end: () => this.#events.ended(),
    };
  }

  #pressKey(event: KeyboardEvent): void {
    const step = STEPS[event.key];
    const share = this.#events.share();
    if (step === undefined || share === null) return;
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    event.stopPropagation();
    // whole hundredths, so that steps there and back end where they began
    this.#events.moved(clampShare(Math.round(100 * (share + step)) / 100));
  }
}
