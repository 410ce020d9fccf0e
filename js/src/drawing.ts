// What is drawn of a session: pictures for the planes, a box for the volume, a value for a point.

import { AXES, axisIndex, voxelAt } from "./geometry.ts";
import type { Axis, LayerInfo, Point } from "./messages.ts";
import {
  labelPainter,
  type Painter,
  rgbPainter,
  tintPainter,
  windowPainter,
} from "./render/colors.ts";
import type { Picture } from "./render/plane_canvas.ts";
import type { Session } from "./session.ts";
import type { Traits } from "./state.ts";
import type { LayerLoader } from "./streaming/loader.ts";
import type { PreviewLoader } from "./streaming/preview_loader.ts";
import type { VoxelBox } from "./streaming/voxel_box.ts";

export type Range = [number, number];

/** Words A B G R of two colours that add up to white. */
const TINTS: Partial<Record<Traits["compare_method"], [number, number]>> = {
  "green-magenta": [0x00ff00, 0xff00ff],
  "cyan-red": [0xffff00, 0x0000ff],
};

/** What the volume view shows, and through which window. */
export interface ShownVolume {
  box: VoxelBox;
  range: Range;
  valueRange: Range;
}

export class Drawing {
  #session: Session;
  #painters = new Map<string, Painter>();

  constructor(session: Session) {
    this.#session = session;
  }

  /** What a plane shows: coarse below fine, results over their source, labels on top. */
  pictures(axis: Axis): Picture[] {
    const { image, moving, labels } = this.#session;
    return [
      ...(image ? this.#imagePictures(image, axis) : []),
      ...(moving ? this.#movingPictures(moving, axis) : []),
      ...this.#visiblePreviews().map((preview) => this.#previewPicture(preview)),
      ...(labels ? this.#labelPictures(labels, axis) : []),
    ];
  }

  /** What the volume view shows: the newest complete result, else the finest box there is. */
  volumeBox(): ShownVolume | null {
    const { image: loader, scene, state } = this.#session;
    if (!loader || scene.planar || loader.info.kind === "rgb") return null;
    const preview = this.#visiblePreviews().findLast((each) => each.isComplete);
    if (preview) {
      const { value_range: valueRange } = preview.info;
      return { box: preview.box, range: this.#previewRange(preview), valueRange };
    }
    const box = loader.volumeBox;
    if (!box?.hasVoxels) return null;
    return { box, range: state.get("color_range"), valueRange: loader.info.value_range };
  }

  /** Value drawn under a point of the frame, from the finest box that holds it. */
  probe(point: Point): { value: number; index: Point } | null {
    const { finest, roi } = this.#session;
    const loader = this.#session.image ?? this.#session.labels;
    if (!loader || !finest) return null;
    const isInside = AXES.every((a) => point[a] >= roi.lower[a] && point[a] <= roi.upper[a]);
    const previews = isInside ? this.#visiblePreviews().map((preview) => preview.box) : [];
    const index: Point = { x: 0, y: 0, z: 0 };
    for (const axis of AXES) index[axis] = voxelAt(finest, axis, point[axis]);
    const value = topValue([...loader.boxes, ...previews], point);
    return value === null ? null : { value, index };
  }

  /** Label under a point and its name; null where there is none. */
  labelAt(point: Point): { label: number; name: string } | null {
    const { labels, state } = this.#session;
    const label = labels && this.#session.isVisible(labels) ? topValue(labels.boxes, point) : null;
    if (!label) return null;
    return { label, name: state.get("label_names")[label] ?? "" };
  }

  #imagePictures(loader: LayerLoader, axis: Axis): Picture[] {
    if (!this.#session.isVisible(loader)) return [];
    const boxes = loader.boxesFor(axis);
    const tint = this.#tints()?.[0];
    const range = this.#session.state.get("color_range");
    const painter = tint
      ? this.#kept(`${tint}|${range}`, () => tintPainter(range, tint))
      : this.#painterOf(loader);
    return boxes.map((box) => ({ box, painter, opacity: 1 }));
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
        const painter = this.#kept(`${tints[1]}|${range}`, () => tintPainter(range, tints[1]));
        return { painter, opacity: 1, isAdded: true };
      }
      const painter = this.#painterOf(loader);
      if (method === "checkerboard") return { painter, opacity: 1, squares: this.#squares() };
      return { painter, opacity: method === "swap" ? Number(mix >= 0.5) : mix };
    };
    return boxes.map((box, i) => ({ box, ...look(), without: boxes.slice(i + 1) }));
  }

  /** Colours of the first and the second image, as words A B G R, where images are tinted. */
  #tints(): [number, number] | null {
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
    const painter = this.#labelPainter(state.get("hidden_labels"), state.get("label_outline"));
    const boxes = loader.boxesFor(axis);
    return boxes.map((box, i) => ({ box, painter, opacity, without: boxes.slice(i + 1) }));
  }

  #previewPicture(preview: PreviewLoader): Picture {
    const painter = this.#windowPainter(this.#previewRange(preview));
    return { box: preview.box, painter, opacity: 1, within: this.#session.roi };
  }

  #visiblePreviews(): PreviewLoader[] {
    const { previews, previewShown } = this.#session;
    return previewShown ? previews.filter((preview) => preview.hasVoxels) : [];
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

  #windowPainter(range: Range): Painter {
    const table = this.#session.state.get("color_table");
    return this.#kept(`${table}|${range}`, () => windowPainter(table, range));
  }

  #labelPainter(hidden: number[], outline: boolean): Painter {
    return this.#kept(`labels|${hidden}|${outline}`, () => labelPainter(hidden, outline));
  }

  /** One painter for each look: it keeps the colours of small types and of labels. */
  #kept(key: string, make: () => Painter): Painter {
    const painter = this.#painters.get(key) ?? make();
    this.#painters.delete(key);
    this.#painters.set(key, painter);
    const oldest = this.#painters.keys().next().value;
    if (this.#painters.size > 6 && oldest !== undefined) this.#painters.delete(oldest);
    return painter;
  }
}

/** Whether two ranges of values overlap enough for one window to suit both. */
function isSimilar([a, b]: Range, [c, d]: Range): boolean {
  const common = Math.min(b, d) - Math.max(a, c);
  return common >= 0.25 * Math.max(b - a, d - c);
}

/** Value of the last box that holds a point. */
function topValue(boxes: VoxelBox[], point: Point): number | null {
  for (const box of boxes.toReversed()) {
    const [z, y, x] = AXES.map((axis) => {
      const i = axisIndex(axis);
      return Math.floor((point[axis] - box.level.origin[i]) / box.level.spacing[i] + 0.5);
    }) as [number, number, number];
    const value = box.valueAt(z, y, x);
    if (value !== null) return value;
  }
  return null;
}
