// The set of regions of interest, with its history.

import type { SharedState } from "../state.ts";
import { areaOf, type Roi, type RoiKind, type RoiPoint } from "./roi_geometry.ts";
import type { StackTraits } from "./stack_state.ts";

const MOST_UNDONE = 100;
/** Told apart by people with any colour vision, on dark ground. */
const COLORS = ["#ffd500", "#4dabf7", "#ff8787", "#69db7c", "#da77f2", "#ffa94d", "#66d9e8"];

/** The set that is shared with Python, and a change of it that is not finished yet. */
export class Rois {
  selected: string | null = null;
  #state: SharedState<StackTraits>;
  #changed: () => void;
  /** What a region is like while somebody drags it. */
  #draft: Roi | null = null;
  #undone: Roi[][] = [];
  #done: Roi[][] = [];

  constructor(state: SharedState<StackTraits>, changed: () => void) {
    this.#state = state;
    this.#changed = changed;
  }

  /** As they are drawn now. */
  get all(): Roi[] {
    const draft = this.#draft;
    return this.#state.get("rois").map((roi) => (roi.id === draft?.id ? draft : roi));
  }

  get chosen(): Roi | null {
    return this.all.find(({ id }) => id === this.selected) ?? null;
  }

  get canUndo(): boolean {
    return this.#done.length > 0;
  }

  select(id: string | null): void {
    this.selected = id;
    this.#changed();
  }

  add(kind: RoiKind, points: RoiPoint[]): void {
    const rois = this.#state.get("rois");
    const names = new Set(rois.map(({ name }) => name));
    let number = rois.length + 1;
    while (names.has(`ROI ${number}`)) number += 1;
    const color = COLORS[(number - 1) % COLORS.length] as string;
    const id = crypto.getRandomValues(new Uint32Array(2)).join("-");
    const look = { name: `ROI ${number}`, group: "", color, visible: true };
    this.selected = id;
    this.#commit([...rois, { kind, points, id, ...look, angle: 0, rings: [] }]);
  }

  /** Draw a region as it would be; nobody is told. */
  drag(roi: Roi): void {
    this.#draft = roi;
    this.#changed();
  }

  /** Keep what was dragged. */
  drop(): void {
    const draft = this.#draft;
    this.#draft = null;
    if (draft && areaOf(draft) > 0) this.replace(draft);
    this.#changed();
  }

  replace(roi: Roi): void {
    this.#commit(this.#state.get("rois").map((each) => (each.id === roi.id ? roi : each)));
  }

  remove(id: string): void {
    this.#commit(this.#state.get("rois").filter((roi) => roi.id !== id));
    if (this.selected === id) this.selected = null;
  }

  undo(): void {
    this.#exchange(this.#done, this.#undone);
  }

  redo(): void {
    this.#exchange(this.#undone, this.#done);
  }

  #exchange(from: Roi[][], to: Roi[][]): void {
    const rois = from.pop();
    if (!rois) return;
    to.push(this.#state.get("rois"));
    this.#save(rois);
  }

  #commit(rois: Roi[]): void {
    this.#done.push(this.#state.get("rois"));
    if (this.#done.length > MOST_UNDONE) this.#done.shift();
    this.#undone = [];
    this.#save(rois);
  }

  #save(rois: Roi[]): void {
    this.#state.set("rois", rois);
    this.#state.flush();
    this.#changed();
  }
}
