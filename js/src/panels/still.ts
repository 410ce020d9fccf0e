// What is shown while no kernel answers: the picture that was drawn when the page was saved.

import { element } from "./elements.ts";

/** A kernel that is there answers sooner, unless it is busy. */
const PATIENCE_MS = 3000;

/** Whoever has a picture. */
interface Pictured {
  state: { get(name: "picture"): string };
}

export class Still {
  readonly element = element("figure", "rw-still");
  #session: Pictured;
  #picture = element("img", "");
  #timer: ReturnType<typeof setTimeout>;
  #isLate = false;

  constructor(session: Pictured, late: () => void) {
    this.#session = session;
    this.#picture.alt = "The views when this was saved";
    this.element.append(this.#picture);
    element("figcaption", "", this.element).textContent =
      "No kernel answers, so this is the picture from when the page was saved.";
    this.element.hidden = true;
    this.#timer = setTimeout(() => {
      this.#isLate = true;
      late();
    }, PATIENCE_MS);
  }

  /** Show the picture as long as there are no voxels; returns whether it is shown. */
  update(isLoading: boolean): boolean {
    const picture = this.#session.state.get("picture");
    const isShown = isLoading && this.#isLate && picture !== "";
    if (isShown && !this.#picture.src) this.#picture.src = `data:image/png;base64,${picture}`;
    this.element.hidden = !isShown;
    return isShown;
  }

  close(): void {
    clearTimeout(this.#timer);
  }
}
