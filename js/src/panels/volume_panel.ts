// How the volume is drawn: projection, opacity, shading and sampling.

import type { Drawing } from "../drawing.ts";
import { automaticCurve } from "../render/opacity_curve.ts";
import type { Session } from "../session.ts";
import type { Traits } from "../state.ts";
import { button, checkbox, element, labelled, showField, slider } from "./elements.ts";
import { OpacityEditor } from "./opacity_editor.ts";
import type { Panel } from "./panel.ts";

const PROJECTIONS: Record<Traits["volume_projection"], string> = {
  composite: "Composite",
  maximum: "Maximum intensity",
  minimum: "Minimum intensity",
  average: "Average intensity",
};

export class VolumePanel implements Panel {
  readonly name = "Volume";
  readonly element = element("div", "");
  #session: Session;
  #drawing: Drawing;
  #projection = element("select", "rw-select");
  #gradient = slider(0, 1, 0.05);
  #shading = checkbox();
  #scattering = slider(0, 1, 0.05);
  #rotate = checkbox();
  #distance = slider(0.2, 3, 0.1);
  #opacity: OpacityEditor;

  constructor(session: Session, drawing: Drawing) {
    this.#session = session;
    this.#drawing = drawing;
    const { state } = session;
    for (const [value, name] of Object.entries(PROJECTIONS)) {
      this.#projection.append(new Option(name, value));
    }
    labelled("Projection", this.#projection, this.element);
    const group = element("div", "rw-field", this.element);
    element("span", "rw-name", group).textContent = "Opacity";
    this.#opacity = new OpacityEditor((points) => state.set("opacity_points", points));
    group.append(this.#opacity.element);
    const help = "Double click adds a point, on a point removes it; arrow keys move it";
    group.title = help;
    const reset = button("Auto", "Opacity that follows the window", group);
    reset.onclick = () => state.set("opacity_points", []);
    labelled("Edges only", this.#gradient, this.element);
    labelled("Shading", this.#shading, this.element);
    labelled("Scattering", this.#scattering, this.element);
    this.#scattering.oninput = () => state.set("scattering", Number(this.#scattering.value));
    labelled("Sample distance", this.#distance, this.element);
    labelled("Turn by itself", this.#rotate, this.element);
    this.#rotate.onchange = () => state.set("rotate", this.#rotate.checked);
    this.#projection.onchange = () =>
      state.set("volume_projection", this.#projection.value as Traits["volume_projection"]);
    this.#gradient.oninput = () => state.set("gradient_opacity", Number(this.#gradient.value));
    this.#shading.onchange = () => state.set("shading", this.#shading.checked);
    this.#distance.oninput = () => state.set("sample_distance", Number(this.#distance.value));
  }

  isUseful(): boolean {
    return !this.#session.scene.planar && this.#session.image?.info.kind === "image";
  }

  update(): void {
    const { state } = this.#session;
    const isComposite = state.get("volume_projection") === "composite";
    const isSingle = this.#session.channels.length === 0;
    this.#projection.value = state.get("volume_projection");
    this.#gradient.value = String(state.get("gradient_opacity"));
    this.#shading.checked = state.get("shading");
    this.#scattering.value = String(state.get("scattering"));
    this.#rotate.checked = state.get("rotate");
    this.#distance.value = String(state.get("sample_distance"));
    const [forOne, forMore] = [
      [this.#shading, this.#opacity.element],
      [this.#gradient, this.#scattering],
    ];
    for (const control of forMore) showField(control, isComposite);
    for (const control of forOne) showField(control, isComposite && isSingle);
    const shown = this.#drawing.volume();
    const window = shown?.looks[0]?.window ?? state.get("color_range");
    const [low, high] = shown?.valueRange ?? window;
    const range: [number, number] = [Math.min(low, window[0]), Math.max(high, window[1])];
    const points = state.get("opacity_points");
    this.#opacity.update(
      points.length ? points : automaticCurve(window),
      range,
      shown?.boxes[0] ?? null,
    );
  }
}
