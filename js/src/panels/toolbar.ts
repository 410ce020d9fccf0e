// The row of controls above the views.

import { PLANE_NAMES } from "../interact/plane_marks.ts";
import type { Session } from "../session.ts";
import type { ViewMode } from "../state.ts";
import { button, checkbox, element, labelled, numberInput, slider } from "./elements.ts";

const MODES: Record<ViewMode, string> = {
  "four-up": "All",
  z: PLANE_NAMES.z,
  y: PLANE_NAMES.y,
  x: PLANE_NAMES.x,
  volume: "Volume",
};

import { TimePlayer } from "./time_player.ts";

export interface ToolbarEvents {
  resetViews(): void;
  showRegion(): void;
  redraw(): void;
}

export class Toolbar {
  readonly element = element("div", "rw-toolbar");
  #session: Session;
  #mode = element("select", "rw-select");
  #colorMap = element("select", "rw-select");
  #low = numberInput("window low");
  #high = numberInput("window high");
  #roi = checkbox();
  #preview = checkbox();
  #labels = slider(0, 1, 0.05);
  #time = slider(0, 0, 1);
  #channel = slider(0, 0, 1);
  #player: TimePlayer;
  #readings = new Map<HTMLInputElement, HTMLOutputElement>();

  constructor(session: Session, events: ToolbarEvents) {
    this.#session = session;
    this.element.setAttribute("role", "toolbar");
    this.element.setAttribute("aria-label", "Viewer controls");
    for (const [mode, name] of Object.entries(MODES)) this.#mode.append(new Option(name, mode));
    labelled("View", this.#mode, this.element);
    labelled("Colors", this.#colorMap, this.element);
    this.#addWindow();
    this.#addRegion(events);
    labelled("Preview", this.#preview, this.element);
    this.#addSlider("Labels", this.#labels);
    this.#addSlider("Time", this.#time);
    this.#player = new TimePlayer(session, this.#time.closest(".rw-field") ?? this.element);
    this.#addSlider("Channel", this.#channel);
    button("Reset view", "Show everything again (key r in a view)", this.element).onclick =
      events.resetViews;
    this.#listen(events.redraw);
    this.update();
  }

  close(): void {
    this.#player.stop();
  }

  /** Bring the controls in line with the shared state. */
  update(): void {
    const { state, scene, preview } = this.#session;
    const layer = this.#session.image?.info;
    this.#mode.value = state.get("view_mode");
    this.#show(this.#mode, scene.layers.length > 0 && !scene.planar);
    this.#fillColorMaps(state.get("color_maps"), state.get("color_map"));
    const [low, high] = state.get("color_range");
    this.#write(this.#low, String(round(low)));
    this.#write(this.#high, String(round(high)));
    this.#roi.checked = state.get("roi_visible");
    this.#preview.checked = this.#session.previewShown;
    const opacity = state.get("label_opacity");
    this.#write(this.#labels, String(opacity));
    this.#read(this.#labels, `${Math.round(100 * opacity)} %`);
    this.#range(this.#time, state.get("time_index"), layer?.times ?? 1);
    this.#range(this.#channel, state.get("channel_index"), layer?.channels ?? 1);
    this.#show(this.#preview, preview !== null);
    this.#show(
      this.#labels,
      scene.layers.some((info) => info.kind === "labels"),
    );
    const hasWindow = layer?.kind === "image";
    for (const control of [this.#colorMap, this.#low]) this.#show(control, hasWindow);
  }

  #addRegion(events: ToolbarEvents): void {
    const group = this.#addGroup("Region controls");
    labelled("Region", this.#roi, group);
    button("Zoom", "Zoom to the region (key f in a view)", group).onclick = events.showRegion;
  }

  #addSlider(name: string, input: HTMLInputElement): void {
    labelled(name, input, this.element);
    const reading = element("output", "rw-reading");
    input.after(reading);
    this.#readings.set(input, reading);
  }

  #read(input: HTMLInputElement, text: string): void {
    const reading = this.#readings.get(input);
    if (reading) reading.textContent = text;
  }

  #addGroup(name: string): HTMLElement {
    const group = element("div", "rw-field", this.element);
    group.setAttribute("role", "group");
    group.setAttribute("aria-label", name);
    return group;
  }

  #addWindow(): void {
    const group = this.#addGroup("Window");
    element("span", "rw-name", group).textContent = "Window";
    group.append(this.#low, this.#high);
    button("Auto", "Window over the range of the data", group).onclick = () => {
      const range = this.#session.image?.info.value_range;
      if (range) this.#session.state.set("color_range", range);
    };
  }

  #listen(redraw: () => void): void {
    const { state } = this.#session;
    this.#mode.onchange = () => state.set("view_mode", this.#mode.value as ViewMode);
    this.#colorMap.onchange = () => state.set("color_map", this.#colorMap.value);
    for (const input of [this.#low, this.#high]) input.onchange = () => this.#setWindow();
    this.#roi.onchange = () => state.set("roi_visible", this.#roi.checked);
    this.#labels.oninput = () => state.set("label_opacity", Number(this.#labels.value));
    this.#time.oninput = () => state.set("time_index", Number(this.#time.value));
    this.#channel.oninput = () => state.set("channel_index", Number(this.#channel.value));
    this.#preview.onchange = () => {
      this.#session.previewShown = this.#preview.checked;
      redraw();
    };
    // keys typed into a control are not notebook shortcuts
    this.element.addEventListener("keydown", (event) => event.stopPropagation());
  }

  #setWindow(): void {
    const values = [this.#low, this.#high].map((input) => input.valueAsNumber);
    if (values.some((value) => !Number.isFinite(value))) {
      this.update();
      return;
    }
    const [low, high] = values.sort((a, b) => a - b) as [number, number];
    this.#session.state.set("color_range", [low, high]);
  }

  #fillColorMaps(names: string[], chosen: string): void {
    const all = names.includes(chosen) ? names : [chosen, ...names];
    const known = [...this.#colorMap.options].map((option) => option.value);
    if (known.join() !== all.join()) {
      this.#colorMap.replaceChildren(...all.map((name) => new Option(name, name)));
    }
    this.#colorMap.value = chosen;
  }

  #range(input: HTMLInputElement, value: number, count: number): void {
    input.max = String(count - 1);
    this.#write(input, String(value));
    this.#read(input, `${value} / ${count - 1}`);
    this.#show(input, count > 1);
  }

  /** Write a value unless the user is typing there. */
  #write(input: HTMLInputElement, value: string): void {
    if (input !== document.activeElement || input.type === "range") input.value = value;
  }

  #show(control: Element, shown: boolean): void {
    control.closest<HTMLElement>(".rw-field")?.toggleAttribute("hidden", !shown);
  }
}

function round(value: number): number {
  return Number(value.toPrecision(6));
}
