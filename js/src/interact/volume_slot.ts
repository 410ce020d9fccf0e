// The place of the volume among the views: its pane while it can be drawn, else a note.
//
// Browsers keep 16 graphics contexts and take the oldest away: a viewer that is scrolled out of
// sight gives its own back, and asks for one again when it is seen.

import type { Drawing } from "../drawing.ts";
import { button, element } from "../panels/elements.ts";
import { hasWebGl2 } from "../render/volume_canvas.ts";
import type { Session } from "../session.ts";
import { type VolumeEvents, VolumePane } from "./volume_pane.ts";

/** Out of sight for so long, the volume's context is given back. */
const RELEASE_AFTER_MS = 1000;

export interface SlotEvents extends VolumeEvents {
  /** There is a new pane, which knows nothing of the camera yet. */
  opened(): void;
}

export class VolumeSlot {
  readonly element = element("div", "rw-slot");
  pane: VolumePane | null = null;
  /** It is known whether the slot is seen, and so whether there is a pane. */
  isDecided = false;
  #session: Session;
  #drawing: Drawing;
  #events: SlotEvents;
  #seen: IntersectionObserver;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(session: Session, drawing: Drawing, events: SlotEvents) {
    this.#session = session;
    this.#drawing = drawing;
    this.#events = events;
    this.#seen = new IntersectionObserver((entries) => {
      this.isDecided = true;
      this.#follow(entries.at(-1)?.isIntersecting ?? false);
    });
  }

  /** Begin to follow whether the slot, now in the page, is seen. */
  attach(): void {
    if (!hasWebGl2()) {
      this.#tell("This browser has no WebGL 2, so the volume is not drawn.");
      this.isDecided = true;
      return;
    }
    this.#seen.observe(this.element);
  }

  destroy(): void {
    this.#seen.disconnect();
    clearTimeout(this.#timer);
    this.#close();
    this.element.remove();
  }

  #follow(isSeen: boolean): void {
    clearTimeout(this.#timer);
    if (isSeen && !this.pane && this.element.childElementCount === 0) this.#open();
    if (!isSeen) this.#timer = setTimeout(() => this.#close(), RELEASE_AFTER_MS);
  }

  #open(): void {
    const pane = new VolumePane(this.#session, this.#drawing, this.#events);
    this.pane = pane;
    this.element.replaceChildren(pane.element);
    pane.attach();
    pane.view.canvas.addEventListener("webglcontextlost", () => this.#lose(pane));
    this.#events.opened();
  }

  #close(): void {
    const { pane } = this;
    this.pane = null;
    pane?.destroy();
  }

  #lose(lost: VolumePane): void {
    // a pane that was closed gives its context away itself
    if (this.pane !== lost) return;
    this.#close();
    const note = this.#tell("The browser took the graphics context away.");
    const again = button("Draw the volume again", "Ask for a graphics context", note);
    again.onclick = () => this.#open();
  }

  #tell(text: string): HTMLElement {
    const note = element("div", "rw-note");
    note.textContent = text;
    this.element.replaceChildren(note);
    return note;
  }
}
