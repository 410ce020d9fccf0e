// What the kernel or a view could not do, until somebody dismisses it.

import { button, element, setText } from "./elements.ts";

/** Whoever has problems: those of Python are in a trait, those of this view beside it. */
export interface Troubled {
  problem: string;
  state: {
    get(name: "error_message"): string;
    set(name: "error_message", message: string): void;
  };
}

export class ErrorArea {
  readonly element = element("div", "rw-error");
  #session: Troubled;
  #text = element("span", "", this.element);

  constructor(session: Troubled) {
    this.#session = session;
    this.element.setAttribute("role", "alert");
    const dismiss = button("×", "Dismiss this message", this.element);
    dismiss.setAttribute("aria-label", "Dismiss this message");
    dismiss.onclick = () => {
      this.#session.problem = "";
      this.#session.state.set("error_message", "");
      this.update();
    };
    this.update();
  }

  update(): void {
    const text = this.#session.state.get("error_message") || this.#session.problem;
    setText(this.#text, text);
    this.element.hidden = text === "";
  }
}
