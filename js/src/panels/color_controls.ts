// The colormap and the window: controls of everything that shows one image.

import { type Range, roundIn } from "../render/window.ts";
import { button, element, isFocused, labelled, numberInput, showField } from "./elements.ts";

interface ColorTraits {
  color_map: string;
  color_maps: string[];
  color_range: Range;
}

/** The shared colours. */
interface Colors {
  get<K extends keyof ColorTraits>(name: K): ColorTraits[K];
  set<K extends keyof ColorTraits>(name: K, value: ColorTraits[K]): void;
}

export class ColorControls {
  #state: Colors;
  #colorMap = element("select", "rw-select");
  #low = numberInput("window low");
  #high = numberInput("window high");

  /** @param bounds the range of the data, as far as it is known */
  constructor(state: Colors, toolbar: Element, bounds: () => Range | undefined) {
    this.#state = state;
    labelled("Colors", this.#colorMap, toolbar);
    const group = element("div", "rw-field", toolbar);
    group.setAttribute("role", "group");
    group.setAttribute("aria-label", "Window");
    element("span", "rw-name", group).textContent = "Window";
    group.append(this.#low, this.#high);
    button("Auto", "Window over the range of the data", group).onclick = () => {
      const range = bounds();
      if (range) state.set("color_range", range);
    };
    this.#colorMap.onchange = () => state.set("color_map", this.#colorMap.value);
    for (const input of [this.#low, this.#high]) input.onchange = () => this.#setWindow();
  }

  update(isShown = true): void {
    this.#fillColorMaps(this.#state.get("color_maps"), this.#state.get("color_map"));
    for (const [input, text] of this.#windowTexts()) {
      if (!isFocused(input) && input.value !== text) input.value = text;
    }
    for (const control of [this.#colorMap, this.#low]) showField(control, isShown);
  }

  /** The ends of the window in few digits. */
  #windowTexts(): [HTMLInputElement, string][] {
    const range = this.#state.get("color_range");
    const [low, high] = range.map((end) => String(roundIn(range, end))) as [string, string];
    return [
      [this.#low, low],
      [this.#high, high],
    ];
  }

  /** Take the end that was typed; the other one keeps the digits that are not written. */
  #setWindow(): void {
    const range = this.#state.get("color_range");
    const values = this.#windowTexts().map(([input, text], i) =>
      input.value === text ? (range[i] as number) : input.valueAsNumber,
    );
    if (values.some((value) => !Number.isFinite(value))) {
      this.update();
      return;
    }
    const [low, high] = values.sort((a, b) => a - b) as [number, number];
    this.#state.set("color_range", [low, high]);
  }

  #fillColorMaps(names: string[], chosen: string): void {
    const all = names.includes(chosen) ? names : [chosen, ...names];
    const known = [...this.#colorMap.options].map((option) => option.value);
    if (known.join() !== all.join()) {
      this.#colorMap.replaceChildren(...all.map((name) => new Option(name, name)));
    }
    this.#colorMap.value = chosen;
  }
}
