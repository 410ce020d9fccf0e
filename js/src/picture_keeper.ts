// Keeps the `picture` trait current: the views as they were when they last came to rest.

import { type PicturedView, takePicture } from "./render/snapshot.ts";
import type { Session } from "./session.ts";
import { LOOKS, type Traits } from "./state.ts";

/** Nothing has changed for so long. */
const REST_MS = 700;

const UNSEEN = [
  "error_message",
  "height",
  "label_names",
  "point_sets",
  "roi_locked",
  "ui_collapsed",
];
/** Traits that a picture depends on: Python compares them with its own. */
const SEEN: (keyof Traits & string)[] = [
  ...LOOKS.filter((name) => !UNSEEN.includes(name)),
  "camera",
  "channel_index",
  "channel_visibility",
  "channels_together",
  "roi",
  "slices",
  "time_index",
];

export interface Pictured {
  frame: HTMLElement;
  /** Null as long as what is on screen is not all that should be. */
  views(): PicturedView[] | null;
}

export class PictureKeeper {
  #session: Session;
  #pictured: Pictured;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #kept = "";
  #isClosed = false;

  constructor(session: Session, pictured: Pictured) {
    this.#session = session;
    this.#pictured = pictured;
  }

  /** Something was drawn: there is a new picture once everything has come to rest. */
  touch(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.#keep().catch((error) => {
        // a picture is an extra: without it Python draws one itself
        console.info("roiwidgets: no picture was taken:", error);
      });
    }, REST_MS);
  }

  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#timer);
  }

  async #keep(): Promise<void> {
    const views = document.hidden ? null : this.#pictured.views();
    if (!views) return;
    const shows = this.#describe();
    const key = JSON.stringify(shows);
    if (key === this.#kept) return;
    const picture = await takePicture(this.#pictured.frame, views);
    // while it was taken the view may have gone, and its model with it
    if (this.#isClosed || JSON.stringify(this.#describe()) !== key) return;
    this.#kept = key;
    this.#session.state.set("picture", picture);
    this.#session.state.set("picture_shows", shows);
    this.#session.state.flush();
  }

  /** What a picture of now shows. */
  #describe(): Record<string, unknown> {
    const { state, loaders, results, scene } = this.#session;
    return {
      ...Object.fromEntries(SEEN.map((name) => [name, state.get(name)])),
      layers: scene.layers.map(({ id }) => id),
      points: state.get("point_sets").map(({ name, color, size }) => [name, color, size]),
      preview: results.newest?.info.id ?? null,
      scales: loaders.map((loader) => loader.loadedScale),
    };
  }
}
