// Tools that draw regions, and the table of those there are.

import { button, element, setText } from "../panels/elements.ts";
import type { Roi, RoiKind } from "./roi_geometry.ts";
import type { RoiLayer } from "./roi_layer.ts";
import type { StackSession } from "./stack_session.ts";

const TOOLS: Record<RoiKind, [name: string, title: string]> = {
  box: ["Box", "Draw boxes: drag from corner to corner"],
  ellipse: ["Ellipse", "Draw ellipses: drag from corner to corner"],
  polygon: ["Polygon", "Draw polygons: click points, double click or Enter closes"],
  freehand: ["Freehand", "Draw outlines by hand: drag around"],
};

export class RoiPanel {
  readonly tools = element("div", "rw-field");
  readonly table = element("table", "rw-table rw-roi-table");
  #session: StackSession;
  #layer: RoiLayer;
  #changed: () => void;
  #buttons = new Map<RoiKind, HTMLButtonElement>();
  #undo: HTMLButtonElement;
  #body: HTMLTableSectionElement;
  #drawn = "";

  constructor(session: StackSession, layer: RoiLayer, changed: () => void) {
    this.#session = session;
    this.#layer = layer;
    this.#changed = changed;
    this.tools.setAttribute("role", "group");
    this.tools.setAttribute("aria-label", "Regions");
    element("span", "rw-name", this.tools).textContent = "Regions";
    for (const kind of Object.keys(TOOLS) as RoiKind[]) this.#addTool(kind);
    this.#undo = button("Undo", "Undo the last change of a region (Ctrl + Z)", this.tools);
    this.#undo.onclick = () => session.rois.undo();
    const head = element("tr", "", element("thead", "", this.table));
    for (const name of ["Color", "Name", "Group", "Shown", ""]) {
      const cell = element(name ? "th" : "td", "", head);
      cell.textContent = name;
    }
    this.#body = element("tbody", "", this.table);
    // keys typed into a control are not notebook shortcuts
    this.table.addEventListener("keydown", (event) => event.stopPropagation());
  }

  update(): void {
    const { rois } = this.#session;
    for (const [kind, toggle] of this.#buttons) {
      toggle.setAttribute("aria-pressed", String(this.#layer.tool === kind));
    }
    this.#undo.disabled = !rois.canUndo;
    const looks = rois.all.map(({ id, name, group, color, visible }) => [
      id,
      name,
      group,
      color,
      visible,
    ]);
    const drawn = JSON.stringify([looks, rois.selected]);
    if (drawn === this.#drawn) return;
    this.#drawn = drawn;
    this.#fill(rois.all);
  }

  #addTool(kind: RoiKind): void {
    const [name, title] = TOOLS[kind];
    const toggle = button(name, title, this.tools);
    toggle.onclick = () => {
      this.#layer.tool = this.#layer.tool === kind ? null : kind;
      this.#changed();
    };
    this.#buttons.set(kind, toggle);
  }

  /** Rows are kept, so that nobody loses the control that they are in. */
  #fill(rois: Roi[]): void {
    while (this.#body.childElementCount > rois.length) this.#body.lastElementChild?.remove();
    while (this.#body.childElementCount < rois.length) this.#addRow();
    for (const [i, roi] of rois.entries()) {
      this.#writeRow(this.#body.rows[i] as HTMLTableRowElement, roi);
    }
  }

  #addRow(): void {
    const { rois } = this.#session;
    const row = element("tr", "", this.#body);
    const own = () => rois.all[[...this.#body.rows].indexOf(row)] as Roi;
    const input = (type: string, change: (input: HTMLInputElement) => Partial<Roi>) => {
      const made = element("input", type === "text" ? "rw-text" : "", element("td", "", row));
      made.type = type;
      made.onchange = () => rois.replace({ ...own(), ...change(made) });
      return made;
    };
    input("color", ({ value }) => ({ color: value }));
    input("text", ({ value }) => ({ name: value }));
    input("text", ({ value }) => ({ group: value }));
    input("checkbox", ({ checked }) => ({ visible: checked }));
    const remove = button("×", "Delete this region", element("td", "", row));
    remove.onclick = () => rois.remove(own().id);
    row.onclick = () => rois.select(own()?.id ?? null);
  }

  #writeRow(row: HTMLTableRowElement, roi: Roi): void {
    const [color, name, group, shown] = [...row.querySelectorAll("input")] as [
      HTMLInputElement,
      HTMLInputElement,
      HTMLInputElement,
      HTMLInputElement,
    ];
    color.value = roi.color;
    name.value = roi.name;
    group.value = roi.group;
    shown.checked = roi.visible;
    const what = roi.name || "region";
    const labels = [`Color of ${what}`, `Name of ${what}`, `Group of ${what}`, `Show ${what}`];
    [color, name, group, shown].forEach((control, i) => {
      control.setAttribute("aria-label", labels[i] as string);
    });
    const remove = row.querySelector("button") as HTMLButtonElement;
    remove.setAttribute("aria-label", `Delete ${what}`);
    setText(remove, "×");
    row.toggleAttribute("data-selected", roi.id === this.#session.rois.selected);
  }
}
