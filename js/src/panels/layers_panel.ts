// What is shown: each layer's visibility and look, and how two images are compared.

import type { LayerInfo } from "../messages.ts";
import type { Session } from "../session.ts";
import type { Traits } from "../state.ts";
import { checkbox, element, labelled, slider } from "./elements.ts";
import type { Panel } from "./panel.ts";

const METHODS: Record<Traits["compare_method"], string> = {
  blend: "Blend",
  checkerboard: "Checkerboard",
  "green-magenta": "Green and magenta",
  "cyan-red": "Cyan and red",
  swap: "One or the other",
};

export class LayersPanel implements Panel {
  readonly name = "Layers";
  readonly element = element("div", "");
  #session: Session;
  #list = element("div", "rw-column", this.element);
  #listed = "";
  #boxes = new Map<string, HTMLInputElement>();
  #outline = checkbox();
  #method = element("select", "rw-select");
  #mix = slider(0, 1, 0.05);
  #pattern = slider(2, 32, 1);

  constructor(session: Session) {
    this.#session = session;
    const { state } = session;
    this.#list.setAttribute("role", "group");
    this.#list.setAttribute("aria-label", "Visible layers");
    labelled("Outline labels", this.#outline, this.element);
    this.#outline.onchange = () => state.set("label_outline", this.#outline.checked);
    for (const [value, name] of Object.entries(METHODS)) {
      this.#method.append(new Option(name, value));
    }
    labelled("Compare", this.#method, this.element);
    this.#method.onchange = () =>
      state.set("compare_method", this.#method.value as Traits["compare_method"]);
    labelled("Mix", this.#mix, this.element);
    this.#mix.oninput = () => state.set("image_mix", Number(this.#mix.value));
    labelled("Squares", this.#pattern, this.element);
    this.#pattern.oninput = () => state.set("checkerboard_pattern", Number(this.#pattern.value));
  }

  isUseful(): boolean {
    return this.#session.scene.layers.length > 1;
  }

  update(): void {
    const { loaders, labels, moving, state } = this.#session;
    this.#fill(loaders.map((loader) => loader.info));
    for (const loader of loaders) {
      const box = this.#boxes.get(loader.info.id);
      if (box) box.checked = this.#session.isVisible(loader);
    }
    const method = state.get("compare_method");
    this.#outline.checked = state.get("label_outline");
    this.#method.value = method;
    this.#mix.value = String(state.get("image_mix"));
    this.#pattern.value = String(state.get("checkerboard_pattern"));
    show(this.#outline, labels !== undefined);
    show(this.#method, moving !== undefined);
    show(this.#mix, moving !== undefined && (method === "blend" || method === "swap"));
    show(this.#pattern, moving !== undefined && method === "checkerboard");
  }

  #fill(layers: LayerInfo[]): void {
    const key = layers.map((info) => info.id).join();
    if (key === this.#listed) return;
    this.#listed = key;
    this.#list.replaceChildren();
    this.#boxes.clear();
    for (const { id, name } of layers) {
      const box = labelled(name, checkbox(), this.#list);
      this.#boxes.set(id, box);
      box.onchange = () => {
        const { state } = this.#session;
        state.set("layer_visibility", { ...state.get("layer_visibility"), [name]: box.checked });
      };
    }
  }
}

function show(control: Element, shown: boolean): void {
  control.closest<HTMLElement>(".rw-field")?.toggleAttribute("hidden", !shown);
}
