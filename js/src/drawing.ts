// What is drawn of a session: pictures for the planes, a box for the volume, a value for a point.

import { AXES, axisIndex, voxelAt } from "./geometry.ts";
import type { Axis, LayerInfo, Point } from "./messages.ts";
import { labelPainter, type Painter, rgbPainter, windowPainter } from "./render/colors.ts";
import type { Picture } from "./render/plane_canvas.ts";
import type { Session } from "./session.ts";
import type { LayerLoader } from "./streaming/loader.ts";
import type { PreviewLoader } from "./streaming/preview_loader.ts";
import type { VoxelBox } from "./streaming/voxel_box.ts";

export type Range = [number, number];

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
    const { loaders } = this.#session;
    const images = loaders.filter((loader) => loader.info.kind !== "labels");
    const labels = loaders.filter((loader) => loader.info.kind === "labels");
    return [
      ...images.flatMap((loader) => this.#sourcePictures(loader, axis)),
      ...this.#visiblePreviews().map((preview) => this.#previewPicture(preview)),
      ...labels.flatMap((loader) => this.#labelPictures(loader, axis)),
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
    const { loaders, finest, roi } = this.#session;
    const loader = loaders[0];
    if (!loader || !finest) return null;
    const isInside = AXES.every((a) => point[a] >= roi.lower[a] && point[a] <= roi.upper[a]);
    const previews = isInside ? this.#visiblePreviews().map((preview) => preview.box) : [];
    const index: Point = { x: 0, y: 0, z: 0 };
    for (const axis of AXES) index[axis] = voxelAt(finest, axis, point[axis]);
    for (const box of [...loader.boxes, ...previews].reverse()) {
      const [z, y, x] = AXES.map((axis) => {
        const i = axisIndex(axis);
        return Math.floor((point[axis] - box.level.origin[i]) / box.level.spacing[i] + 0.5);
      }) as [number, number, number];
      const value = box.valueAt(z, y, x);
      if (value !== null) return { value, index };
    }
    return null;
  }

  #sourcePictures(loader: LayerLoader, axis: Axis): Picture[] {
    const painter = this.#painterOf(loader.info);
    return loader.boxesFor(axis).map((box) => ({ box, painter, opacity: 1 }));
  }

  /** A translucent layer must not be drawn over itself: coarse boxes spare out the finer ones. */
  #labelPictures(loader: LayerLoader, axis: Axis): Picture[] {
    const opacity = this.#session.state.get("label_opacity");
    const boxes = loader.boxesFor(axis);
    return boxes.map((box, i) => {
      return { box, painter: labelPainter, opacity, without: boxes.slice(i + 1) };
    });
  }

  #previewPicture(preview: PreviewLoader): Picture {
    const painter = this.#windowPainter(this.#previewRange(preview));
    return { box: preview.box, painter, opacity: 1, within: this.#session.roi };
  }

  #visiblePreviews(): PreviewLoader[] {
    const { previews, previewShown } = this.#session;
    return previewShown ? previews.filter((preview) => preview.hasVoxels) : [];
  }

  /** A result like its source is seen through the same window, another through its own. */
  #previewRange(preview: PreviewLoader): Range {
    const { image, state } = this.#session;
    const isLikeSource =
      preview.info.kind === "image" &&
      image?.info.dtype === preview.info.dtype &&
      isSimilar(image.info.value_range, preview.info.value_range);
    return isLikeSource ? state.get("color_range") : preview.info.value_range;
  }

  #painterOf(info: LayerInfo): Painter {
    return info.kind === "rgb"
      ? rgbPainter
      : this.#windowPainter(this.#session.state.get("color_range"));
  }

  /** One painter for each look: it keeps the colours of small types. */
  #windowPainter(range: Range): Painter {
    const table = this.#session.state.get("color_table");
    const key = `${table}|${range}`;
    const painter = this.#painters.get(key) ?? windowPainter(table, range);
    this.#painters.delete(key);
    this.#painters.set(key, painter);
    const oldest = this.#painters.keys().next().value;
    if (this.#painters.size > 4 && oldest !== undefined) this.#painters.delete(oldest);
    return painter;
  }
}

/** Whether two ranges of values overlap enough for one window to suit both. */
function isSimilar([a, b]: Range, [c, d]: Range): boolean {
  const common = Math.min(b, d) - Math.max(a, c);
  return common >= 0.25 * Math.max(b - a, d - c);
}
