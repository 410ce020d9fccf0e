// The region in numbers: its edges, its size at each scale, undo, lock.

import { axisIndex, dragRoi, formatPosition, resolveRoi, voxelCount } from "../geometry.ts";
import { shortUnit } from "../interact/plane_marks.ts";
import type { Axis, Level } from "../messages.ts";
import type { Session } from "../session.ts";
import { bytesPerVoxel, formatBytes } from "../streaming/levels.ts";
import { button, checkbox, element, isFocused, labelled, numberInput } from "./elements.ts";
import type { Panel } from "./panel.ts";

const ROWS: Axis[] = ["x", "y", "z"];
type Side = "lower" | "upper";

export class RegionPanel implements Panel {
  readonly name = "Edit region";
  readonly element = element("div", "");
  #session: Session;
  #inputs = new Map<string, HTMLInputElement>();
  #rows = new Map<Axis, HTMLElement>();
  #lock = checkbox();
  #undo: HTMLButtonElement;
  #redo: HTMLButtonElement;
  #sizes: HTMLTableElement;
  #note = element("div", "rw-name");
  #described = "";

  constructor(session: Session) {
    this.#session = session;
    const edges = element("table", "rw-table", this.element);
    this.#addHead(edges, ["axis", "from", "to"]);
    for (const axis of ROWS) this.#addRow(edges, axis);
    const actions = element("div", "rw-column", this.element);
    button("Whole image", "Set the region to the whole image", actions).onclick = () =>
      session.setRegion(session.wholeRoi());
    const steps = element("div", "rw-field", actions);
    this.#undo = button("Undo", "The region before (Ctrl + Z in a view)", steps);
    this.#undo.onclick = () => session.undoRegion();
    this.#redo = button("Redo", "The region again (Ctrl + Shift + Z in a view)", steps);
    this.#redo.onclick = () => session.redoRegion();
    labelled("Locked", this.#lock, actions);
    this.#lock.onchange = () => session.state.set("roi_locked", this.#lock.checked);
    this.#sizes = element("table", "rw-table", this.element);
    this.#note.textContent = "The image is turned in the world: x, y, z are its own axes.";
  }

  isUseful(): boolean {
    return this.#session.scene.layers.length > 0;
  }

  update(): void {
    const { finest, scene, state, history } = this.#session;
    if (!finest) return;
    const isLocked = state.get("roi_locked");
    for (const [axis, row] of this.#rows) row.hidden = scene.planar && axis === "z";
    for (const [key, input] of this.#inputs) {
      const [side, axis] = key.split(" ") as [Side, Axis];
      const spacing = finest.spacing[axisIndex(axis)];
      input.disabled = isLocked;
      input.step = String(spacing);
      if (!isFocused(input)) this.#write(input, axis, side);
    }
    this.#lock.checked = isLocked;
    this.#undo.disabled = isLocked || !history.canUndo;
    this.#redo.disabled = isLocked || !history.canRedo;
    this.#describeSizes();
  }

  #addHead(table: HTMLTableElement, names: string[]): void {
    const row = table.createTHead().insertRow();
    for (const name of names) {
      const cell = element("th", "", row);
      cell.scope = "col";
      cell.textContent = name;
    }
  }

  #addRow(table: HTMLTableElement, axis: Axis): void {
    const row = element("tr", "", table.tBodies[0] ?? table.createTBody());
    const head = element("th", "", row);
    head.scope = "row";
    head.textContent = axis;
    for (const side of ["lower", "upper"] as const) {
      const name = `region ${axis} ${side === "lower" ? "from" : "to"}`;
      const input = numberInput(name);
      input.onchange = () => {
        this.#setEdge(axis, side, input.valueAsNumber);
        this.#write(input, axis, side);
      };
      element("td", "", row).append(input);
      this.#inputs.set(`${side} ${axis}`, input);
    }
    this.#rows.set(axis, row);
  }

  #write(input: HTMLInputElement, axis: Axis, side: Side): void {
    const { finest, roi } = this.#session;
    if (finest) input.value = formatPosition(roi[side][axis], finest.spacing[axisIndex(axis)]);
  }

  /** Edges snap to voxel edges of the finest scale, as those that are dragged do. */
  #setEdge(axis: Axis, side: Side, value: number): void {
    const { finest, roi } = this.#session;
    if (!finest || !Number.isFinite(value)) return;
    const grip = { [axis]: side === "lower" ? -1 : 1 } as const;
    const by = { [axis]: value - roi[side][axis] };
    this.#session.setRegion(dragRoi(roi, grip, by, finest));
  }

  /** What the region is at each scale: voxels, and bytes of all layers. */
  #describeSizes(): void {
    const { image, loaders, roi, scene } = this.#session;
    const info = (image ?? loaders[0])?.info;
    if (!info) return;
    const key = JSON.stringify([roi, loaders.map((loader) => loader.info.id)]);
    if (key === this.#described) return;
    this.#described = key;
    this.#note.hidden = isIdentity(scene.direction);
    this.element.append(this.#note);
    this.#sizes.replaceChildren();
    const unit = shortUnit(scene.unit);
    const order = scene.planar ? "y × x" : "z × y × x";
    this.#addHead(this.#sizes, [
      "scale",
      `voxels ${order}`,
      unit ? `size in ${unit}` : "size",
      "bytes",
    ]);
    const body = this.#sizes.createTBody();
    const bytes = loaders.reduce((sum, loader) => sum + bytesPerVoxel(loader.info), 0);
    info.levels.forEach((level, scale) => {
      const { shape } = resolveRoi(roi, level);
      const sides = scene.planar ? shape.slice(1) : shape;
      const cells = [
        String(scale),
        sides.join(" × "),
        this.#lengths(level, shape).join(" × "),
        formatBytes(voxelCount(shape) * bytes),
      ];
      const row = body.insertRow();
      for (const text of cells) row.insertCell().textContent = text;
    });
  }

  #lengths(level: Level, shape: number[]): string[] {
    const lengths = shape.map((size, i) =>
      String(Number((size * (level.spacing[i] ?? 1)).toPrecision(6))),
    );
    return this.#session.scene.planar ? lengths.slice(1) : lengths;
  }
}

function isIdentity(direction: number[]): boolean {
  return direction.every((value, i) => Math.abs(value - (i % 4 === 0 ? 1 : 0)) < 1e-9);
}
