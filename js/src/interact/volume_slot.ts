// The place of the volume among the views: its pane while it can be drawn, else a note.
//
// Browsers keep 16 graphics contexts and take the oldest away: a viewer that is scrolled out of
// sight gives its own back, and asks for one again when it is seen. Slots of one page know nothing
// of each other (each widget has a module of its own), so they speak through events of the document.

import type { Drawing } from "../drawing.ts";
import { button, element } from "../panels/elements.ts";
import { hasWebGl2 } from "../render/web_gl.ts";
import type { Session } from "../session.ts";
import { type VolumeEvents, VolumePane } from "./volume_pane.ts";

/** Out of sight for so long, the volume's context is given back. */
const RELEASE_AFTER_MS = 1000;
/** With so many contexts in the page, those out of sight are given back at once. */
const MANY_CONTEXTS = 8;
/** Event whose detail is a list, to which all slots that hold a context add themselves. */
const ROLL_CALL = "roiwidgets-roll-call";

interface Holder {
  isSeen: boolean;
  giveBack(): void;
}

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
  #isSeen = false;
  #canDraw: boolean | undefined;
  #stop = new AbortController();
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(session: Session, drawing: Drawing, events: SlotEvents) {
    this.#session = session;
    this.#drawing = drawing;
    this.#events = events;
    this.#seen = new IntersectionObserver((entries) => {
      this.isDecided = true;
      this.#isSeen = entries.at(-1)?.isIntersecting ?? false;
      this.#follow();
    });
    const answer = (event: Event) => this.#answer((event as CustomEvent<Holder[]>).detail);
    document.addEventListener(ROLL_CALL, answer, { signal: this.#stop.signal });
  }

  /** Begin to follow whether the slot, now in the page, is seen. */
  attach(): void {
    this.#seen.observe(this.element);
  }

  destroy(): void {
    this.#stop.abort();
    this.#seen.disconnect();
    clearTimeout(this.#timer);
    this.#close();
    this.element.remove();
  }

  #follow(): void {
    clearTimeout(this.#timer);
    if (this.#isSeen && !this.pane && this.element.childElementCount === 0) this.#open();
    if (!this.#isSeen) this.#timer = setTimeout(() => this.#close(), RELEASE_AFTER_MS);
  }

  /** A note stands where the volume would be. */
  get isRefused(): boolean {
    return this.pane === null && this.element.childElementCount > 0;
  }

  #answer(holders: Holder[]): void {
    if (this.pane) holders.push({ isSeen: this.#isSeen, giveBack: () => this.#close() });
  }

  #makeRoom(): void {
    const holders: Holder[] = [];
    document.dispatchEvent(new CustomEvent(ROLL_CALL, { detail: holders }));
    if (holders.length < MANY_CONTEXTS) return;
    for (const holder of holders) if (!holder.isSeen) holder.giveBack();
  }

  #open(): void {
    this.#makeRoom();
    this.#canDraw ??= hasWebGl2();
    if (!this.#canDraw) {
      this.#tell("This browser has no WebGL 2, so the volume is not drawn.");
      return;
    }
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
