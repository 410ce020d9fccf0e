// What one view of a viewer knows: the layers it loads, and the shared state it follows.

import { AXES, axisIndex, edges, PLANES, voxelAt, voxelCentre, wholeRoi } from "./geometry.ts";
import type { Axis, Level, Point, PointSet, Roi, Scene } from "./messages.ts";
import { parseReply } from "./messages.ts";
import { RegionHistory } from "./region_history.ts";
import { type Model, SharedState } from "./state.ts";
import { shareOf } from "./streaming/levels.ts";
import { LayerLoader, type View } from "./streaming/loader.ts";
import { type Part, partsOf, roleOf } from "./streaming/parts.ts";
import type { PlaneView } from "./streaming/plane_slabs.ts";
import { Probe } from "./streaming/probe.ts";
import { Results } from "./streaming/results.ts";
import { Scheduler } from "./streaming/scheduler.ts";

/** Loading follows a region that has been still for so long. */
const STILL_MS = 120;
/** Voxels that are not seen yet change the status line so often. */
const UNSEEN_MS = 150;

export class Session {
  readonly state: SharedState;
  readonly scheduler: Scheduler;
  readonly probe: Probe;
  readonly history: RegionHistory;
  loaders: LayerLoader[] = [];
  readonly results: Results;
  previewShown = true;
  /** Something the kernel or this view could not do; shown until dismissed. */
  problem = "";
  #planeViews = new Map<Axis, PlaneView>();
  #model: Model;
  #changed: () => void;
  #onMessage: (content: unknown, buffers: DataView[]) => void;
  #ownScale: number;
  /** Level that Python asked for, -1 to let the budget decide. */
  #asked = -1;
  #unseenTimer: ReturnType<typeof setTimeout> | undefined;
  #stillTimer: ReturnType<typeof setTimeout> | undefined;

  constructor(model: Model, changed: () => void) {
    this.#model = model;
    this.#changed = () => {
      clearTimeout(this.#unseenTimer);
      this.#unseenTimer = undefined;
      changed();
    };
    this.state = new SharedState(model);
    // a reloaded page finds the scale it reported itself: that is no wish of Python's
    this.#ownScale = this.state.get("loaded_scale");
    this.scheduler = new Scheduler((message) => model.send(message));
    this.results = new Results(this.scheduler, () => this.#loaded());
    this.probe = new Probe((message) => model.send(message), changed);
    this.#onMessage = (content, buffers) => this.#receive(content, buffers);
    model.on("msg:custom", this.#onMessage);
    this.state.on(["scene", "channels_together", "channel_visibility"], () => this.#followScene());
    this.state.on(["preview"], () => this.#followPreview());
    this.state.on(["slices", "time_index", "channel_index"], () => this.#followView());
    this.state.on(["roi", "memory_budget"], () => this.#refineSoon());
    this.state.on(["loaded_scale"], () => this.#followRequest());
    this.history = new RegionHistory(this.roi);
    this.#followScene();
  }

  /** Id of the newest result once all of the slice that a plane shows has come, else null. */
  resultIn(axis: Axis): string | null {
    const result = this.results.newest;
    if (!result) return null;
    const { box, info } = result;
    const index = voxelAt(box.level, axis, this.crosshair[axis]);
    return box.filling(axisIndex(axis), index).parts === null ? info.id : null;
  }

  get scene(): Scene {
    return this.state.get("scene");
  }

  /** The image; of channels drawn together the first one. */
  get image(): LayerLoader | undefined {
    return this.loaders.find(({ info }) => info.kind !== "labels" && roleOf(info) !== "moving");
  }

  /** The second image of a comparison. */
  get moving(): LayerLoader | undefined {
    return this.loaders.find(({ info }) => roleOf(info) === "moving");
  }

  /** The channels that are drawn over each other; none where one is drawn alone. */
  get channels(): LayerLoader[] {
    return this.loaders.filter((loader) => loader.channel !== null);
  }

  /** Window of a channel drawn together. */
  channelRange(channel: number): [number, number] {
    const { state } = this;
    const bounds = state.get("channel_bounds")[channel] ?? this.image?.info.value_range;
    return state.get("channel_ranges")[channel] ?? bounds ?? [0, 1];
  }

  get labels(): LayerLoader | undefined {
    return this.loaders.find((loader) => loader.info.kind === "labels");
  }

  isVisible({ info }: LayerLoader): boolean {
    return this.isNameVisible(info.name);
  }

  isNameVisible(name: string): boolean {
    return this.state.get("layer_visibility")[name] ?? true;
  }

  /** Sets of points that are drawn. */
  get points(): PointSet[] {
    return this.state.get("point_sets").filter((set) => this.isNameVisible(set.name));
  }

  /** The finest grid, to which regions and slices snap. */
  get finest(): Level | undefined {
    return this.loaders[0]?.info.levels[0];
  }

  get roi(): Roi {
    const whole = this.wholeRoi();
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

  /** Set the region, as one step that can be undone. */
  setRegion(roi: Roi): void {
    if (this.state.get("roi_locked")) return;
    this.state.set("roi", roi);
    this.state.flush();
  }

  /** Follow a drag of the region, which is one step however long it takes. */
  holdRegion(): void {
    this.history.isHeld = true;
  }

  releaseRegion(): void {
    this.history.isHeld = false;
    this.history.settle(this.roi);
    this.state.flush();
    this.#changed();
  }

  undoRegion(): void {
    const roi = this.state.get("roi_locked") ? null : this.history.undo();
    if (roi) this.setRegion(roi);
  }

  redoRegion(): void {
    const roi = this.state.get("roi_locked") ? null : this.history.redo();
    if (roi) this.setRegion(roi);
  }

  /** The whole image, as a region. */
  wholeRoi(): Roi {
    return this.finest ? wholeRoi(this.finest) : emptyRoi();
  }

  /** Whether a point lies in the image. */
  isInside(point: Point): boolean {
    const { lower, upper } = this.wholeRoi();
    return AXES.every((axis) => point[axis] >= lower[axis] && point[axis] < upper[axis]);
  }

  /** Where a plane stands, as index and number of slices. */
  describeSlice(axis: Axis): string {
    const level = this.finest;
    if (!level) return "";
    return `${voxelAt(level, axis, this.crosshair[axis])} / ${level.shape[axisIndex(axis)] - 1}`;
  }

  /** Load the slice that a plane shows, now and when it moves on. */
  showPlane(view: PlaneView): void {
    this.#planeViews.set(view.plane.across, view);
    for (const loader of this.loaders) loader.showPlane(view);
  }

  /** A plane is not on screen any more. */
  hidePlane(axis: Axis): void {
    this.#planeViews.delete(axis);
  }

  /** Planes that make sense for this scene. */
  planes(): Axis[] {
    return this.scene.planar ? ["z"] : (Object.keys(PLANES) as Axis[]);
  }

  get isSettled(): boolean {
    const isStill = this.#stillTimer === undefined;
    return isStill && this.scheduler.pending === 0 && (this.results.newest?.isComplete ?? true);
  }

  close(): void {
    clearTimeout(this.#stillTimer);
    clearTimeout(this.#unseenTimer);
    this.#model.off("msg:custom", this.#onMessage);
    this.scheduler.clear();
    this.probe.forget();
    this.state.close();
  }

  #view({ info, channel }: Part): View {
    const infos = this.#parts.map((part) => part.info);
    return {
      roi: this.roi,
      crosshair: this.crosshair,
      budget: shareOf(this.state.get("memory_budget"), info, infos),
      asked: this.#asked,
      time: this.state.get("time_index"),
      channel: channel ?? this.state.get("channel_index"),
    };
  }

  get #parts(): Part[] {
    const { state } = this;
    const together = state.get("channels_together");
    return partsOf(this.scene.layers, together, state.get("channel_visibility"));
  }

  #followScene(): void {
    const before = this.loaders;
    const grid = JSON.stringify(this.finest);
    this.loaders = [];
    for (const part of this.#parts) {
      const same = before.find(
        ({ info, channel }) => info.id === part.info.id && channel === part.channel,
      );
      if (!before.some(({ info }) => info.id === part.info.id)) this.#asked = -1;
      this.loaders.push(same ?? this.#newLoader(part, before));
    }
    for (const loader of before) if (!this.loaders.includes(loader)) loader.close();
    if (JSON.stringify(this.finest) !== grid) this.history.forget(this.roi);
    this.#followView();
    // with more layers or fewer, each has another share of the budget
    for (const loader of this.loaders) if (before.includes(loader)) loader.refine();
    this.#followPreview();
  }

  #newLoader(part: Part, before: LayerLoader[]): LayerLoader {
    const view = this.#view(part);
    const loader: LayerLoader = new LayerLoader(part, this.scheduler, view, {
      changed: () => this.#loaded(),
      filled: () => this.#filled(loader),
    });
    const replaced = before.find(
      ({ info, channel }) => roleOf(info) === roleOf(part.info) && channel === part.channel,
    );
    loader.start(this.#planeViews.values(), replaced);
    return loader;
  }

  #followPreview(): void {
    this.results.follow(this.state.get("preview"), this.state.get("memory_budget"));
    this.#changed();
  }

  #followView(): void {
    for (const loader of this.loaders) loader.setView(this.#view(loader));
    // asked for here and not with the next drawing: nothing else comes before
    for (const [axis, view] of this.#planeViews) {
      this.showPlane({ ...view, position: this.crosshair[axis] });
    }
    this.#changed();
  }

  #refineSoon(): void {
    clearTimeout(this.#stillTimer);
    this.#stillTimer = setTimeout(() => {
      this.#stillTimer = undefined;
      this.#refine();
    }, STILL_MS);
    this.#changed();
  }

  #refine(): void {
    this.history.settle(this.roi);
    this.#followView();
    for (const loader of this.loaders) loader.refine();
    this.#loaded();
  }

  /** Another value than the one reported from here is a request for a level. */
  #followRequest(): void {
    const wanted = this.state.get("loaded_scale");
    if (wanted === this.#ownScale) return;
    this.#asked = wanted;
    this.#ownScale = wanted;
    this.#refine();
  }

  /** Voxels that no plane shows yet are told of only now and then: to draw takes time, too. */
  #filled(loader: LayerLoader): void {
    const isSeen = [...this.#planeViews.keys()].some((axis) => !loader.hasSlice(axis));
    if (isSeen) this.#changed();
    else this.#unseenTimer ??= setTimeout(() => this.#changed(), UNSEEN_MS);
  }

  #loaded(): void {
    const problem = [...this.loaders, ...this.results.all].find((part) => part.error);
    if (problem) {
      this.problem = problem.error;
      problem.error = "";
    }
    this.results.dropCovered();
    this.#reportScale();
    this.#changed();
  }

  /** Tell Python of a finer level at once, of a coarser one when nothing finer will come. */
  #reportScale(): void {
    const loader = this.image ?? this.loaders[0];
    const scale = loader?.loadedScale ?? -1;
    const known = this.state.get("loaded_scale");
    const isFiner = known < 0 || scale < known;
    if (!loader || scale < 0 || scale === known || !(isFiner || loader.isIdle)) return;
    this.#ownScale = scale;
    this.state.set("loaded_scale", scale);
    this.state.flush();
  }

  #receive(content: unknown, buffers: DataView[]): void {
    try {
      const reply = parseReply(content, buffers);
      const isOurs = this.scheduler.receive(reply) || this.probe.receive(reply);
      if (isOurs || reply.kind !== "error" || reply.id !== null) return;
      this.problem = reply.message;
    } catch (error) {
      this.problem = `a message from the kernel could not be read: ${error}`;
    }
    this.#changed();
  }
}

function emptyRoi(): Roi {
  return { lower: { x: 0, y: 0, z: 0 }, upper: { x: 1, y: 1, z: 1 } };
}
