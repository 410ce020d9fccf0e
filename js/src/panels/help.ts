// What the mouse and the keyboard do, for those who ask.

import { button, element } from "./elements.ts";

const PLANES: HelpSections[string] = [
  ["Click or drag", "move the crosshair"],
  ["Wheel, arrow keys", "step through slices; Page keys by ten"],
  ["Ctrl + wheel, + and −", "zoom"],
  ["Shift + drag", "move the image"],
  ["Right drag", "window: sideways its width, up and down its level"],
  ["Drag the yellow box", "move the region; its handles move sides"],
  ["Tab to a handle", "arrow keys move that side by a voxel"],
  ["Drag the white line", "move the divider of input and result; Tab to it for arrow keys"],
  ["Double click", "one view large, or all again"],
  ["Ctrl + Z", "the region before; with Shift the one after"],
  ["Space", "play through time, or pause"],
  ["f", "zoom to the region"],
  ["r", "show everything"],
];
const VOLUME: HelpSections[string] = [
  ["Drag, arrow keys", "rotate"],
  ["Shift + drag, wheel", "move, zoom"],
  ["Drag a colored dot", "move a face of the region"],
];

/** Titles, and what gestures do. */
export type HelpSections = Record<string, [gesture: string, effect: string][]>;

export const VIEWER_HELP: HelpSections = { Planes: PLANES, Volume: VOLUME };

export class Help {
  readonly element = element("div", "rw-help");
  #button: HTMLButtonElement;

  constructor(toolbar: Element, sections: HelpSections) {
    this.#button = button("?", "Mouse and keyboard", toolbar);
    this.#button.classList.add("rw-help-button");
    this.#button.setAttribute("aria-label", "Mouse and keyboard");
    this.#button.onclick = () => this.#show(this.element.hidden);
    for (const [title, rows] of Object.entries(sections)) this.#list(title, rows);
    this.#show(false);
    const close = (event: KeyboardEvent) => {
      if (event.key === "Escape") this.#show(false);
    };
    this.#button.addEventListener("keydown", close);
    this.element.onclick = () => this.#show(false);
  }

  #show(shown: boolean): void {
    this.element.hidden = !shown;
    this.#button.setAttribute("aria-expanded", String(shown));
  }

  #list(title: string, rows: [string, string][]): void {
    element("div", "rw-help-title", this.element).textContent = title;
    const list = element("dl", "rw-help-list", this.element);
    for (const [gesture, effect] of rows) {
      element("dt", "", list).textContent = gesture;
      element("dd", "", list).textContent = effect;
    }
  }
}
