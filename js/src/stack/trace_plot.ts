// The traces of the regions over time, with the frame that is shown; drawn by uPlot.

import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import { checkbox, element, labelled, setText } from "../panels/elements.ts";
import type { Roi } from "./roi_geometry.ts";
import type { StackSession } from "./stack_session.ts";

const HEIGHT = 170;
/** Seen on light and on dark ground. */
const FRAME_LINE = "#e0a800";
/** A pointer that moves less while it is pressed has clicked. */
const CLICK_PIXELS = 3;
const ZOOM_PER_PIXEL = 1 / 300;
/** Share of its row that a stacked trace fills. */
const FILLED = 0.9;

export class TracePlot {
  readonly element = element("div", "rw-traces");
  #session: StackSession;
  #stacked = checkbox();
  #note = element("span", "rw-name");
  #host = element("div", "rw-plot", this.element);
  #plot: uPlot | null = null;
  #series = "";
  #version = -1;
  #frame = -1;
  #pressedAt = 0;

  constructor(session: StackSession) {
    this.#session = session;
    const controls = element("div", "rw-field", this.element);
    labelled("Stacked", this.#stacked, controls);
    controls.append(this.#note);
    this.#stacked.onchange = () => {
      this.#version = -1;
      this.update();
    };
    // keys typed into a control are not notebook shortcuts
    controls.addEventListener("keydown", (event) => event.stopPropagation());
  }

  /** Values that are plotted of a region. */
  plotted(id: string): (number | null | undefined)[] | null {
    const index = this.#shown.findIndex((roi) => roi.id === id);
    const values = index < 0 ? undefined : this.#plot?.data[index + 1];
    return values ? [...values] : null;
  }

  update(): void {
    const { info, rois, traces, frame } = this.#session;
    traces.follow(info.id, rois.all);
    const shown = this.#shown;
    this.element.hidden = rois.all.length === 0;
    if (this.element.hidden) return;
    setText(this.#note, traces.done < 1 ? `${Math.floor(100 * traces.done)} % of the traces` : "");
    const isStacked = this.#stacked.checked;
    const theme = getComputedStyle(this.element).color;
    const looks = shown.map(({ id, name, color }) => [id, name, color]);
    const series = JSON.stringify([looks, info.id, isStacked, theme]);
    if (series !== this.#series) {
      this.#series = series;
      this.#build(shown, isStacked);
      this.#version = -1;
    }
    if (traces.version !== this.#version) {
      this.#version = traces.version;
      this.#plot?.setData(this.#data(shown, isStacked), this.#isWhole);
    }
    if (frame !== this.#frame) {
      this.#frame = frame;
      this.#plot?.redraw(false, false);
    }
  }

  resize(): void {
    const width = this.#host.clientWidth;
    if (this.#plot && width > 0 && width !== this.#plot.width) {
      this.#plot.setSize({ width, height: HEIGHT });
    }
  }

  destroy(): void {
    this.#plot?.destroy();
  }

  get #shown(): Roi[] {
    return this.#session.rois.all.filter(({ visible }) => visible);
  }

  /** Nobody has zoomed. */
  get #isWhole(): boolean {
    const { min, max } = this.#plot?.scales.x ?? {};
    return min === undefined || (min === 0 && max === this.#session.info.frames - 1);
  }

  #data(shown: Roi[], isStacked: boolean): uPlot.AlignedData {
    const { info, traces } = this.#session;
    const frames = Float64Array.from({ length: info.frames }, (_, i) => i);
    const curves = shown.map((roi, row) => {
      const values = traces.get(roi.id);
      if (!values) return new Array<null>(info.frames).fill(null);
      return isStacked ? stackedValues(values, shown.length - 1 - row) : plain(values);
    });
    return [frames, ...curves];
  }

  #build(shown: Roi[], isStacked: boolean): void {
    this.#plot?.destroy();
    const style = getComputedStyle(this.element);
    const stroke = style.color;
    const grid = { stroke: style.borderTopColor, width: 1 };
    const axis = { stroke, grid, ticks: grid, font: `11px ${style.fontFamily}` };
    const options: uPlot.Options = {
      width: Math.max(this.#host.clientWidth, 100),
      height: HEIGHT,
      legend: { show: false },
      cursor: { drag: { x: true, y: false }, points: { size: 5 } },
      scales: { x: { time: false } },
      axes: [
        { ...axis, size: 30 },
        { ...axis, size: 46, show: !isStacked },
      ],
      series: [
        { label: "Frame" },
        ...shown.map(({ name, color }) => ({
          label: name,
          stroke: color,
          width: 1,
          points: { show: false },
        })),
      ],
      hooks: { draw: [(plot) => this.#drawFrame(plot)] },
    };
    this.#plot = new uPlot(options, this.#data(shown, isStacked), this.#host);
    this.#listen(this.#plot);
  }

  #drawFrame(plot: uPlot): void {
    const { ctx, bbox } = plot;
    const x = plot.valToPos(this.#session.frame, "x", true);
    if (x < bbox.left || x > bbox.left + bbox.width) return;
    ctx.save();
    ctx.strokeStyle = FRAME_LINE;
    ctx.lineWidth = 1.5 * (window.devicePixelRatio || 1);
    ctx.beginPath();
    ctx.moveTo(x, bbox.top);
    ctx.lineTo(x, bbox.top + bbox.height);
    ctx.stroke();
    ctx.restore();
  }

  /** A click goes to its frame, a drag and the wheel zoom, a shifted drag moves along. */
  #listen(plot: uPlot): void {
    const { over } = plot;
    over.addEventListener("pointerdown", (event) => {
      this.#pressedAt = event.clientX;
    });
    over.addEventListener("click", (event) => {
      if (Math.abs(event.clientX - this.#pressedAt) >= CLICK_PIXELS) return;
      this.#session.seek(plot.posToVal(event.clientX - over.getBoundingClientRect().left, "x"));
    });
    over.addEventListener(
      "wheel",
      (event) => {
        event.preventDefault();
        const at = plot.posToVal(event.clientX - over.getBoundingClientRect().left, "x");
        const factor = Math.exp(event.deltaY * ZOOM_PER_PIXEL);
        const { min = 0, max = 1 } = plot.scales.x ?? {};
        const along = event.shiftKey ? (event.deltaY * (max - min)) / over.clientWidth : 0;
        this.#zoom(
          plot,
          [min, max].map((end) => (event.shiftKey ? end + along : at + (end - at) * factor)),
        );
      },
      { passive: false },
    );
  }

  #zoom(plot: uPlot, [low = 0, high = 1]: number[]): void {
    const last = this.#session.info.frames - 1;
    const width = Math.min(Math.max(high - low, 2), last);
    const min = Math.min(Math.max(low, 0), last - width);
    plot.setScale("x", { min, max: min + width });
  }
}

/** uPlot leaves out null, not NaN. */
function plain(values: Float64Array): (number | null)[] {
  return Array.from(values, (value) => (Number.isNaN(value) ? null : value));
}

/** Values from their smallest to their largest in a row of their own. */
function stackedValues(values: Float64Array, row: number): (number | null)[] {
  let [low, high] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const value of values) {
    if (value < low) low = value;
    if (value > high) high = value;
  }
  const scale = high > low ? FILLED / (high - low) : 0;
  return plain(values.map((value) => row + (value - low) * scale));
}
