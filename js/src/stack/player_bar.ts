// Below the views: buttons that play and step, the place in the movie, speed and mode.

import { svgElement } from "../interact/svg.ts";
import { button, element, labelled, setText, slider } from "../panels/elements.ts";
import type { PlayMode } from "./course.ts";
import type { StackSession } from "./stack_session.ts";

/** Frames per second that can be chosen. */
const RATES = [1, 2, 5, 10, 20, 30, 60, 120, 240];
const MODES: Record<PlayMode, string> = { loop: "Loop", once: "Once", bounce: "Bounce" };
const ICONS = {
  first: "M2 2v8M10 2L4 6l6 4z",
  back: "M9 2L3 6l6 4z",
  play: "M3 1.5v9L10.5 6z",
  pause: "M3.5 2v8M8.5 2v8",
  forward: "M3 2l6 4-6 4z",
  last: "M10 2v8M2 2l6 4-6 4z",
};

export class PlayerBar {
  readonly element = element("div", "rw-player");
  #session: StackSession;
  #play: HTMLButtonElement;
  #playIcon: SVGPathElement;
  #frame = slider(0, 0, 1);
  #plane = slider(0, 0, 1);
  #planeReading = element("output", "rw-reading");
  #reading = element("output", "rw-reading rw-frame-reading");
  #rate = element("select", "rw-select");
  #mode = element("select", "rw-select");

  constructor(session: StackSession) {
    this.#session = session;
    this.element.setAttribute("role", "toolbar");
    this.element.setAttribute("aria-label", "Player");
    const buttons = element("div", "rw-field", this.element);
    this.#button("first", "First frame (Home)", buttons, () => session.step(-session.info.frames));
    this.#button("back", "One frame back (←)", buttons, () => session.step(-1));
    this.#play = this.#button("play", "Play", buttons, () => session.toggle());
    this.#playIcon = this.#play.querySelector("path") as SVGPathElement;
    this.#button("forward", "One frame on (→)", buttons, () => session.step(1));
    this.#button("last", "Last frame (End)", buttons, () => session.step(session.info.frames));
    this.#addPlane();
    this.#frame.classList.add("rw-frame-slider");
    this.#frame.setAttribute("aria-label", "Frame");
    this.#frame.oninput = () => session.seek(Number(this.#frame.value));
    this.element.append(this.#frame, this.#reading);
    this.#addChoices();
    // arrow keys on the slider step through the movie, they are no notebook shortcuts
    this.element.addEventListener("keydown", (event) => event.stopPropagation());
  }

  update(): void {
    const { info, frame, isPlaying, state } = this.#session;
    write(this.#frame, frame, info.frames);
    setText(this.#reading, describeFrame(this.#session));
    write(this.#plane, state.get("plane_index"), info.planes);
    setText(this.#planeReading, `${state.get("plane_index")} / ${info.planes - 1}`);
    this.#plane.closest(".rw-field")?.toggleAttribute("hidden", info.planes < 2);
    const name = isPlaying ? "Pause" : "Play";
    if (this.#play.title !== `${name} (Space)`) {
      this.#play.title = `${name} (Space)`;
      this.#play.setAttribute("aria-label", name);
      this.#play.setAttribute("aria-pressed", String(isPlaying));
      this.#playIcon.setAttribute("d", ICONS[isPlaying ? "pause" : "play"]);
    }
    const rate = String(state.get("frame_rate"));
    if (![...this.#rate.options].some((option) => option.value === rate)) {
      this.#rate.append(new Option(`${rate} / s`, rate));
    }
    this.#rate.value = rate;
    this.#mode.value = state.get("play_mode");
  }

  #button(icon: keyof typeof ICONS, title: string, parent: Element, action: () => void) {
    const made = button("", title, parent);
    made.classList.add("rw-icon-button");
    made.setAttribute("aria-label", title.replace(/ \(.*/, ""));
    const svg = svgElement("svg", "rw-icon rw-filled", made);
    svg.setAttribute("viewBox", "0 0 12 12");
    svgElement("path", "", svg).setAttribute("d", ICONS[icon]);
    made.onclick = action;
    return made;
  }

  #addPlane(): void {
    labelled("Plane", this.#plane, this.element).after(this.#planeReading);
    this.#plane.oninput = () => {
      this.#session.state.set("plane_index", Number(this.#plane.value));
    };
  }

  #addChoices(): void {
    const { state } = this.#session;
    for (const rate of RATES) this.#rate.append(new Option(`${rate} / s`, String(rate)));
    this.#rate.setAttribute("aria-label", "Frames per second");
    this.#rate.onchange = () => state.set("frame_rate", Number(this.#rate.value));
    for (const [mode, name] of Object.entries(MODES)) this.#mode.append(new Option(name, mode));
    this.#mode.setAttribute("aria-label", "At the end");
    this.#mode.onchange = () => state.set("play_mode", this.#mode.value as PlayMode);
    const field = element("div", "rw-field", this.element);
    field.append(this.#rate, this.#mode);
  }
}

/** Number and time of the frame. */
function describeFrame({ info, frame }: StackSession): string {
  const { start, step, unit } = info.time;
  const number = `${frame} / ${info.frames - 1}`;
  if (unit === "" && step === 1 && start === 0) return number;
  const digits = Math.max(0, -Math.floor(Math.log10(Math.abs(step) || 1)));
  const sign = { second: "s", millisecond: "ms", minute: "min", hour: "h" }[unit] ?? unit;
  return `${number} · ${(start + frame * step).toFixed(digits)} ${sign}`.trim();
}

function write(input: HTMLInputElement, value: number, count: number): void {
  const [max, text] = [String(count - 1), String(value)];
  if (input.max !== max) input.max = max;
  if (input.value !== text) input.value = text;
}
