// The traits that the viewer shares with Python; twin of the traits of widgets/viewer.py.

import type { AnyModel } from "@anywidget/types";
import type { Point, PointSet, PreviewInfo, Roi, Scene } from "./messages.ts";
import type { PlaneCamera } from "./render/plane_canvas.ts";
import type { VolumeCamera } from "./render/volume_canvas.ts";
import type { Projection } from "./render/volume_look.ts";

export interface SharedCamera {
  volume?: VolumeCamera;
  planes?: Partial<Record<"x" | "y" | "z", PlaneCamera>>;
}

/** All views, or one: a plane by the axis across it, or the volume. */
export type ViewMode = "four-up" | "x" | "y" | "z" | "volume";

export interface Traits extends Record<string, unknown> {
  scene: Scene;
  preview: PreviewInfo | null;
  /** Share of the region that shows the input beside the result; null shows the result alone. */
  preview_split: number | null;
  roi: Roi | null;
  roi_visible: boolean;
  roi_locked: boolean;
  slices: Partial<Point>;
  /** Where a plane was clicked last; {} before. */
  clicked_point: Partial<Point>;
  camera: SharedCamera;
  color_map: string;
  color_maps: string[];
  color_table: string;
  color_range: [number, number];
  view_mode: ViewMode;
  volume_projection: Projection;
  opacity_points: [value: number, opacity: number][];
  gradient_opacity: number;
  gradient_opacity_scale: number;
  scattering: number;
  rotate: boolean;
  shading: boolean;
  sample_distance: number;
  label_opacity: number;
  label_outline: boolean;
  label_names: Record<string, string>;
  hidden_labels: number[];
  label_weights: Record<string, number>;
  /** n x 3 bytes in base64; "" takes hues a golden angle apart. */
  label_color_table: string;
  image_interpolation: boolean;
  /** "#rrggbb", or "" for the viewer's own. */
  background_color: string;
  layer_visibility: Record<string, boolean>;
  /** Name of the layer whose settings the panel shows; "" lets it choose. */
  selected_layer: string;
  label_color_map: string;
  compare_method: "blend" | "checkerboard" | "green-magenta" | "cyan-red" | "swap";
  image_mix: number;
  checkerboard_pattern: number;
  channels_together: boolean;
  channel_colors: string[];
  channel_bounds: [number, number][];
  channel_ranges: [number, number][];
  channel_visibility: boolean[];
  point_sets: PointSet[];
  time_index: number;
  channel_index: number;
  annotations_enabled: boolean;
  axes_enabled: boolean;
  ui_collapsed: boolean;
  loaded_scale: number;
  memory_budget: number;
  picture: string;
  /** Values of the traits that the picture depends on; {} for one that Python has drawn. */
  picture_shows: Record<string, unknown>;
  error_message: string;
  height: number;
}

/** Traits that change how things look, but not what is loaded. */
export const LOOKS = [
  "annotations_enabled",
  "axes_enabled",
  "background_color",
  "channel_bounds",
  "channel_colors",
  "channel_ranges",
  "checkerboard_pattern",
  "color_map",
  "color_range",
  "color_table",
  "compare_method",
  "error_message",
  "gradient_opacity",
  "gradient_opacity_scale",
  "height",
  "hidden_labels",
  "image_interpolation",
  "image_mix",
  "label_color_map",
  "label_color_table",
  "label_names",
  "label_opacity",
  "label_outline",
  "label_weights",
  "layer_visibility",
  "opacity_points",
  "point_sets",
  "preview_split",
  "roi_locked",
  "roi_visible",
  "rotate",
  "sample_distance",
  "selected_layer",
  "scattering",
  "shading",
  "ui_collapsed",
  "view_mode",
  "volume_projection",
] as const satisfies (keyof Traits)[];

export type Model<T extends Record<string, unknown> = Traits> = AnyModel<T>;

/** While something is dragged, Python hears of it this often. */
const SAVE_EVERY_MS = 50;

/** The traits of a widget, of the viewer if nothing else is said. */
export class SharedState<T extends Record<string, unknown> = Traits> {
  #model: Model<T>;
  #stops: (() => void)[] = [];
  #timer: ReturnType<typeof setTimeout> | undefined;
  #dirty = false;

  constructor(model: Model<T>) {
    this.#model = model;
  }

  get<K extends keyof T & string>(name: K): T[K] {
    return this.#model.get(name) as T[K];
  }

  /** Set a trait and tell Python soon; an unchanged value is not sent. */
  set<K extends keyof T & string>(name: K, value: T[K]): void {
    if (this.move(name, value)) this.#timer ??= setTimeout(() => this.flush(), SAVE_EVERY_MS);
  }

  /** Set a trait of which Python hears with the next flush; returns whether it has changed. */
  move<K extends keyof T & string>(name: K, value: T[K]): boolean {
    if (JSON.stringify(this.#model.get(name)) === JSON.stringify(value)) return false;
    this.#model.set(name, value);
    this.#dirty = true;
    return true;
  }

  /** Python was told of everything. */
  get isSaved(): boolean {
    return !this.#dirty;
  }

  /** Tell Python now, for example when a drag ends. */
  flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#dirty) this.#model.save_changes();
    this.#dirty = false;
  }

  on(names: (keyof T & string)[], changed: () => void): void {
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
