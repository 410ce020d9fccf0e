// What the mouse and the keyboard do, for those who ask.

import { button, element } from "./elements.ts";

const PLANES: [gesture: string, effect: string][] = [
  ["Click or drag", "move the crosshair"],
  ["Wheel, arrow keys", "step through slices; Page keys by ten"],
  ["Ctrl + wheel, + and −", "zoom"],
  ["Shift + drag", "move the image"],
  ["Right drag", "window: sideways its width, up and down its level"],
  ["Drag the yellow box", "move the region; its handles move sides"],
  ["Tab to a handle", "arrow keys move that side by a voxel"],
  ["Double click", "one view large, or all again"],
  ["Ctrl + Z", "the region before; with Shift the one after"],
  ["f", "zoom to the region"],
  ["r", "show everything"],
];
const VOLUME: [gesture: string, effect: string][] = [
  ["Drag, arrow keys", "rotate"],
  ["Shift + drag, wheel", "move, zoom"],
  ["Drag a colored dot", "move a face of the region"],
];

export class Help {
  readonly element = element("div", "rw-help");
  #button: HTMLButtonElement;

  constructor(toolbar: Element) {
    this.#button = button("?", "Mouse and keyboard", toolbar);
    this.#button.classList.add("rw-help-button");
    this.#button.setAttribute("aria-label", "Mouse and keyboard");
    this.#button.onclick = () => this.#show(this.element.hidden);
    this.#list("Planes", PLANES);
    this.#list("Volume", VOLUME);
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
