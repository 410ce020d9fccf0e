// The lower edge of the viewer, by which it is made taller, and the whole screen.

import { onDrag } from "../interact/drag.ts";
import { svgElement } from "../interact/svg.ts";
import { button, element } from "./elements.ts";

/** CSS pixels; twin of the trait `height` in widgets/_viewer_state.py. */
const LEAST = 160;
const MOST = 4000;
const STEP = 20;

/** The shared height. */
interface Height {
  get(name: "height"): number;
  set(name: "height", pixels: number): void;
  flush(): void;
}

export class Resizer {
  readonly element = element("div", "rw-resizer");
  #state: Height;

  constructor(state: Height, signal: AbortSignal) {
    this.#state = state;
    this.element.tabIndex = 0;
    this.element.title = "Drag to change the height";
    this.element.setAttribute("role", "separator");
    this.element.setAttribute("aria-orientation", "horizontal");
    this.element.setAttribute("aria-label", "Height of the viewer");
    this.element.setAttribute("aria-valuemin", String(LEAST));
    this.element.setAttribute("aria-valuemax", String(MOST));
    onDrag(this.element, () => this.#drag(), signal);
    this.element.addEventListener(
      "keydown",
      (event) => {
        const steps = { ArrowUp: -STEP, ArrowDown: STEP }[event.key];
        if (steps === undefined) return;
        this.#set(state.get("height") + steps);
        event.preventDefault();
        event.stopPropagation();
      },
      { signal },
    );
  }

  update(): void {
    this.element.setAttribute("aria-valuenow", String(this.#state.get("height")));
  }

  #drag() {
    const before = this.#state.get("height");
    return {
      move: (_dx: number, dy: number) => this.#set(before + dy),
      end: () => this.#state.flush(),
    };
  }

  #set(height: number): void {
    this.#state.set("height", Math.round(Math.min(Math.max(height, LEAST), MOST)));
  }
}

/** A button that gives an element the whole screen, where the page may do so. */
export function addFullScreenButton(target: Element, toolbar: Element, signal: AbortSignal): void {
  if (!document.fullscreenEnabled) return;
  const toggle = button("", "Full screen", toolbar);
  toggle.setAttribute("aria-label", "Full screen");
  toggle.classList.add("rw-icon-button");
  const icon = svgElement("svg", "rw-icon", toggle);
  icon.setAttribute("viewBox", "0 0 12 12");
  svgElement("path", "", icon).setAttribute("d", "M1 4V1h3M8 1h3v3M11 8v3H8M4 11H1V8");
  // in a shadow root, the document names its host as the element that fills the screen
  const isFull = () => target.matches(":fullscreen");
  toggle.onclick = () => {
    const change = isFull() ? document.exitFullscreen() : target.requestFullscreen();
    // the browser may refuse, for example in a frame that is not allowed to: nothing changes then
    change.catch(() => toggle.setAttribute("disabled", ""));
  };
  document.addEventListener(
    "fullscreenchange",
    () => toggle.setAttribute("aria-pressed", String(isFull())),
    { signal },
  );
}
