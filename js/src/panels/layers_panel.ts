// What is shown: the layers, which of them are visible, and how the chosen one is drawn.

import type { LayerKind } from "../messages.ts";
import type { Session } from "../session.ts";
import type { Traits } from "../state.ts";
import { roleOf } from "../streaming/parts.ts";
import { checkbox, element, labelled, showField, slider } from "./elements.ts";
import type { Panel } from "./panel.ts";

const METHODS: Record<Traits["compare_method"], string> = {
  blend: "Blend",
  checkerboard: "Checkerboard",
  "green-magenta": "Green and magenta",
  "cyan-red": "Cyan and red",
  swap: "One or the other",
};
/** Colormaps of labels, by their names in cmap. */
const LABEL_COLORS: Record<string, string> = {
  "": "Many hues",
  glasbey: "Glasbey",
  tab20: "Tab 20",
  Set1: "Set 1",
};

type Kind = LayerKind | "moving" | "points";

interface Row {
  visible: HTMLInputElement;
  name: HTMLButtonElement;
}

export class LayersPanel implements Panel {
  readonly name = "Layers";
  readonly element = element("div", "");
  #session: Session;
  #list = element("div", "rw-column", this.element);
  #listed = "";
  #rows = new Map<string, Row>();
  #smooth = checkbox();
  #outline = checkbox();
  #labelColors = element("select", "rw-select");
  #method = element("select", "rw-select");
  #mix = slider(0, 1, 0.05);
  #pattern = slider(2, 32, 1);

  constructor(session: Session) {
    this.#session = session;
    this.#list.setAttribute("role", "group");
    this.#list.setAttribute("aria-label", "Layers, and whether they are visible");
    fill(this.#labelColors, LABEL_COLORS);
    fill(this.#method, METHODS);
    labelled("Smooth", this.#smooth, this.element);
    labelled("Outline labels", this.#outline, this.element);
    labelled("Label colors", this.#labelColors, this.element);
    labelled("Compare", this.#method, this.element);
    labelled("Mix", this.#mix, this.element);
    labelled("Squares", this.#pattern, this.element);
    this.#listen();
  }

  isUseful(): boolean {
    return this.#layers().size > 0;
  }

  update(): void {
    const { state } = this.#session;
    const layers = this.#layers();
    this.#fill([...layers.keys()]);
    const chosen = this.#chosen(layers);
    for (const [name, row] of this.#rows) {
      row.visible.checked = this.#session.isNameVisible(name);
      row.name.setAttribute("aria-pressed", String(name === chosen));
    }
    const method = state.get("compare_method");
    const colors = state.get("label_color_map");
    fill(
      this.#labelColors,
      colors in LABEL_COLORS ? LABEL_COLORS : { ...LABEL_COLORS, [colors]: colors },
    );
    this.#smooth.checked = state.get("image_interpolation");
    this.#outline.checked = state.get("label_outline");
    this.#labelColors.value = colors;
    this.#method.value = method;
    this.#mix.value = String(state.get("image_mix"));
    this.#pattern.value = String(state.get("checkerboard_pattern"));
    this.#showSettings(layers.get(chosen), method);
  }

  #listen(): void {
    const { state } = this.#session;
    this.#smooth.onchange = () => state.set("image_interpolation", this.#smooth.checked);
    this.#outline.onchange = () => state.set("label_outline", this.#outline.checked);
    this.#labelColors.onchange = () => state.set("label_color_map", this.#labelColors.value);
    this.#method.onchange = () =>
      state.set("compare_method", this.#method.value as Traits["compare_method"]);
    this.#mix.oninput = () => state.set("image_mix", Number(this.#mix.value));
    this.#pattern.oninput = () => state.set("checkerboard_pattern", Number(this.#pattern.value));
  }

  #showSettings(kind: Kind | undefined, method: Traits["compare_method"]): void {
    const isMixed = method === "blend" || method === "swap";
    showField(this.#smooth, kind === "image" || kind === "rgb");
    for (const control of [this.#outline, this.#labelColors]) showField(control, kind === "labels");
    showField(this.#method, kind === "moving");
    showField(this.#mix, kind === "moving" && isMixed);
    showField(this.#pattern, kind === "moving" && method === "checkerboard");
  }

  /** What is drawn, by name; layers of one name are switched together. */
  #layers(): Map<string, Kind> {
    const { scene, state } = this.#session;
    const kindOf = (info: (typeof scene.layers)[number]): Kind =>
      roleOf(info) === "moving" ? "moving" : info.kind;
    return new Map<string, Kind>([
      ...scene.layers.map((info): [string, Kind] => [info.name, kindOf(info)]),
      ...state.get("point_sets").map(({ name }): [string, Kind] => [name, "points"]),
    ]);
  }

  /** The layer whose settings are shown: until somebody chooses, the one over the image. */
  #chosen(layers: Map<string, Kind>): string {
    const chosen = this.#session.state.get("selected_layer");
    if (layers.has(chosen)) return chosen;
    const names = [...layers.keys()];
    return names.findLast((name) => layers.get(name) !== "points") ?? names[0] ?? "";
  }

  #fill(names: string[]): void {
    const key = JSON.stringify(names);
    if (key === this.#listed) return;
    this.#listed = key;
    this.#list.replaceChildren();
    this.#rows = new Map(names.map((name) => [name, this.#addRow(name)]));
  }

  #addRow(text: string): Row {
    const { state } = this.#session;
    const row = element("div", "rw-layer", this.#list);
    const visible = checkbox();
    visible.setAttribute("aria-label", text);
    visible.title = "Show or hide this layer";
    visible.onchange = () => {
      const known = state.get("layer_visibility");
      state.set("layer_visibility", { ...known, [text]: visible.checked });
    };
    row.append(visible);
    const name = element("button", "rw-layer-name", row);
    name.type = "button";
    name.textContent = text;
    name.title = "Show how this layer is drawn";
    name.onclick = () => {
      state.set("selected_layer", text);
      this.update();
    };
    return { visible, name };
  }
}

/** Offer these values, by their names, unless they are offered already. */
function fill(select: HTMLSelectElement, names: Record<string, string>): void {
  const offered = [...select.options].map((option) => option.value);
  if (offered.join() === Object.keys(names).join()) return;
  const options = Object.entries(names).map(([value, name]) => new Option(name, value));
  select.replaceChildren(...options);
}
