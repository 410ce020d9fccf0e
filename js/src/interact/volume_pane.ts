// The volume view with the region's box, whose faces can be dragged.

import type { Drawing, ShownVolume } from "../drawing.ts";
import { dragRoi } from "../geometry.ts";
import type { Axis } from "../messages.ts";
import { setText } from "../panels/elements.ts";
import { BACKGROUND } from "../render/plane_canvas.ts";
import { VolumeCanvas } from "../render/volume_canvas.ts";
import type { VolumeLook } from "../render/volume_look.ts";
import type { Session } from "../session.ts";
import type { VoxelBox } from "../streaming/voxel_box.ts";
import type { Drag } from "./drag.ts";
import { pointOf, RoiCage } from "./roi_cage.ts";
import { place, svgElement } from "./svg.ts";
import { VolumeAxes } from "./volume_axes.ts";

/** Degrees to the right and down by which an arrow key turns the volume. */
const TURNS: Record<string, [right: number, down: number]> = {
  ArrowLeft: [-10, 0],
  ArrowRight: [10, 0],
  ArrowUp: [0, -10],
  ArrowDown: [0, 10],
};
/** A finer volume waits so long for voxels that are on their way: to draw it may take a while. */
const HOLD_MS = 1000;
/** Other voxels that take so long to show wait until none have come for a while. */
const SLOW_MS = 60;
const STILL_MS = 300;

export interface VolumeEvents {
  cameraMoved(): void;
  resetViews(): void;
  showRegion(): void;
  toggleMaximised(): void;
  /** The volume has been drawn as finely as it will be. */
  drawn(): void;
}

/** Degrees by which a volume that turns by itself does so. */
const TURN_PER_SECOND = 30;

export class VolumePane {
  readonly element = document.createElement("div");
  readonly view: VolumeCanvas;
  /** The camera was chosen by somebody: it is not reset with the size of the image. */
  isMoved = false;
  #session: Session;
  #drawing: Drawing;
  #cage: RoiCage;
  #axes: VolumeAxes;
  #note: SVGTextElement;
  #stop = new AbortController();
  #look = "";
  #clip = "";
  #fitted = "";
  #shown: ShownVolume | null = null;
  /** Boxes that are ready and not shown yet, and since when. */
  #ready: VoxelBox[] = [];
  #readySince = 0;
  #turning = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(session: Session, drawing: Drawing, events: VolumeEvents) {
    this.#session = session;
    this.#drawing = drawing;
    this.view = new VolumeCanvas(
      () => this.#drawOverlay(),
      () => {
        this.isMoved = true;
        events.cameraMoved();
      },
      () => events.drawn(),
    );
    this.element.className = "rw-pane";
    this.element.dataset.plane = "volume";
    this.element.tabIndex = 0;
    this.element.setAttribute("role", "application");
    this.element.setAttribute(
      "aria-label",
      "volume; drag or arrow keys rotate, r shows everything, f the region",
    );
    const svg = svgElement("svg", "rw-overlay");
    this.#axes = new VolumeAxes(svg);
    this.#note = svgElement("text", "rw-label", svg);
    const startDrag = (axis: Axis, side: -1 | 1) => this.#dragFace(axis, side);
    this.#cage = new RoiCage(svg, startDrag, this.#stop.signal);
    this.element.append(this.view.container, svg);
    this.#listen(events);
  }

  attach(): void {
    this.view.attach();
    this.reset();
  }

  /** Show the whole image from the first corner again. */
  reset(): void {
    this.isMoved = false;
    this.#fitted = "";
    this.#fit();
  }

  /** Look at the region from where the volume is seen now. */
  showRegion(): void {
    this.isMoved = true;
    this.view.lookAt(this.#session.roi, this.#session.scene.direction);
  }

  draw(): void {
    if (!this.isMoved) this.#fit();
    const ready = this.#drawing.volume();
    const isOther = ready?.looks.length !== this.#shown?.looks.length;
    if (this.#isDue(ready) || isOther) this.#shown = ready;
    else if (ready && this.#shown) this.#shown = { ...ready, boxes: this.#shown.boxes };
    const shown = this.#shown;
    const { direction } = this.#session.scene;
    if (shown) this.#drawVolume(shown, direction);
    this.view.show(shown?.boxes ?? [], shown?.valueRange ?? [0, 1], direction);
    this.view.setBackground(this.#session.state.get("background_color") || BACKGROUND);
    this.view.showPoints(this.#session.points, direction);
    this.#drawOverlay();
    this.#turn();
  }

  /** Turn by itself, as long as it should. */
  #turn(): void {
    if (this.#turning !== 0 || !this.#session.state.get("rotate")) return;
    let before = performance.now();
    const step = (now: number) => {
      this.#turning = 0;
      if (!this.#session.state.get("rotate") || this.#stop.signal.aborted) return;
      this.view.turn((TURN_PER_SECOND * (now - before)) / 1000);
      before = now;
      this.#turning = requestAnimationFrame(step);
    };
    this.#turning = requestAnimationFrame(step);
  }

  /** Nothing waits to be shown, and what is shown is drawn. */
  get isSettled(): boolean {
    return this.#timer === undefined && this.view.isSettled;
  }

  /** Other boxes are shown once they have waited as long as they should. */
  #isDue(ready: ShownVolume | null): boolean {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const boxes = ready?.boxes ?? [];
    if (!this.#shown || isEqual(boxes, this.#shown.boxes)) return true;
    if (!isEqual(boxes, this.#ready)) {
      this.#ready = boxes;
      this.#readySince = performance.now();
    }
    const isComing = this.#session.scheduler.pending > 0;
    const still = this.view.changeMs > SLOW_MS ? STILL_MS : 0;
    const left = this.#readySince + (isComing ? HOLD_MS : still) - performance.now();
    if (left <= 0) return true;
    this.#timer = setTimeout(() => this.draw(), left);
    return false;
  }

  destroy(): void {
    this.#stop.abort();
    clearTimeout(this.#timer);
    cancelAnimationFrame(this.#turning);
    this.view.destroy();
    this.element.remove();
  }

  #listen(events: VolumeEvents): void {
    const { signal } = this.#stop;
    const listen = <E extends Event>(name: string, action: (event: E) => void) =>
      this.element.addEventListener(name, action as EventListener, { signal, passive: false });
    listen("dblclick", () => events.toggleMaximised());
    listen("wheel", (event) => event.preventDefault());
    listen("contextmenu", (event) => event.preventDefault());
    listen("pointerdown", () => this.element.focus({ preventScroll: true }));
    listen<KeyboardEvent>("keydown", (event) => {
      if (event.ctrlKey || event.metaKey || event.altKey) return;
      const turn = TURNS[event.key];
      if (turn) this.view.rotate(...turn);
      else if (event.key === "r") events.resetViews();
      else if (event.key === "f") events.showRegion();
      else return;
      event.preventDefault();
      event.stopPropagation();
    });
  }

  #fit(): void {
    const whole = this.#session.wholeRoi();
    const { direction } = this.#session.scene;
    const key = JSON.stringify([whole, direction]);
    if (key !== this.#fitted) this.view.resetCamera(whole, direction);
    this.#fitted = key;
  }

  #drawVolume({ boxes, looks }: ShownVolume, direction: number[]): void {
    const [box] = boxes;
    if (!box) return;
    const { state, roi } = this.#session;
    const look: VolumeLook = {
      colors: looks,
      opacity: state.get("opacity_points"),
      projection: state.get("volume_projection"),
      gradientOpacity: state.get("gradient_opacity"),
      gradientScale: state.get("gradient_opacity_scale"),
      scattering: state.get("scattering"),
      shading: state.get("shading"),
      sampleDistance: state.get("sample_distance"),
    };
    const key = JSON.stringify(look);
    if (key !== this.#look) this.view.setLook(look);
    this.#look = key;
    const clip = JSON.stringify([roi, box.level, box.box, direction]);
    if (clip !== this.#clip) this.view.clip(roi, box, direction);
    this.#clip = clip;
  }

  #drawOverlay(): void {
    const { roi } = this.#session;
    const isRgb = this.#session.image?.info.kind === "rgb";
    const shown = this.#session.state.get("roi_visible") && !isRgb;
    this.#cage.draw(roi, shown, {
      project: (point) => this.view.project(point),
      eye: this.view.getCamera().position,
      direction: this.#session.scene.direction,
    });
    this.#axes.draw((point) => this.view.project(point), this.#session.wholeRoi());
    place(this.#note, { x: 10, y: 19 });
    setText(this.#note, isRgb ? "Color images are drawn in the planes only." : "");
  }

  /** A face follows the pointer along the drawn direction of its normal. */
  #dragFace(axis: Axis, side: -1 | 1): Drag | null {
    if (this.#session.state.get("roi_locked")) return null;
    const before = this.#session.roi;
    const centre = pointOf(before, { [axis]: side });
    const unit = before.upper[axis] - before.lower[axis] || 1;
    const [x0, y0] = this.view.project(centre);
    const [x1, y1] = this.view.project({ ...centre, [axis]: centre[axis] + unit });
    const [nx, ny] = [(x1 - x0) / unit, (y1 - y0) / unit];
    const squared = Math.max(nx * nx + ny * ny, 1e-12);
    this.#session.holdRegion();
    return {
      move: (dx, dy) => {
        const level = this.#session.finest;
        if (!level) return;
        const by = (dx * nx + dy * ny) / squared;
        this.#session.state.set("roi", dragRoi(before, { [axis]: side }, { [axis]: by }, level));
      },
      end: () => this.#session.releaseRegion(),
    };
  }
}

function isEqual(some: VoxelBox[], others: VoxelBox[]): boolean {
  return some.length === others.length && some.every((box, i) => box === others[i]);
}
