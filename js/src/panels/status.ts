// The quiet line below the views, and the area for errors.

import type { Drawing } from "../drawing.ts";
import { AXES, axisIndex, formatPosition, frameToWorld, resolveRoi } from "../geometry.ts";
import { shortUnit } from "../interact/plane_marks.ts";
import type { Point } from "../messages.ts";
import type { Session } from "../session.ts";
import { formatBytes } from "../streaming/levels.ts";
import type { LayerLoader } from "../streaming/loader.ts";
import { button, element } from "./elements.ts";

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

  update(hovered: Point | null): void {
    this.#loading.textContent = this.#describeLoading();
    this.#loading.title = this.#session.image?.plan.reason ?? "";
    this.#probe.textContent = hovered ? this.#describePoint(hovered) : "";
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
    const { elapsed_s: elapsed = 0, complete = false } = this.#session.preview?.info ?? {};
    if (complete) parts.push(`preview ${elapsed.toFixed(2)} s`);
    if (loader.plan.reason) parts.push(loader.plan.reason);
    return parts.join(" · ");
  }

  #describePoint(point: Point): string {
    const found = this.#drawing.probe(point);
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
    const value = Number(found.value.toPrecision(6));
    const parts = [`[${index}]`, `${position} ${shortUnit(scene.unit)}`];
    if (this.#session.image) parts.push(`value ${value}`);
    const label = this.#drawing.labelAt(point);
    if (label) parts.push(`label ${label.label} ${label.name}`.trim());
    return parts.join("   ");
  }
}

export class ErrorArea {
  readonly element = element("div", "rw-error");
  #session: Session;
  #text = element("span", "", this.element);

  constructor(session: Session) {
    this.#session = session;
    this.element.setAttribute("role", "alert");
    const dismiss = button("×", "Dismiss this message", this.element);
    dismiss.setAttribute("aria-label", "Dismiss this message");
    dismiss.onclick = () => {
      this.#session.problem = "";
      this.#session.state.set("error_message", "");
      this.update();
    };
    this.update();
  }

  update(): void {
    const text = this.#session.state.get("error_message") || this.#session.problem;
    this.#text.textContent = text;
    this.element.hidden = text === "";
  }
}
