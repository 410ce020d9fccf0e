// The quiet line below the views.

import type { Drawing } from "../drawing.ts";
import { AXES, axisIndex, formatPosition, frameToWorld, resolveRoi } from "../geometry.ts";
import { shortUnit } from "../interact/plane_marks.ts";
import type { Axis, Point } from "../messages.ts";
import type { Session } from "../session.ts";
import { formatBytes } from "../streaming/levels.ts";
import type { LayerLoader } from "../streaming/loader.ts";
import { element, setText } from "./elements.ts";

/** What the pointer is over, and the plane it is in. */
export interface Hovered {
  point: Point;
  across: Axis;
}

export class StatusLine {
  readonly element = element("div", "rw-status");
  #session: Session;
  #drawing: Drawing;
  #loading = element("span", "rw-loading", this.element);
  #probe = element("span", "rw-probe", this.element);

  constructor(session: Session, drawing: Drawing) {
    this.#session = session;
    this.#drawing = drawing;
  }

  update(hovered: Hovered | null): void {
    setText(this.#probe, hovered ? this.#describePoint(hovered) : "");
    setText(this.#loading, this.#describeLoading());
    const { reason = "" } = this.#session.image?.plan ?? {};
    if (this.#loading.title !== reason) this.#loading.title = reason;
  }

  #describeLoading(): string {
    const loader = this.#session.image ?? this.#session.loaders[0];
    if (!loader) return "";
    const scale = loader.loadedScale;
    const count = loader.info.levels.length;
    const level = loader.info.levels[Math.max(scale, 0)];
    const parts = [
      scale < 0
        ? loader.isIdle
          ? "sampled"
          : "loading"
        : count > 1
          ? `scale ${scale} of 0–${count - 1}`
          : "scale 0",
    ];
    if (level && scale >= 0) {
      const { shape } = resolveRoi(this.#session.roi, level);
      const sides = this.#session.scene.planar ? shape.slice(1) : shape;
      parts.push(`region ${sides.join(" × ")} voxels`);
    }
    const bytesOf = (each: LayerLoader) => each.bytes + each.sliceBytes;
    parts.push(formatBytes(this.#session.loaders.reduce((sum, each) => sum + bytesOf(each), 0)));
    if (this.#session.scheduler.pending > 0)
      parts.push(`${this.#session.scheduler.pending} pending`);
    const { elapsed_s: elapsed = 0, complete = false } = this.#session.results.newest?.info ?? {};
    if (complete) parts.push(`preview ${elapsed.toFixed(2)} s`);
    if (loader.plan.reason) parts.push(loader.plan.reason);
    return parts.join(" · ");
  }

  #describePoint({ point, across }: Hovered): string {
    const found = this.#drawing.probe(point, across);
    const level = this.#session.finest;
    if (!found || !level) return "";
    const { scene } = this.#session;
    const axes = scene.planar ? AXES.slice(1) : AXES;
    const index = axes.map((axis) => found.index[axis]).join(", ");
    const [x, y, z] = frameToWorld(scene.direction, point);
    const world: Point = { x, y, z };
    const position = [...axes]
      .reverse()
      .map((axis) => `${axis} ${formatPosition(world[axis], level.spacing[axisIndex(axis)])}`)
      .join("  ");
    const parts = [`[${index}]`, `${position} ${shortUnit(scene.unit)}`];
    if (this.#session.image && found.text) {
      parts.push(`value ${found.isExact ? "" : "≈ "}${found.text}`);
    }
    const label = this.#drawing.labelAt(point);
    if (label) parts.push(`label ${label.label} ${label.name}`.trim());
    return parts.join("   ");
  }
}
