// The main view: the frame, what lies over it, and what the pointer does on it.

import { PLANES } from "../geometry.ts";
import { type Drag, onDrag } from "../interact/drag.ts";
import { PlaneMarks } from "../interact/plane_marks.ts";
import { svgElement } from "../interact/svg.ts";
import { WheelSteps } from "../interact/wheel.ts";
import { type Painter, windowPainter } from "../render/colors.ts";
import { type Picture, type PlaneCamera, PlaneCanvas } from "../render/plane_canvas.ts";
import { movedWindow, type Range } from "../render/window.ts";
import { FrameSlab, windowOfPixels } from "./frame.ts";
import type { Pair } from "./frame_messages.ts";
import { placeFor } from "./place.ts";
import type { StackSession } from "./stack_session.ts";

export interface FramePaneEvents {
  /** The pointer is over a pixel, or left. */
  hover(pixel: Pair | null): void;
  /** What is on screen has changed. */
  moved(): void;
  /** The pointer draws regions, so that it does not move the image. */
  isDrawing(): boolean;
  startDrawing(event: PointerEvent): Drag | null;
}

/** The pixels on screen are asked for once the view has been still for so long. */
const STILL_MS = 120;
const ZOOM_STEP = 1.25;

export class FramePane {
  readonly element = document.createElement("div");
  readonly view = new PlaneCanvas(PLANES.z);
  /** Over the pixels, for what others draw there. */
  readonly overlay = svgElement("svg", "rw-overlay");
  #session: StackSession;
  #events: FramePaneEvents;
  #slab = new FrameSlab();
  #painter: Painter = windowPainter("", [0, 1]);
  #projection = new FrameSlab();
  #tint: Painter = windowPainter("", [0, 255]);
  #marks: PlaneMarks;
  #wheel = new WheelSteps();
  #stop = new AbortController();
  #stillTimer: ReturnType<typeof setTimeout> | undefined;
  #hasPlace = false;
  #movie = "";

  constructor(session: StackSession, events: FramePaneEvents) {
    this.#session = session;
    this.#events = events;
    this.element.className = "rw-pane rw-frame";
    this.element.tabIndex = 0;
    this.element.setAttribute("role", "application");
    this.element.setAttribute(
      "aria-label",
      "Frame; space plays, arrow keys step, home and end go to the ends, r shows everything",
    );
    const [below, above] = [0, 1].map(() => svgElement("g", "", this.overlay)) as [
      SVGGElement,
      SVGGElement,
    ];
    this.#marks = new PlaneMarks(this.view, below, above);
    this.element.append(this.view.canvas, this.overlay);
    this.#listen();
  }

  /** The pixels on screen were asked for. */
  get isStill(): boolean {
    return this.#stillTimer === undefined;
  }

  draw(): void {
    const { info, shown, state } = this.#session;
    if (info.id !== this.#movie) {
      this.#movie = info.id;
      this.#hasPlace = false;
    }
    this.view.fitPane();
    this.#applyCamera();
    if (!this.#hasPlace) this.#askForVisible();
    if (shown && shown.movie === info.id) {
      this.#slab.set(info, shown);
      this.#painter = painterFor(
        this.#painter,
        state.get("color_table"),
        windowOfPixels(shown, state.get("color_range")),
      );
      const picture = { box: this.#slab, painter: this.#painter, opacity: 1 };
      this.view.draw([picture, ...this.#overlayPictures()], 0);
    }
    this.#marks.draw({ crosshair: null, slice: "", unit: info.unit });
  }

  resize(): void {
    this.view.resize();
    this.#askSoon();
  }

  showAll(): void {
    this.#session.state.set("camera", {});
    this.#moved();
  }

  /** The pixel below a place of the page; it may lie outside the movie. */
  pixelAt(event: MouseEvent): Pair {
    const { spacing, origin } = this.#session.info;
    const [x, y] = this.worldAt(event);
    return [
      Math.floor((y - origin[0]) / spacing[0] + 0.5),
      Math.floor((x - origin[1]) / spacing[1] + 0.5),
    ];
  }

  /** The point x, y of the world below a place of the page. */
  worldAt(event: MouseEvent): [number, number] {
    const box = this.view.canvas.getBoundingClientRect();
    return this.view.toFrame(event.clientX - box.left, event.clientY - box.top);
  }

  destroy(): void {
    this.#stop.abort();
    clearTimeout(this.#stillTimer);
    this.element.remove();
  }

  /** The projection that was chosen, over the frame. */
  #overlayPictures(): Picture[] {
    const { info, state, pictures } = this.#session;
    const name = state.get("overlay");
    const message = name === "none" ? null : pictures.get(info.id, name);
    if (!message) return [];
    const { shape, step, pixels } = message;
    this.#projection.set(info, { place: { start: [0, 0], shape, step }, shape, pixels });
    this.#tint = painterFor(this.#tint, state.get("overlay_table"), [0, 255]);
    const opacity = state.get("overlay_opacity");
    return [{ box: this.#projection, painter: this.#tint, opacity }];
  }

  #applyCamera(): void {
    const { center, height } = this.#session.state.get("camera");
    if (center && height) {
      this.view.camera = { center, height };
      return;
    }
    const { height: rows, width: columns, spacing, origin } = this.#session.info;
    const [low, high] = [-0.5, 0.5].map((half) => ({
      x: origin[1] + ((half > 0 ? columns - 1 : 0) + half) * spacing[1],
      y: origin[0] + ((half > 0 ? rows - 1 : 0) + half) * spacing[0],
      z: 0,
    })) as [{ x: number; y: number; z: number }, { x: number; y: number; z: number }];
    this.view.fit(low, high);
  }

  #askForVisible(): void {
    this.#hasPlace = this.view.width > 1;
    if (this.#hasPlace) this.#session.show(placeFor(this.#session.info, this.view.window));
  }

  #askSoon(): void {
    clearTimeout(this.#stillTimer);
    this.#stillTimer = setTimeout(() => {
      this.#stillTimer = undefined;
      this.#session.state.flush();
      this.#askForVisible();
      this.#events.moved();
    }, STILL_MS);
  }

  #moved(): void {
    this.#askSoon();
    this.#events.moved();
  }

  #listen(): void {
    const { signal } = this.#stop;
    onDrag(this.element, (event) => this.#startDrag(event), signal);
    const listen = <E extends Event>(name: string, action: (event: E) => void) =>
      this.element.addEventListener(name, action as EventListener, { signal, passive: false });
    listen<WheelEvent>("wheel", (event) => {
      event.preventDefault();
      const box = this.view.canvas.getBoundingClientRect();
      const factor = Math.exp(-this.#wheel.pixels(event) / 300);
      this.#zoom(factor, event.clientX - box.left, event.clientY - box.top);
    });
    listen<KeyboardEvent>("keydown", (event) => this.#pressKey(event));
    listen<MouseEvent>("dblclick", (event) => {
      if (!this.#events.isDrawing()) this.#session.seekBrightest(this.pixelAt(event));
    });
    listen<MouseEvent>("contextmenu", (event) => event.preventDefault());
    listen<PointerEvent>("pointermove", (event) => this.#events.hover(this.pixelAt(event)));
    listen<PointerEvent>("pointerleave", () => this.#events.hover(null));
  }

  #startDrag(event: PointerEvent): Drag | null {
    this.element.focus({ preventScroll: true });
    if (event.button === 2) return this.#dragWindow();
    if (event.button === 0 && this.#events.isDrawing()) return this.#events.startDrawing(event);
    return event.button === 0 || event.button === 1 ? this.#dragCamera() : null;
  }

  #dragCamera(): Drag {
    const { center, height } = this.view.camera;
    this.element.dataset.drag = "pan";
    return {
      move: (dx, dy) => {
        const scale = this.view.pixelsPerUnit;
        this.#moveCamera({ center: [center[0] - dx / scale, center[1] - dy / scale], height });
      },
      end: () => this.#endDrag(),
    };
  }

  /** Right and left change the width of the window, up and down its level. */
  #dragWindow(): Drag {
    const { state, info } = this.#session;
    const before = state.get("color_range");
    this.element.dataset.drag = "window";
    return {
      move: (dx, dy) => {
        state.move("color_range", movedWindow(before, info.value_range, dx, dy));
      },
      end: () => this.#endDrag(),
    };
  }

  #endDrag(): void {
    delete this.element.dataset.drag;
    this.#session.state.flush();
  }

  #moveCamera(camera: PlaneCamera): void {
    // Python hears of it when the view is still
    this.#session.state.move("camera", { ...camera });
    this.#moved();
  }

  #zoom(factor: number, x: number, y: number): void {
    this.#moveCamera(this.view.zoomed(factor, x, y));
  }

  #pressKey(event: KeyboardEvent): void {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const { width, height } = this.view;
    if (event.key === "+") this.#zoom(ZOOM_STEP, width / 2, height / 2);
    else if (event.key === "-") this.#zoom(1 / ZOOM_STEP, width / 2, height / 2);
    else if (event.key === "r") this.showAll();
    else return;
    // keys of the player are not notebook shortcuts
    event.preventDefault();
    event.stopPropagation();
  }
}

/** A painter of a table and a window: the one before where it paints the same. */
export function painterFor(known: Painter, table: string, range: Range): Painter {
  return known.key === `${table}|${range}` ? known : windowPainter(table, range);
}
