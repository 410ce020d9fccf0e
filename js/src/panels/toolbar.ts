// The row of controls above the views.

import { PLANE_NAMES } from "../interact/plane_marks.ts";
import type { Session } from "../session.ts";
import type { ViewMode } from "../state.ts";
import { ColorControls } from "./color_controls.ts";
import {
  button,
  checkbox,
  element,
  isFocused,
  labelled,
  setText,
  showField,
  slider,
} from "./elements.ts";
import { TimePlayer } from "./time_player.ts";

const MODES: Record<ViewMode, string> = {
  "four-up": "All",
  z: PLANE_NAMES.z,
  y: PLANE_NAMES.y,
  x: PLANE_NAMES.x,
  volume: "Volume",
};

export interface ToolbarEvents {
  resetViews(): void;
  showRegion(): void;
  redraw(): void;
}

export class Toolbar {
  readonly element = element("div", "rw-toolbar");
  #session: Session;
  #mode = element("select", "rw-select");
  #colors: ColorControls;
  #roi = checkbox();
  #preview = checkbox();
  #split = checkbox();
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
    const bounds = () => session.image?.info.value_range;
    this.#colors = new ColorControls(session.state, this.element, bounds);
    this.#addRegion(events);
    labelled("Preview", this.#preview, this.element);
    labelled("Split", this.#split, this.element).title = "Input and result side by side";
    this.#addSlider("Labels", this.#labels);
    this.#addSlider("Time", this.#time);
    this.#player = new TimePlayer(session, this.#time.closest(".rw-field") ?? this.element);
    this.#addSlider("Channel", this.#channel);
    button("Reset view", "Show everything again (key r in a view)", this.element).onclick =
      events.resetViews;
    this.#listen(events.redraw);
    this.update();
  }

  /** Play through time, or pause; nothing where there is one time point only. */
  togglePlaying(): void {
    this.#player.toggle();
  }

  close(): void {
    this.#player.stop();
  }

  /** Bring the controls in line with the shared state. */
  update(): void {
    const { state, scene, results } = this.#session;
    const hasResult = results.newest !== null;
    const layer = this.#session.image?.info;
    this.#mode.value = state.get("view_mode");
    showField(this.#mode, scene.layers.length > 0 && !scene.planar);
    this.#roi.checked = state.get("roi_visible");
    this.#preview.checked = this.#session.previewShown;
    const opacity = state.get("label_opacity");
    this.#write(this.#labels, String(opacity));
    this.#read(this.#labels, `${Math.round(100 * opacity)} %`);
    this.#range(this.#time, state.get("time_index"), layer?.times ?? 1);
    const isTogether = this.#session.channels.length > 0;
    this.#range(this.#channel, state.get("channel_index"), isTogether ? 1 : (layer?.channels ?? 1));
    this.#split.checked = state.get("preview_split") !== null;
    showField(this.#preview, hasResult);
    showField(this.#split, hasResult && this.#session.previewShown);
    showField(
      this.#labels,
      scene.layers.some((info) => info.kind === "labels"),
    );
    this.#colors.update(layer?.kind === "image" && !isTogether);
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
    if (reading) setText(reading, text);
  }

  #addGroup(name: string): HTMLElement {
    const group = element("div", "rw-field", this.element);
    group.setAttribute("role", "group");
    group.setAttribute("aria-label", name);
    return group;
  }

  #listen(redraw: () => void): void {
    const { state } = this.#session;
    this.#mode.onchange = () => state.set("view_mode", this.#mode.value as ViewMode);
    this.#roi.onchange = () => state.set("roi_visible", this.#roi.checked);
    this.#labels.oninput = () => state.set("label_opacity", Number(this.#labels.value));
    this.#split.onchange = () => state.set("preview_split", this.#split.checked ? 0.5 : null);
    this.#time.oninput = () => state.set("time_index", Number(this.#time.value));
    this.#channel.oninput = () => state.set("channel_index", Number(this.#channel.value));
    this.#preview.onchange = () => {
      this.#session.previewShown = this.#preview.checked;
      redraw();
    };
    // keys typed into a control are not notebook shortcuts
    this.element.addEventListener("keydown", (event) => event.stopPropagation());
  }

  #range(input: HTMLInputElement, value: number, count: number): void {
    input.max = String(count - 1);
    this.#write(input, String(value));
    this.#read(input, `${value} / ${count - 1}`);
    showField(input, count > 1);
  }

  /** Write a value unless the user is typing there. */
  #write(input: HTMLInputElement, value: string): void {
    if ((!isFocused(input) || input.type === "range") && input.value !== value) input.value = value;
  }
}
