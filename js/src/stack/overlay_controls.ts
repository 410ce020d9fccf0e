// What is drawn over the frame: which picture of the whole movie, how strongly, in which colours.

import { checkbox, element, labelled, setText, showField, slider } from "../panels/elements.ts";
import { PROJECTIONS } from "./frame_messages.ts";
import type { StackSession } from "./stack_session.ts";
import type { StackTraits } from "./stack_state.ts";

const NAMES: Record<StackTraits["overlay"], string> = {
  none: "None",
  maximum: "Maximum",
  minimum: "Minimum",
  mean: "Mean",
  std: "Deviation",
  correlation: "Correlation",
};

export class OverlayControls {
  #session: StackSession;
  #overlay = element("select", "rw-select");
  #opacity = slider(0, 1, 0.01);
  #colors = element("select", "rw-select");
  #reading = element("output", "rw-reading");
  #sides = checkbox();

  constructor(session: StackSession, toolbar: Element) {
    this.#session = session;
    const { state } = session;
    for (const name of ["none", ...PROJECTIONS] as const) {
      this.#overlay.append(new Option(NAMES[name], name));
    }
    labelled("Overlay", this.#overlay, toolbar);
    labelled("Opacity", this.#opacity, toolbar).after(this.#reading);
    labelled("in", this.#colors, toolbar);
    this.#colors.setAttribute("aria-label", "Overlay colors");
    for (const name of state.get("color_maps")) this.#colors.append(new Option(name, name));
    labelled("Side views", this.#sides, toolbar);
    this.#overlay.onchange = () =>
      state.set("overlay", this.#overlay.value as StackTraits["overlay"]);
    // Python hears of it when the slider is let go
    this.#opacity.oninput = () => state.move("overlay_opacity", Number(this.#opacity.value));
    this.#opacity.onchange = () => state.flush();
    this.#colors.onchange = () => state.set("overlay_color_map", this.#colors.value);
    this.#sides.onchange = () => state.set("side_views", this.#sides.checked);
  }

  update(): void {
    const { state } = this.#session;
    const opacity = state.get("overlay_opacity");
    this.#overlay.value = state.get("overlay");
    if (this.#opacity.value !== String(opacity)) this.#opacity.value = String(opacity);
    setText(this.#reading, `${Math.round(100 * opacity)} %`);
    const colors = state.get("overlay_color_map");
    if (![...this.#colors.options].some(({ value }) => value === colors)) {
      this.#colors.append(new Option(colors, colors));
    }
    this.#colors.value = colors;
    this.#sides.checked = state.get("side_views");
    const isShown = state.get("overlay") !== "none";
    for (const control of [this.#opacity, this.#colors]) showField(control, isShown);
  }
}
