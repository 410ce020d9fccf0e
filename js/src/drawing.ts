// What is drawn of a session: pictures for the planes, a box for the volume, a value for a point.

import { AXES, axisIndex, PLANES, voxelAt } from "./geometry.ts";
import type { Axis, DtypeName, LayerInfo, Level, Point, Roi, Triple } from "./messages.ts";
import {
  type LabelLook,
  labelPainter,
  type Painter,
  rgbPainter,
  tintTable,
  windowPainter,
} from "./render/colors.ts";
import type { Picture } from "./render/plane_canvas.ts";
import type { VolumeColors } from "./render/volume_look.ts";
import { roundIn } from "./render/window.ts";
import type { Session } from "./session.ts";
import { resultPart } from "./split.ts";
import type { Traits } from "./state.ts";
import type { LayerLoader } from "./streaming/loader.ts";
import type { PreviewLoader } from "./streaming/preview_loader.ts";
import type { VoxelBox } from "./streaming/voxel_box.ts";

export type Range = [number, number];

/** Two colours that add up to white. */
const TINTS: Partial<Record<Traits["compare_method"], [string, string]>> = {
  "green-magenta": ["#00ff00", "#ff00ff"],
  "cyan-red": ["#00ffff", "#ff0000"],
};

/** Looks that are remembered: of 16 channels, of labels, of results. */
const MOST_PAINTERS = 24;
/** Channels that one volume can show. */
const MOST_COMPONENTS = 4;

/** What the volume view shows, and through which windows: one box, or one for each channel. */
export interface ShownVolume {
  boxes: VoxelBox[];
  looks: VolumeColors[];
  valueRange: Range;
}

interface ChannelLook {
  color: string;
  range: Range;
}

/** What is under the pointer. */
export interface Probed {
  text: string;
  /** It is the stored value, not that of a coarser scale. */
  isExact: boolean;
  index: Point;
}

export class Drawing {
  #session: Session;
  #painters = new Map<string, Painter>();
  /** The boxes of channels that were at one scale last, and of which channels. */
  #commonBoxes: { key: string; boxes: VoxelBox[] } = { key: "", boxes: [] };

  constructor(session: Session) {
    this.#session = session;
  }

  /** What a plane shows: coarse below fine, results over their source, labels on top. */
  pictures(axis: Axis): Picture[] {
    const { image, moving, labels, channels, state } = this.#session;
    const isSmooth = state.get("image_interpolation");
    const images = [
      ...channels.flatMap((channel, i) => this.#channelPictures(channel, i, axis)),
      ...(image && channels.length === 0 ? this.#imagePictures(image, axis) : []),
      ...(moving ? this.#movingPictures(moving, axis) : []),
      ...this.#visiblePreviews().map((preview) => this.#previewPicture(preview, axis)),
    ];
    return [
      ...images.map((picture) => ({ ...picture, isSmooth })),
      ...(labels ? this.#labelPictures(labels, axis) : []),
    ];
  }

  /** What the volume view shows: the newest complete result, else the finest box there is. */
  volume(): ShownVolume | null {
    const { image: loader, channels, scene, state } = this.#session;
    if (!loader || scene.planar || loader.info.kind === "rgb") return null;
    const table = state.get("color_table");
    const preview = this.#visiblePreviews().findLast((each) => each.isComplete);
    if (preview) {
      const { value_range: valueRange } = preview.info;
      return {
        boxes: [preview.box],
        looks: [{ table, window: this.#previewRange(preview) }],
        valueRange,
      };
    }
    if (channels.length > 0) return this.#channelVolume(channels);
    const box = loader.volumeBox;
    if (!box?.hasVoxels) return null;
    const looks = [{ table, window: state.get("color_range") }];
    return { boxes: [box], looks, valueRange: loader.info.value_range };
  }

  /** Channels in one volume, once all of them are there at one scale; before, what was shown. */
  #channelVolume(channels: LayerLoader[]): ShownVolume | null {
    const shown = channels.filter((each) => this.#channelLook(each)).slice(0, MOST_COMPONENTS);
    const boxes = shown.flatMap((loader) => loader.volumeBox ?? []);
    const [first] = boxes;
    if (!first) return null;
    const isCommon =
      boxes.length === shown.length &&
      boxes.every((box) => box.scale === first.scale && `${box.origin}` === `${first.origin}`);
    const key = shown.map((loader) => `${loader.info.id}|${loader.channel}`).join();
    if (isCommon) this.#commonBoxes = { key, boxes };
    else if (this.#commonBoxes.key !== key) return null;
    const looks = shown.map((loader): VolumeColors => {
      const { color, range } = this.#channelLook(loader) as ChannelLook;
      return { table: tintTable(color), window: range };
    });
    const ranges = looks.map((look) => look.window);
    const valueRange: Range = [
      Math.min(...ranges.map(([low]) => low)),
      Math.max(...ranges.map(([, high]) => high)),
    ];
    return { boxes: this.#commonBoxes.boxes, looks, valueRange };
  }

  /** Whether there is a result to compare with the input. */
  get hasResult(): boolean {
    return this.#visiblePreviews().length > 0;
  }

  /**
   * The value under a point of the frame, exact once the kernel has told it; null outside.
   *
   * @param across the plane in which somebody points there
   */
  probe(point: Point, across: Axis): Probed | null {
    const { finest, probe } = this.#session;
    const roi = this.#resultRegion(across);
    const loader = this.#session.image ?? this.#session.labels;
    if (!loader || !finest) return null;
    probe.forget();
    const isInside = AXES.every((a) => point[a] >= roi.lower[a] && point[a] <= roi.upper[a]);
    const previews = isInside ? this.#visiblePreviews().map((preview) => preview.box) : [];
    const index: Point = { x: 0, y: 0, z: 0 };
    for (const axis of AXES) index[axis] = voxelAt(finest, axis, point[axis]);
    const result = topValue(previews, point);
    if (result) return { text: shortest(result), isExact: true, index };
    const parts = this.#session.channels.filter((channel) => this.#channelLook(channel));
    const values = (parts.length > 0 ? parts : [loader]).flatMap(
      (part) => this.#valueOf(part, point) ?? [],
    );
    if (values.length === 0) return null;
    const isExact = values.every((value) => value.isExact);
    return { text: values.map((value) => value.text).join(" · "), isExact, index };
  }

  /** Label under a point and its name; null where there is none. */
  labelAt(point: Point): { label: string; name: string } | null {
    const { labels, state } = this.#session;
    const drawn = labels && this.#session.isVisible(labels) ? topValue(labels.boxes, point) : null;
    if (!labels || !drawn?.value) return null;
    const label = this.#valueOf(labels, point)?.text ?? "";
    return { label, name: state.get("label_names")[drawn.value] ?? "" };
  }

  #valueOf(loader: LayerLoader, point: Point): { text: string; isExact: boolean } | null {
    const { info } = loader;
    const drawn = topValue(loader.boxes, point);
    if (!drawn) return null;
    if (drawn.scale === 0 && info.exact && info.components === 1) {
      return { text: shortest(drawn), isExact: true };
    }
    const finest = info.levels[0] as Level;
    const index = AXES.map((axis) => voxelAt(finest, axis, point[axis])) as Triple;
    const exact = this.#session.probe.value({ image: info.id, ...loader.moment, index });
    if (exact) return { text: exact, isExact: true };
    const rounded = roundIn(this.#session.state.get("color_range"), drawn.value);
    const text = info.components === 1 ? String(rounded) : "";
    return { text, isExact: false };
  }

  #imagePictures(loader: LayerLoader, axis: Axis): Picture[] {
    if (!this.#session.isVisible(loader)) return [];
    const boxes = loader.boxesFor(axis);
    const tint = this.#tints()?.[0];
    const range = this.#session.state.get("color_range");
    const painter = tint ? this.#tintPainter(tint, range) : this.#painterOf(loader);
    return boxes.map((box) => ({ box, painter, opacity: 1 }));
  }

  /** One of the channels drawn together: the first covers what is below, others add their light. */
  #channelPictures(loader: LayerLoader, order: number, axis: Axis): Picture[] {
    const look = this.#channelLook(loader);
    if (!look || !this.#session.isVisible(loader)) return [];
    const painter = this.#tintPainter(look.color, look.range);
    const boxes = loader.boxesFor(axis);
    if (order === 0) return boxes.map((box) => ({ box, painter, opacity: 1 }));
    return boxes.map((box, i) => {
      return { box, painter, opacity: 1, isAdded: true, without: boxes.slice(i + 1) };
    });
  }

  /** Colour and window of a channel drawn together; null for a hidden one. */
  #channelLook({ channel }: LayerLoader): ChannelLook | null {
    const { state } = this.#session;
    if (channel === null || state.get("channel_visibility")[channel] === false) return null;
    return {
      color: state.get("channel_colors")[channel] ?? "#ffffff",
      range: this.#session.channelRange(channel),
    };
  }

  /** The second image of a comparison, over the first. */
  #movingPictures(loader: LayerLoader, axis: Axis): Picture[] {
    if (!this.#session.isVisible(loader)) return [];
    const { state } = this.#session;
    const method = state.get("compare_method");
    const mix = state.get("image_mix");
    const boxes = loader.boxesFor(axis);
    const tints = this.#tints();
    const look = (): Omit<Picture, "box"> => {
      if (tints) {
        const range = this.#rangeLike(loader.info);
        return { painter: this.#tintPainter(tints[1], range), opacity: 1, isAdded: true };
      }
      const painter = this.#painterOf(loader);
      if (method === "checkerboard") return { painter, opacity: 1, squares: this.#squares() };
      return { painter, opacity: method === "swap" ? Number(mix >= 0.5) : mix };
    };
    const halfSpaces = loader.info.half_spaces ?? [];
    return boxes.map((box, i) => ({ box, ...look(), halfSpaces, without: boxes.slice(i + 1) }));
  }

  /** Colours of the first and the second image, where images are tinted. */
  #tints(): [string, string] | null {
    const { moving, image, state } = this.#session;
    if (!moving || !image || !this.#session.isVisible(moving)) return null;
    return TINTS[state.get("compare_method")] ?? null;
  }

  #squares(): NonNullable<Picture["squares"]> {
    const { lower, upper } = this.#session.wholeRoi();
    const longest = Math.max(...AXES.map((axis) => upper[axis] - lower[axis]));
    return { corner: lower, side: longest / this.#session.state.get("checkerboard_pattern") };
  }

  /** A translucent layer must not be drawn over itself: coarse boxes spare out the finer ones. */
  #labelPictures(loader: LayerLoader, axis: Axis): Picture[] {
    const { state } = this.#session;
    if (!this.#session.isVisible(loader)) return [];
    const opacity = state.get("label_opacity");
    const painter = this.#labelPainter();
    const boxes = loader.boxesFor(axis);
    return boxes.map((box, i) => ({ box, painter, opacity, without: boxes.slice(i + 1) }));
  }

  #previewPicture(preview: PreviewLoader, axis: Axis): Picture {
    const painter = this.#windowPainter(this.#previewRange(preview));
    return { box: preview.box, painter, opacity: 1, within: this.#resultRegion(axis) };
  }

  /** Where a plane shows results: the region, or the part of it beside the divider. */
  #resultRegion(axis: Axis): Roi {
    const { roi, state } = this.#session;
    const share = state.get("preview_split");
    return share === null ? roi : resultPart(roi, PLANES[axis], share);
  }

  #visiblePreviews(): PreviewLoader[] {
    const { results, previewShown } = this.#session;
    return previewShown ? results.all.filter((preview) => preview.hasVoxels) : [];
  }

  #previewRange(preview: PreviewLoader): Range {
    return preview.info.kind === "image" ? this.#rangeLike(preview.info) : preview.info.value_range;
  }

  /** What is like the image is seen through the same window, another through its own. */
  #rangeLike(info: Pick<LayerInfo, "dtype" | "value_range">): Range {
    const { image, state } = this.#session;
    const isLike =
      image?.info.dtype === info.dtype && isSimilar(image.info.value_range, info.value_range);
    return isLike ? state.get("color_range") : info.value_range;
  }

  #painterOf(loader: LayerLoader): Painter {
    if (loader.info.kind === "rgb") return rgbPainter;
    const isImage = loader === this.#session.image;
    return this.#windowPainter(
      isImage ? this.#session.state.get("color_range") : this.#rangeLike(loader.info),
    );
  }

  #tintPainter(color: string, range: Range): Painter {
    return this.#kept(`${color}|${range}`, () => windowPainter(tintTable(color), range));
  }

  #windowPainter(range: Range): Painter {
    const table = this.#session.state.get("color_table");
    return this.#kept(`${table}|${range}`, () => windowPainter(table, range));
  }

  #labelPainter(): Painter {
    const { state } = this.#session;
    const look: LabelLook = {
      hidden: state.get("hidden_labels"),
      outline: state.get("label_outline"),
      weights: state.get("label_weights"),
      table: state.get("label_color_table"),
    };
    return this.#kept(`labels|${JSON.stringify(look)}`, () => labelPainter(look));
  }

  /** One painter for each look: it keeps the colours of small types and of labels. */
  #kept(key: string, make: () => Painter): Painter {
    const painter = this.#painters.get(key) ?? make();
    this.#painters.delete(key);
    this.#painters.set(key, painter);
    const oldest = this.#painters.keys().next().value;
    if (this.#painters.size > MOST_PAINTERS && oldest !== undefined) this.#painters.delete(oldest);
    return painter;
  }
}

/** Whether one window suits values of two ranges; twin: suit_one_window in widgets/_scene.py. */
function isSimilar([a, b]: Range, [c, d]: Range): boolean {
  const common = Math.min(b, d) - Math.max(a, c);
  return common >= 0.25 * Math.max(b - a, d - c);
}

interface Value {
  value: number;
  dtype: DtypeName;
  scale: number;
}

/** What the last box that holds a point has there. */
function topValue(boxes: VoxelBox[], point: Point): Value | null {
  for (const box of boxes.toReversed()) {
    const [z, y, x] = AXES.map((axis) => {
      const i = axisIndex(axis);
      return Math.floor((point[axis] - box.level.origin[i]) / box.level.spacing[i] + 0.5);
    }) as Triple;
    const value = box.valueAt(z, y, x);
    if (value !== null) return { value, dtype: box.dtype, scale: box.scale };
  }
  return null;
}

/** The fewest digits that name a value of its type. */
function shortest({ value, dtype }: Value): string {
  if (dtype !== "float32" || Number.isInteger(value)) return String(value);
  const digits = [6, 7, 8].find((n) => Math.fround(Number(value.toPrecision(n))) === value);
  return String(Number(value.toPrecision(digits ?? 9)));
}
