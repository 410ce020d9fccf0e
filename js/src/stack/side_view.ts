// The movie seen from above or from the right: time across, and the line of the frame that is shown.

import { type Drag, onDrag } from "../interact/drag.ts";
import { place, setAttribute, setShown, svgElement } from "../interact/svg.ts";
import { type Painter, windowPainter } from "../render/colors.ts";
import type { PlaneCanvas } from "../render/plane_canvas.ts";
import { windowOfPixels } from "./frame.ts";
import type { PictureMessage } from "./frame_messages.ts";
import { painterFor } from "./frame_pane.ts";
import { boundsOf } from "./roi_geometry.ts";
import type { StackSession } from "./stack_session.ts";

export type Side = "top" | "right";

const NAMES = { top: "top_view", right: "right_view" } as const;
const TITLES = { top: "Movie from above", right: "Movie from the right" };

export class SideView {
  readonly element = document.createElement("div");
  /** Over the pixels, for what others draw there. */
  readonly overlay = svgElement("svg", "rw-overlay");
  #side: Side;
  #session: StackSession;
  #main: PlaneCanvas;
  #changed: () => void;
  #canvas = document.createElement("canvas");
  #picture = document.createElement("canvas");
  #painted: { message: PictureMessage; painter: Painter } | null = null;
  #painter = windowPainter("", [0, 1]);
  #extents = svgElement("g", "", this.overlay);
  #line = svgElement("line", "rw-frame-line", this.overlay);
  #number = svgElement("text", "rw-label", this.overlay);
  /** Frame at which the line is held, until it is let go. */
  #held: number | null = null;
  #stop = new AbortController();

  /** @param main whose pixel axis this view shares */
  constructor(side: Side, session: StackSession, main: PlaneCanvas, changed: () => void) {
    this.#side = side;
    this.#session = session;
    this.#main = main;
    this.#changed = changed;
    this.element.className = `rw-pane rw-side rw-side-${side}`;
    this.element.tabIndex = 0;
    this.element.setAttribute("role", "slider");
    this.element.setAttribute("aria-label", `${TITLES[side]}: frame`);
    this.element.setAttribute("aria-orientation", side === "top" ? "vertical" : "horizontal");
    this.element.setAttribute("aria-valuemin", "0");
    this.#canvas.className = "rw-canvas";
    this.element.append(this.#canvas, this.overlay);
    onDrag(this.element, (event) => this.#startDrag(event), this.#stop.signal);
  }

  /** Where a frame is drawn along time, in CSS pixels; 0.5 further is the end of its row. */
  toPixel(frame: number): number {
    return ((frame + 0.5) / this.#session.info.frames) * this.#length;
  }

  draw(): void {
    const { info, state, pictures } = this.#session;
    const message = pictures.get(info.id, NAMES[this.#side]);
    this.#fit();
    const context = this.#canvas.getContext("2d");
    if (!context) throw new Error("this browser has no 2-D canvas");
    context.clearRect(0, 0, this.#canvas.width, this.#canvas.height);
    if (message) {
      const range = windowOfPixels(message, state.get("color_range"));
      this.#painter = painterFor(this.#painter, state.get("color_table"), range);
      this.#paint(message);
      context.imageSmoothingEnabled = false;
      context.drawImage(this.#picture, ...this.#rect(message));
    }
    this.#drawExtents();
    this.#drawLine();
  }

  /** Colours (R, G, B) of the picture before it is stretched, row by row. */
  readPicture(): number[][][] {
    const { width, height } = this.#picture;
    const data = this.#picture.getContext("2d")?.getImageData(0, 0, width, height).data ?? [];
    const color = (i: number) => [...data.slice(4 * i, 4 * i + 3)];
    return Array.from({ length: height }, (_, row) =>
      Array.from({ length: width }, (_, column) => color(row * width + column)),
    );
  }

  destroy(): void {
    this.#stop.abort();
    this.element.remove();
  }

  /** CSS pixels along time. */
  get #length(): number {
    const { clientWidth, clientHeight } = this.element;
    return this.#side === "top" ? clientHeight : clientWidth;
  }

  #fit(): void {
    const ratio = window.devicePixelRatio || 1;
    const { clientWidth, clientHeight } = this.element;
    const width = Math.max(1, Math.round(clientWidth * ratio));
    const height = Math.max(1, Math.round(clientHeight * ratio));
    if (this.#canvas.width !== width) this.#canvas.width = width;
    if (this.#canvas.height !== height) this.#canvas.height = height;
  }

  /** One pixel per value, time downwards or, of the view from the right, to the right. */
  #paint(message: PictureMessage): void {
    const painter = this.#painter;
    if (this.#painted?.message === message && this.#painted.painter === painter) return;
    this.#painted = { message, painter };
    const [rows, columns] = message.shape;
    const isTop = this.#side === "top";
    Object.assign(this.#picture, { width: isTop ? columns : rows, height: isTop ? rows : columns });
    const image = new ImageData(this.#picture.width, this.#picture.height);
    const colors = new Uint32Array(image.data.buffer);
    painter.paint(message.pixels, colors, 1, columns);
    if (!isTop) colors.set(transposed(colors, rows, columns));
    this.#picture.getContext("2d")?.putImageData(image, 0, 0);
  }

  /** Where the picture is drawn, in pixels of the canvas. */
  #rect({ shape, step }: PictureMessage): [number, number, number, number] {
    const { info } = this.#session;
    const ratio = window.devicePixelRatio || 1;
    const i = this.#side === "top" ? 1 : 0;
    const [start, spacing] = [info.origin[i], info.spacing[i]];
    const low = start - 0.5 * spacing;
    const high = low + shape[1] * spacing;
    const [from, to] = [low, high].map((at) => this.#main.toPixel(at, at)[1 - i] as number) as [
      number,
      number,
    ];
    // the last row may stand for fewer frames than the others
    const length = ((shape[0] * step) / info.frames) * this.#length;
    const rect = i === 1 ? [from, 0, to - from, length] : [0, from, length, to - from];
    return rect.map((value) => value * ratio) as [number, number, number, number];
  }

  /** From where to where each region reaches, over all frames. */
  #drawExtents(): void {
    const isTop = this.#side === "top";
    const visible = this.#session.rois.all.filter((roi) => roi.visible);
    while (this.#extents.childElementCount > visible.length)
      this.#extents.lastElementChild?.remove();
    while (this.#extents.childElementCount < visible.length) {
      svgElement("rect", "rw-roi-extent", this.#extents);
    }
    const { clientWidth, clientHeight } = this.element;
    visible.forEach((roi, i) => {
      const rect = this.#extents.children[i] as Element;
      const [low, high] = boundsOf(roi).map((point) => this.#main.toPixel(...point)) as [
        [number, number],
        [number, number],
      ];
      const box = isTop
        ? { x: low[0], y: -2, width: high[0] - low[0], height: clientHeight + 4 }
        : { x: -2, y: low[1], width: clientWidth + 4, height: high[1] - low[1] };
      place(rect, box);
      setAttribute(rect, "stroke", roi.color);
    });
  }

  #drawLine(): void {
    const { info, frame } = this.#session;
    const shown = this.#held ?? frame;
    const at = this.toPixel(shown);
    const { clientWidth: width, clientHeight: height } = this.element;
    const isTop = this.#side === "top";
    place(
      this.#line,
      isTop ? { x1: 0, y1: at, x2: width, y2: at } : { x1: at, y1: 0, x2: at, y2: height },
    );
    this.#number.textContent = String(shown);
    place(
      this.#number,
      isTop ? { x: 6, y: at > 20 ? at - 5 : at + 15 } : { x: Math.min(at + 5, width - 40), y: 16 },
    );
    setShown(this.#number, this.#held !== null);
    this.element.setAttribute("aria-valuemax", String(info.frames - 1));
    this.element.setAttribute("aria-valuenow", String(shown));
  }

  /** The line follows the pointer at once; the frame is asked for when it is let go. */
  #startDrag(event: PointerEvent): Drag | null {
    if (event.button !== 0) return null;
    this.element.focus({ preventScroll: true });
    const follow = (now: PointerEvent) => {
      const box = this.element.getBoundingClientRect();
      const at = this.#side === "top" ? now.clientY - box.top : now.clientX - box.left;
      const { frames } = this.#session.info;
      this.#held = Math.min(Math.max(Math.floor((at / this.#length) * frames), 0), frames - 1);
      this.#changed();
    };
    follow(event);
    return {
      move: (_dx, _dy, now) => follow(now),
      end: () => {
        const frame = this.#held;
        this.#held = null;
        if (frame !== null) this.#session.seek(frame);
        this.#changed();
      },
    };
  }
}

function transposed(values: Uint32Array, rows: number, columns: number): Uint32Array {
  const turned = new Uint32Array(values.length);
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      turned[column * rows + row] = values[row * columns + column] as number;
    }
  }
  return turned;
}
