// The anywidget module of the player: builds one view of it and takes it down again.

import type { RenderProps } from "@anywidget/types";
import "../viewer.css";
import "./stack.css";
import { shortUnit } from "../interact/plane_marks.ts";
import { setAttribute } from "../interact/svg.ts";
import { ColorControls } from "../panels/color_controls.ts";
import { button, element, setText } from "../panels/elements.ts";
import { ErrorArea } from "../panels/error_area.ts";
import { Help, type HelpSections } from "../panels/help.ts";
import { addFullScreenButton, Resizer } from "../panels/resizer.ts";
import { Still } from "../panels/still.ts";
import { formatBytes } from "../streaming/levels.ts";
import type { Pair } from "./frame_messages.ts";
import { FramePane } from "./frame_pane.ts";
import { OverlayControls } from "./overlay_controls.ts";
import { PlayerBar } from "./player_bar.ts";
import { RoiLayer } from "./roi_layer.ts";
import { RoiPanel } from "./roi_panel.ts";
import { type Side, SideView } from "./side_view.ts";
import { StackSession } from "./stack_session.ts";
import { STACK_LOOKS, type StackTraits } from "./stack_state.ts";
import { stackTestHandle } from "./stack_test_handle.ts";
import { TracePlot } from "./trace_plot.ts";

const HELP: HelpSections = {
  Player: [
    ["Space", "play or pause"],
    ["← →", "one frame; with Shift ten"],
    ["Home, End", "the first and the last frame"],
  ],
  Frame: [
    ["Wheel, + and −", "zoom"],
    ["Drag", "move the image"],
    ["Double click", "the frame in which this place is brightest"],
    ["Right drag", "window: sideways its width, up and down its level"],
    ["r", "show everything"],
  ],
  Regions: [
    ["Choose a tool", "drag, or click the points of a polygon; Enter or a double click closes"],
    ["Drag a region, its handles", "move, reshape"],
    ["Delete, Escape", "delete it; put the tool away"],
    ["Ctrl + Z", "undo; with Shift redo"],
  ],
  Traces: [
    ["Click", "go to a frame"],
    ["Drag, wheel, double click", "zoom in, zoom, show all; with Shift the wheel moves"],
  ],
  "Side views": [["Click or drag", "go to a frame"]],
};

class StackView {
  readonly root = element("div", "roiwidgets-viewer rw-stack");
  #session: StackSession;
  #colors: ColorControls;
  #bar: PlayerBar;
  #pane: FramePane;
  #sides: [top: SideView, right: SideView];
  #overlay: OverlayControls;
  #layer: RoiLayer;
  #panel: RoiPanel;
  #plot: TracePlot;
  #corner = element("div", "rw-stack-corner");
  #errors: ErrorArea;
  #still: Still;
  #resizer: Resizer;
  #grid = element("div", "rw-stack-grid");
  #loading = element("span", "rw-loading");
  #probe = element("span", "rw-probe");
  #sizes: ResizeObserver;
  #stop = new AbortController();
  #frame = 0;
  #hovered: Pair | null = null;

  constructor(model: RenderProps<StackTraits>["model"], host: HTMLElement) {
    host.append(this.root);
    this.#session = new StackSession(model, () => this.#schedule());
    const { state } = this.#session;
    const toolbar = element("div", "rw-toolbar", this.root);
    toolbar.setAttribute("role", "toolbar");
    toolbar.setAttribute("aria-label", "Viewer controls");
    this.#colors = new ColorControls(state, toolbar, () => this.#session.info.value_range);
    this.#pane = new FramePane(this.#session, {
      hover: (pixel) => {
        this.#session.probe.forget();
        this.#hovered = pixel;
        this.#schedule();
      },
      moved: () => this.#schedule(),
      isDrawing: () => this.#layer.tool !== null,
      startDrawing: (event) => this.#layer.startDrawing(event),
    });
    const changed = () => this.#schedule();
    this.#layer = new RoiLayer(this.#session, this.#pane, changed, this.#stop.signal);
    this.#panel = new RoiPanel(this.#session, this.#layer, changed);
    this.#plot = new TracePlot(this.#session);
    const sideView = (side: Side) =>
      new SideView(side, this.#session, this.#pane.view, () => this.#schedule());
    this.#sides = [sideView("top"), sideView("right")];
    this.#overlay = new OverlayControls(this.#session, toolbar);
    button("Reset view", "Show everything again (key r in the frame)", toolbar).onclick = () =>
      this.#pane.showAll();
    toolbar.append(this.#panel.tools);
    const corner = element("div", "rw-corner", toolbar);
    addFullScreenButton(this.root, corner, this.#stop.signal);
    const help = new Help(corner, HELP);
    this.#errors = new ErrorArea(this.#session);
    this.#still = new Still(this.#session, () => this.#schedule());
    this.#bar = new PlayerBar(this.#session);
    this.#resizer = new Resizer(state, this.#stop.signal);
    const views = element("div", "rw-views");
    views.append(this.#grid, this.#still.element, help.element);
    const [top, right] = this.#sides;
    this.#grid.append(top.element, this.#corner, this.#pane.element, right.element);
    const status = element("div", "rw-status");
    status.append(this.#loading, this.#probe);
    const below = element("div", "rw-below");
    below.append(this.#panel.table, this.#plot.element);
    this.root.append(this.#errors.element, views, this.#bar.element, below, status);
    this.root.append(this.#resizer.element);
    state.on(["camera", ...STACK_LOOKS], () => this.#schedule());
    this.#sizes = new ResizeObserver(() => {
      this.#pane.resize();
      this.#schedule();
    });
    this.#sizes.observe(this.#pane.element);
    views.addEventListener("keydown", (event) => this.#pressKey(event));
    toolbar.addEventListener("keydown", (event) => event.stopPropagation());
    const isDrawn = () => this.#frame === 0 && this.#pane.isStill;
    Object.assign(this.root, {
      roiwidgetsTest: stackTestHandle({
        session: this.#session,
        sides: this.#sides,
        plot: this.#plot,
        pane: this.#pane,
        isDrawn,
      }),
    });
    this.#schedule();
  }

  destroy(): void {
    cancelAnimationFrame(this.#frame);
    this.#sizes.disconnect();
    this.#stop.abort();
    this.#still.close();
    for (const side of this.#sides) side.destroy();
    this.#plot.destroy();
    this.#pane.destroy();
    this.#session.close();
    this.root.remove();
  }

  #schedule(): void {
    this.#frame ||= requestAnimationFrame(() => {
      this.#frame = 0;
      this.#draw();
    });
  }

  #draw(): void {
    const { state } = this.#session;
    this.#grid.style.height = `${state.get("height")}px`;
    this.root.toggleAttribute("data-no-annotations", !state.get("annotations_enabled"));
    this.root.toggleAttribute("data-collapsed", state.get("ui_collapsed"));
    this.#still.update(this.#session.shown === null);
    this.#grid.toggleAttribute("data-sides", state.get("side_views"));
    this.#pane.draw();
    if (state.get("side_views")) for (const side of this.#sides) side.draw();
    setText(this.#corner, this.#describeSummaries());
    this.#layer.draw();
    this.root.toggleAttribute("data-regions", this.#session.rois.all.length > 0);
    this.#panel.update();
    this.#plot.update();
    this.#plot.resize();
    this.#overlay.update();
    this.#colors.update();
    this.#bar.update();
    this.#resizer.update();
    this.#errors.update();
    setText(this.#loading, this.#describeLoading());
    setText(this.#probe, this.#hovered ? this.#describePixel(this.#hovered) : "");
    setAttribute(this.root, "data-playing", String(this.#session.isPlaying));
    setAttribute(this.root, "data-settled", String(this.#session.isSettled));
  }

  /** How much of the movie the side views and projections have seen. */
  #describeSummaries(): string {
    const { share } = this.#session.pictures;
    return share < 1 ? `${Math.floor(100 * share)} % of the movie seen` : "";
  }

  #describeLoading(): string {
    const { info, isPlaying, loader, shown } = this.#session;
    const parts = [`${info.frames} frames of ${info.width} × ${info.height}`];
    if (shown && shown.place.step > 1) parts.push(`1 of ${shown.place.step} pixels`);
    if (isPlaying) {
      const { bytes, isCompressed } = loader.last;
      parts.push(`${this.#session.framesPerSecond} frames / s`);
      parts.push(`${formatBytes(bytes)} ${isCompressed ? "JPEG" : "raw"}`);
    }
    parts.push(`${formatBytes(loader.bytes)} kept`);
    return parts.join(" · ");
  }

  #describePixel([row, column]: Pair): string {
    const { info } = this.#session;
    const value = this.#session.valueAt([row, column]);
    if (value === "") return "";
    const parts = [`[${this.#session.frame}, ${row}, ${column}]`];
    if (info.unit) {
      const [y, x] = [row, column].map(
        (n, i) => (info.origin[i] ?? 0) + n * (info.spacing[i] ?? 1),
      );
      parts.push(`x ${x?.toPrecision(4)}  y ${y?.toPrecision(4)} ${shortUnit(info.unit)}`);
    }
    parts.push(`value ${value}`);
    return parts.join("   ");
  }

  #pressKey(event: KeyboardEvent): void {
    if (this.#layer.pressKey(event)) {
      event.preventDefault();
      event.stopPropagation();
      return;
    }
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const { info } = this.#session;
    const steps = event.shiftKey ? 10 : 1;
    if (event.key === " ") this.#session.toggle();
    else if (event.key === "ArrowLeft") this.#session.step(-steps);
    else if (event.key === "ArrowRight") this.#session.step(steps);
    else if (event.key === "Home") this.#session.step(-info.frames);
    else if (event.key === "End") this.#session.step(info.frames);
    else return;
    event.preventDefault();
    event.stopPropagation();
  }
}

export default {
  render({ model, el }: RenderProps<StackTraits>): () => void {
    const view = new StackView(model, el);
    return () => view.destroy();
  },
};
