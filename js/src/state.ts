// The traits that the viewer shares with Python; twin of the traits of widgets/viewer.py.

import type { AnyModel } from "@anywidget/types";
import type { Point, PreviewInfo, Roi, Scene } from "./messages.ts";
import type { PlaneCamera } from "./render/plane_canvas.ts";
import type { Projection, VolumeCamera } from "./render/volume_canvas.ts";

export interface SharedCamera {
  volume?: VolumeCamera;
  planes?: Partial<Record<"x" | "y" | "z", PlaneCamera>>;
}

/** All views, or one: a plane by the axis across it, or the volume. */
export type ViewMode = "four-up" | "x" | "y" | "z" | "volume";

export interface Traits extends Record<string, unknown> {
  scene: Scene;
  preview: PreviewInfo | null;
  roi: Roi | null;
  roi_visible: boolean;
  roi_locked: boolean;
  slices: Partial<Point>;
  camera: SharedCamera;
  color_map: string;
  color_maps: string[];
  color_table: string;
  color_range: [number, number];
  view_mode: ViewMode;
  volume_projection: Projection;
  opacity_points: [value: number, opacity: number][];
  gradient_opacity: number;
  shading: boolean;
  sample_distance: number;
  label_opacity: number;
  label_outline: boolean;
  label_names: Record<string, string>;
  hidden_labels: number[];
  layer_visibility: Record<string, boolean>;
  compare_method: "blend" | "checkerboard" | "green-magenta" | "cyan-red" | "swap";
  image_mix: number;
  checkerboard_pattern: number;
  time_index: number;
  channel_index: number;
  annotations_enabled: boolean;
  axes_enabled: boolean;
  ui_collapsed: boolean;
  loaded_scale: number;
  memory_budget: number;
  picture: string;
  error_message: string;
  height: number;
}

/** Traits that change how things look, but not what is loaded. */
export const LOOKS = [
  "annotations_enabled",
  "axes_enabled",
  "checkerboard_pattern",
  "color_map",
  "color_range",
  "color_table",
  "compare_method",
  "error_message",
  "gradient_opacity",
  "height",
  "hidden_labels",
  "image_mix",
  "label_names",
  "label_opacity",
  "label_outline",
  "layer_visibility",
  "opacity_points",
  "roi_locked",
  "roi_visible",
  "sample_distance",
  "shading",
  "ui_collapsed",
  "view_mode",
  "volume_projection",
] as const satisfies (keyof Traits)[];

export type Model = AnyModel<Traits>;

/** While something is dragged, Python hears of it this often. */
const SAVE_EVERY_MS = 50;

export class SharedState {
  #model: Model;
  #stops: (() => void)[] = [];
  #timer: ReturnType<typeof setTimeout> | undefined;
  #dirty = false;

  constructor(model: Model) {
    this.#model = model;
  }

  get<K extends keyof Traits & string>(name: K): Traits[K] {
    return this.#model.get(name) as Traits[K];
  }

  /** Set a trait and tell Python soon; an unchanged value is not sent. */
  set<K extends keyof Traits & string>(name: K, value: Traits[K]): void {
    if (JSON.stringify(this.#model.get(name)) === JSON.stringify(value)) return;
    this.#model.set(name, value);
    this.#dirty = true;
    this.#timer ??= setTimeout(() => this.flush(), SAVE_EVERY_MS);
  }

  /** Tell Python now, for example when a drag ends. */
  flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#dirty) this.#model.save_changes();
    this.#dirty = false;
  }

  on(names: (keyof Traits & string)[], changed: () => void): void {
    for (const name of names) {
      this.#model.on(`change:${name}`, changed);
      this.#stops.push(() => this.#model.off(`change:${name}`, changed));
    }
  }

  close(): void {
    this.flush();
    for (const stop of this.#stops) stop();
  }
}
