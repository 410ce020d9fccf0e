// What one view of a viewer knows: the layers it loads, and the shared state it follows.

import { AXES, axisIndex, edges, PLANES, voxelAt, voxelCentre, wholeRoi } from "./geometry.ts";
import type { Axis, LayerInfo, Level, Point, Roi, Scene } from "./messages.ts";
import { parseReply } from "./messages.ts";
import {
  decodeTable,
  labelPainter,
  type Painter,
  rgbPainter,
  windowPainter,
} from "./render/colors.ts";
import type { Picture } from "./render/plane_canvas.ts";
import { type Model, SharedState } from "./state.ts";
import { LayerLoader, type View } from "./streaming/loader.ts";
import { PreviewLoader } from "./streaming/preview_loader.ts";
import { Scheduler } from "./streaming/scheduler.ts";
import type { VoxelBox } from "./streaming/voxel_box.ts";

export class Session {
  readonly state: SharedState;
  readonly scheduler: Scheduler;
  loaders: LayerLoader[] = [];
  preview: PreviewLoader | null = null;
  previewShown = true;
  /** Something the kernel or this view could not do; shown until dismissed. */
  problem = "";
  #model: Model;
  #changed: () => void;
  #onMessage: (content: unknown, buffers: DataView[]) => void;
  #ownScale = -1;

  constructor(model: Model, changed: () => void) {
    this.#model = model;
    this.#changed = changed;
    this.state = new SharedState(model);
    // a reloaded page finds the scale it reported itself: that is no wish of Python's
    this.#ownScale = this.state.get("loaded_scale");
    this.scheduler = new Scheduler((message) => model.send(message));
    this.#onMessage = (content, buffers) => this.#receive(content, buffers);
    model.on("msg:custom", this.#onMessage);
    this.state.on(["scene"], () => this.#followScene());
    this.state.on(["preview"], () => this.#followPreview());
    this.state.on(
      ["roi", "slices", "memory_budget", "time_index", "channel_index", "loaded_scale"],
      () => this.#followView(),
    );
    this.#followScene();
  }

  get scene(): Scene {
    return this.state.get("scene");
  }

  get image(): LayerLoader | undefined {
    return this.loaders.find((loader) => loader.info.kind !== "labels");
  }

  /** The finest grid, to which regions and slices snap. */
  get finest(): Level | undefined {
    return this.loaders[0]?.info.levels[0];
  }

  get roi(): Roi {
    const whole = this.finest ? wholeRoi(this.finest) : emptyRoi();
    const roi = this.state.get("roi");
    if (!roi) return whole;
    return {
      lower: { ...whole.lower, ...roi.lower },
      upper: { ...whole.upper, ...roi.upper },
    };
  }

  get crosshair(): Point {
    const point: Point = { x: 0, y: 0, z: 0 };
    const slices = this.state.get("slices");
    for (const axis of AXES) {
      const [low, high] = this.finest ? edges(this.finest, axis) : [0, 0];
      point[axis] = slices[axis] ?? (low + high) / 2;
    }
    return point;
  }

  /** Move the planes; positions snap to voxel centres of the finest grid. */
  setCrosshair(point: Partial<Point>): void {
    const level = this.finest;
    if (!level) return;
    const snapped: Partial<Point> = { ...this.state.get("slices") };
    for (const axis of AXES) {
      const position = point[axis];
      if (position === undefined || (this.scene.planar && axis === "z")) continue;
      snapped[axis] = voxelCentre(level, axis, voxelAt(level, axis, position));
    }
    this.state.set("slices", snapped);
  }

  stepSlice(axis: Axis, steps: number): void {
    const level = this.finest;
    if (!level) return;
    const index = voxelAt(level, axis, this.crosshair[axis]) + steps;
    this.setCrosshair({ [axis]: voxelCentre(level, axis, index) });
  }

  /** What the planes show, coarse below fine, labels on top. */
  pictures(): Picture[] {
    const pictures: Picture[] = [];
    for (const loader of this.loaders) {
      const isLabels = loader.info.kind === "labels";
      const opacity = isLabels ? this.state.get("label_opacity") : 1;
      const painter = this.#painterOf(loader.info);
      // a translucent layer must not be drawn twice over itself
      const boxes = isLabels ? loader.boxes.slice(0, 1) : loader.boxes;
      for (const box of boxes) pictures.push({ box, painter, opacity });
      const preview = this.#visiblePreview();
      if (!isLabels && preview) {
        pictures.push({ box: preview.box, painter: this.#previewPainter(preview), opacity: 1 });
      }
    }
    return pictures;
  }

  /** What the volume view shows: the preview, else the finest box over the region. */
  volumeBox(): { box: VoxelBox; range: [number, number] } | null {
    const loader = this.image;
    if (!loader || this.scene.planar || loader.info.kind === "rgb") return null;
    const preview = this.#visiblePreview();
    if (preview?.isComplete) return { box: preview.box, range: this.#previewRange(preview) };
    const box = loader.detail ?? loader.context;
    return box && { box, range: this.state.get("color_range") };
  }

  /** Source value under a point of the frame, from the finest box that holds it. */
  probe(point: Point): { value: number; index: Point } | null {
    const loader = this.loaders[0];
    if (!loader || !this.finest) return null;
    const preview = this.#visiblePreview();
    const boxes = [...loader.boxes, ...(preview ? [preview.box] : [])].reverse();
    const index: Point = { x: 0, y: 0, z: 0 };
    for (const axis of AXES) index[axis] = voxelAt(this.finest, axis, point[axis]);
    for (const box of boxes) {
      const at = (axis: Axis, i: 0 | 1 | 2) =>
        Math.floor((point[axis] - box.level.origin[i]) / box.level.spacing[i] + 0.5);
      const value = box.valueAt(at("z", 0), at("y", 1), at("x", 2));
      if (value !== null) return { value, index };
    }
    return null;
  }

  /** Lower (0) or upper (1) corner of the image. */
  wholeCorner(side: 0 | 1): Point {
    const whole = this.finest ? wholeRoi(this.finest) : emptyRoi();
    return side === 0 ? whole.lower : whole.upper;
  }

  /** Where a plane stands, as index and number of slices. */
  describeSlice(axis: Axis): string {
    const level = this.finest;
    if (!level) return "";
    return `${voxelAt(level, axis, this.crosshair[axis])} / ${level.shape[axisIndex(axis)] - 1}`;
  }

  /** Planes that make sense for this scene. */
  planes(): Axis[] {
    return this.scene.planar ? ["z"] : (Object.keys(PLANES) as Axis[]);
  }

  get isSettled(): boolean {
    return this.scheduler.pending === 0 && (this.preview?.isComplete ?? true);
  }

  close(): void {
    this.#model.off("msg:custom", this.#onMessage);
    this.scheduler.clear();
    this.state.close();
  }

  #view(): View {
    const asked = this.state.get("loaded_scale");
    return {
      roi: this.roi,
      crosshair: this.crosshair,
      budget: this.state.get("memory_budget"),
      asked: asked === this.#ownScale ? -1 : asked,
      time: this.state.get("time_index"),
      channel: this.state.get("channel_index"),
    };
  }

  #followScene(): void {
    const before = this.loaders;
    this.loaders = [];
    const view = this.#view();
    for (const info of this.scene.layers) {
      const same = before.find((loader) => loader.info.id === info.id);
      this.loaders.push(same ?? this.#newLoader(info, view, before));
    }
    for (const loader of before) if (!this.loaders.includes(loader)) loader.close();
    this.#followPreview();
    this.#changed();
  }

  #newLoader(info: LayerInfo, view: View, before: LayerLoader[]): LayerLoader {
    const fresh = { ...view, asked: -1 };
    const loader = new LayerLoader(info, this.scheduler, fresh, () => this.#loaded());
    const replaced = before.find((other) => other.info.kind === info.kind);
    if (replaced) loader.inherit(replaced);
    return loader;
  }

  #followPreview(): void {
    const info = this.state.get("preview");
    const before = this.preview;
    if (before && info?.id === before.info.id) {
      before.update(info);
    } else {
      before?.close();
      this.preview = info && this.#newPreview(info, before);
    }
    this.#changed();
  }

  #newPreview(info: NonNullable<PreviewLoader["info"]>, before: PreviewLoader | null) {
    const source = this.image?.info.dtype === info.dtype ? (this.image?.boxes ?? []) : [];
    const compatible = before?.info.dtype === info.dtype ? before : null;
    return new PreviewLoader(info, this.scheduler, () => this.#loaded(), compatible, source);
  }

  #followView(): void {
    const view = this.#view();
    for (const loader of this.loaders) loader.setView(view);
    this.#changed();
  }

  #loaded(): void {
    const problem = [...this.loaders, this.preview].find((part) => part?.error)?.error;
    if (problem) this.problem = problem;
    const scale = this.image?.loadedScale ?? this.loaders[0]?.loadedScale ?? -1;
    if (scale >= 0 && scale !== this.#ownScale) {
      this.#ownScale = scale;
      this.state.set("loaded_scale", scale);
      this.state.flush();
    }
    this.#changed();
  }

  #receive(content: unknown, buffers: DataView[]): void {
    try {
      const reply = parseReply(content, buffers);
      const isOurs = this.scheduler.receive(reply);
      if (!isOurs && reply.kind === "error" && reply.id === null) this.problem = reply.message;
    } catch (error) {
      this.problem = `a message from the kernel could not be read: ${error}`;
    }
    this.#changed();
  }

  #visiblePreview(): PreviewLoader | null {
    return this.previewShown && this.preview?.hasVoxels ? this.preview : null;
  }

  #previewRange(preview: PreviewLoader): [number, number] {
    const like = this.image?.info;
    const isLikeSource = preview.info.kind === "image" && like?.dtype === preview.info.dtype;
    return isLikeSource ? this.state.get("color_range") : preview.info.value_range;
  }

  #previewPainter(preview: PreviewLoader): Painter {
    return preview.info.kind === "labels"
      ? labelPainter
      : this.#windowPainter(this.#previewRange(preview));
  }

  #painterOf(info: LayerInfo): Painter {
    if (info.kind === "labels") return labelPainter;
    return info.kind === "rgb" ? rgbPainter : this.#windowPainter(this.state.get("color_range"));
  }

  #windowPainter(range: [number, number]): Painter {
    const encoded = this.state.get("color_table");
    return windowPainter(decodeTable(encoded), range, this.state.get("color_map"));
  }
}

function emptyRoi(): Roi {
  return { lower: { x: 0, y: 0, z: 0 }, upper: { x: 1, y: 1, z: 1 } };
}
