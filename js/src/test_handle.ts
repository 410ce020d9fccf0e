// What browser tests may ask of a viewer: `roiwidgetsTest` on the root element `.roiwidgets-viewer`.

import type { PlanePane } from "./interact/plane_pane.ts";
import type { VolumePane } from "./interact/volume_pane.ts";
import type { Axis, Point } from "./messages.ts";
import type { Session } from "./session.ts";

/** `"z"` is the plane across z, in which x and y are seen; `"volume"` is the volume. */
export type Viewport = Axis | "volume";

export interface PagePoint {
  x: number;
  y: number;
}

export interface Stats {
  pending: number;
  bytes: number;
  loadedScale: number;
  layers: string[];
  /** Id of the newest preview once all of it has arrived. */
  preview: string | null;
}

export interface TestHandle {
  /** Colours that a viewport shows now: RGBA, rows from the top, in device pixels. */
  readPixels(viewport: Viewport): { width: number; height: number; data: Uint8ClampedArray };
  /** Colours (R, G, B) that a viewport shows at points of the frame. */
  colorsAt(viewport: Viewport, points: Point[]): number[][];
  /** Page position (CSS pixels) at which a viewport draws a point of the frame. */
  worldToPage(viewport: Viewport, point: Point): PagePoint;
  /** Rectangle of a viewport on the page. */
  viewportRect(viewport: Viewport): { left: number; top: number; width: number; height: number };
  /** Everything asked for has been loaded and drawn, and Python knows of it. */
  isSettled(): boolean;
  /** A plane has drawn its slice of all layers, as finely as the screen can show it. */
  isSharp(axis: Axis): boolean;
  /** Id of the newest preview once a plane has drawn all of its slice, else null. */
  resultIn(axis: Axis): string | null;
  /** Resolves when everything asked for has been loaded and drawn. */
  settled(): Promise<void>;
  stats(): Stats;
}

export interface Parts {
  session: Session;
  planes(): PlanePane[];
  volume(): VolumePane | null;
  /** No drawing is due. */
  isDrawn(): boolean;
  /** No drawing of the planes is due; that of the volume may take longer. */
  arePlanesDrawn(): boolean;
}

export function testHandle(parts: Parts): TestHandle {
  const { session } = parts;
  const isSettled = () => session.isSettled && session.state.isSaved && parts.isDrawn();
  return {
    readPixels: (viewport) => readPixels(parts, viewport),
    colorsAt: (viewport, points) => colorsAt(parts, viewport, points),
    worldToPage: (viewport, point) => worldToPage(parts, viewport, point),
    viewportRect: (viewport) => {
      const { left, top, width, height } = canvasOf(parts, viewport).getBoundingClientRect();
      return { left, top, width, height };
    },
    isSettled,
    isSharp: (axis) =>
      parts.arePlanesDrawn() && session.loaders.every((loader) => loader.isSharp(axis)),
    resultIn: (axis) => (parts.arePlanesDrawn() ? session.resultIn(axis) : null),
    settled: async () => {
      while (!isSettled()) await new Promise((resolve) => requestAnimationFrame(resolve));
    },
    stats: () => ({
      pending: session.scheduler.pending,
      bytes: session.loaders.reduce((sum, loader) => sum + loader.bytes, 0),
      loadedScale: (session.image ?? session.loaders[0])?.loadedScale ?? -1,
      layers: session.loaders.map((loader) => loader.info.id),
      preview: session.results.newest?.isComplete ? session.results.newest.info.id : null,
    }),
  };
}

function readPixels(parts: Parts, viewport: Viewport) {
  if (viewport === "volume") {
    const { width, height, data } = volumeOf(parts).view.readPixels();
    return { width, height, data: new Uint8ClampedArray(data.buffer as ArrayBuffer) };
  }
  const { width, height } = planeOf(parts, viewport).view.canvas;
  return { width, height, data: readPlane(parts, viewport, 0, 0, width, height) };
}

/** Pixels of a part of a plane's canvas. */
function readPlane(
  parts: Parts,
  axis: Axis,
  ...[left, top, width, height]: [number, number, number, number]
): Uint8ClampedArray {
  const context = planeOf(parts, axis).view.canvas.getContext("2d");
  if (!context) throw new Error("this browser has no 2-D canvas");
  return context.getImageData(left, top, width, height).data;
}

function colorsAt(parts: Parts, viewport: Viewport, points: Point[]): number[][] {
  const canvas = canvasOf(parts, viewport);
  const box = canvas.getBoundingClientRect();
  const whole = viewport === "volume" || points.length > 1 ? readPixels(parts, viewport) : null;
  return points.map((point) => {
    const { x, y } = worldToPage(parts, viewport, point);
    const column = Math.floor(((x - box.left) / box.width) * canvas.width);
    const row = Math.floor(((y - box.top) / box.height) * canvas.height);
    if (!whole) return [...readPlane(parts, viewport as Axis, column, row, 1, 1).slice(0, 3)];
    const first = 4 * (row * whole.width + column);
    return [...whole.data.slice(first, first + 3)];
  });
}

function worldToPage(parts: Parts, viewport: Viewport, point: Point): PagePoint {
  const { left, top } = canvasOf(parts, viewport).getBoundingClientRect();
  if (viewport === "volume") {
    const [x, y] = volumeOf(parts).view.project(point);
    return { x: left + x, y: top + y };
  }
  const { view, plane } = planeOf(parts, viewport);
  const [x, y] = view.toPixel(point[plane.right], point[plane.down]);
  return { x: left + x, y: top + y };
}

function canvasOf(parts: Parts, viewport: Viewport): HTMLCanvasElement {
  return viewport === "volume" ? volumeOf(parts).view.canvas : planeOf(parts, viewport).view.canvas;
}

function planeOf(parts: Parts, axis: Axis): PlanePane {
  const pane = parts.planes().find((each) => each.plane.across === axis);
  if (!pane) throw new Error(`no plane across ${axis} is shown`);
  return pane;
}

function volumeOf(parts: Parts): VolumePane {
  const volume = parts.volume();
  if (!volume) throw new Error("no volume is shown");
  return volume;
}
