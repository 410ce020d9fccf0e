// The anywidget module: builds one view of a viewer and takes it down again.

import type { RenderProps } from "@anywidget/types";
import "./viewer.css";
import { Drawing } from "./drawing.ts";
import { PlanePane } from "./interact/plane_pane.ts";
import { setAttribute } from "./interact/svg.ts";
import type { VolumePane } from "./interact/volume_pane.ts";
import { VolumeSlot } from "./interact/volume_slot.ts";
import type { Axis } from "./messages.ts";
import { ChannelsPanel } from "./panels/channels_panel.ts";
import { element } from "./panels/elements.ts";
import { ErrorArea } from "./panels/error_area.ts";
import { Help, VIEWER_HELP } from "./panels/help.ts";
import { LayersPanel } from "./panels/layers_panel.ts";
import { PanelSwitch } from "./panels/panel.ts";
import { RegionPanel } from "./panels/region_panel.ts";
import { addFullScreenButton, Resizer } from "./panels/resizer.ts";
import { type Hovered, StatusLine } from "./panels/status.ts";
import { Still } from "./panels/still.ts";
import { Toolbar } from "./panels/toolbar.ts";
import { VolumePanel } from "./panels/volume_panel.ts";
import { PictureKeeper } from "./picture_keeper.ts";
import type { PicturedView } from "./render/snapshot.ts";
import { Session } from "./session.ts";
import { LOOKS, type SharedCamera, type Traits, type ViewMode } from "./state.ts";
import { type TestHandle, testHandle } from "./test_handle.ts";

class View {
  readonly root = element("div", "roiwidgets-viewer");
  #session: Session;
  #drawing: Drawing;
  #toolbar: Toolbar;
  #status: StatusLine;
  #still: Still;
  #errors: ErrorArea;
  #grid = element("div", "rw-grid");
  #planes: PlanePane[] = [];
  #slot: VolumeSlot | null = null;
  #loadingNote = element("div", "rw-note rw-loading-note");
  #panels: PanelSwitch;
  #resizer: Resizer;
  #keeper: PictureKeeper;
  #sizes: ResizeObserver;
  #stop = new AbortController();
  #frame = 0;
  #hovered: Hovered | null = null;
  #shownMode: ViewMode = "four-up";
  #layout = "";

  constructor(model: RenderProps<Traits>["model"], host: HTMLElement) {
    host.append(this.root);
    this.#session = new Session(model, () => this.#schedule());
    this.#drawing = new Drawing(this.#session);
    this.#loadingNote.textContent = "Loading …";
    this.#loadingNote.setAttribute("role", "status");
    this.#toolbar = new Toolbar(this.#session, {
      resetViews: () => this.#resetViews(),
      showRegion: () => this.#showRegion(),
      redraw: () => this.#schedule(),
    });
    this.#panels = new PanelSwitch(this.#toolbar.element, [
      new RegionPanel(this.#session),
      new ChannelsPanel(this.#session),
      new LayersPanel(this.#session),
      new VolumePanel(this.#session, this.#drawing),
    ]);
    const corner = element("div", "rw-corner", this.#toolbar.element);
    addFullScreenButton(this.root, corner, this.#stop.signal);
    const help = new Help(corner, VIEWER_HELP);
    this.#resizer = new Resizer(this.#session.state, this.#stop.signal);
    this.#status = new StatusLine(this.#session, this.#drawing);
    this.#errors = new ErrorArea(this.#session);
    const views = element("div", "rw-views");
    this.#still = new Still(this.#session, () => this.#schedule());
    views.append(this.#grid, this.#still.element, help.element);
    this.root.append(this.#toolbar.element, this.#panels.element, this.#errors.element);
    this.root.append(views, this.#status.element, this.#resizer.element);
    this.#keeper = new PictureKeeper(this.#session, {
      frame: this.#grid,
      views: () => this.#picturedViews(),
    });
    this.#session.state.on(["camera"], () => this.#applyCamera());
    this.#session.state.on([...LOOKS], () => this.#schedule());
    this.#sizes = new ResizeObserver(() => this.#resize());
    this.#sizes.observe(this.#grid);
    this.#followPixelRatio();
    views.addEventListener("keydown", (event) => this.#pressKey(event));
    // between the views, too, the wheel does not scroll the notebook
    this.#grid.addEventListener("wheel", (event) => event.preventDefault(), { passive: false });
    const handle: TestHandle = testHandle({
      session: this.#session,
      planes: () => this.#planes,
      volume: () => this.#volume,
      isDrawn: () => this.#isDrawn,
      arePlanesDrawn: () => this.#frame === 0,
    });
    Object.assign(this.root, { roiwidgetsTest: handle });
    this.#schedule();
  }

  destroy(): void {
    cancelAnimationFrame(this.#frame);
    this.#sizes.disconnect();
    this.#stop.abort();
    this.#still.close();
    this.#keeper.close();
    this.#toolbar.close();
    this.#clearPanes();
    this.#session.close();
    this.root.remove();
  }

  #schedule(): void {
    this.#frame ||= requestAnimationFrame(() => {
      this.#frame = 0;
      this.#draw();
    });
  }

  #draw(): void {
    this.#grid.style.height = `${this.#session.state.get("height")}px`;
    this.#arrange();
    this.#followMode();
    const isLoading = !this.#session.loaders.some((loader) => loader.hasVoxels);
    const isStill = this.#still.update(isLoading && this.#layout !== "empty");
    this.#loadingNote.hidden = !isLoading || isStill || this.#layout === "empty";
    for (const pane of this.#planes) {
      if (this.#isShown(pane.plane.across)) pane.draw();
      else this.#session.hidePlane(pane.plane.across);
    }
    if (this.#volume && this.#isShown("volume")) this.#volume.draw();
    this.#toolbar.update();
    this.#panels.update();
    this.#resizer.update();
    this.#status.update(this.#hovered);
    this.#errors.update();
    this.#markRoot();
    setAttribute(this.root, "data-settled", String(this.#session.isSettled));
    this.#keeper.touch();
  }

  /** The views on screen, once all of them are drawn as they should be. */
  #picturedViews(): PicturedView[] | null {
    const { loaders, isSettled } = this.#session;
    const isDone = isSettled && this.#isDrawn && loaders.every((loader) => loader.hasVoxels);
    if (!isDone || loaders.length === 0 || this.#grid.clientWidth === 0) return null;
    const planes = this.#planes
      .filter((pane) => this.#isShown(pane.plane.across))
      .map(({ element, view }) => ({ element, canvas: view.canvas }));
    if (!this.#slot || !this.#isShown("volume")) return planes;
    const { pane } = this.#slot;
    if (!pane) return this.#slot.isRefused ? planes : null;
    const { element, view } = pane;
    return [...planes, { element, canvas: view.screen }];
  }

  /** Build the panes that the scene needs, when it needs others than before. */
  #arrange(): void {
    const { scene } = this.#session;
    const wanted = scene.layers.length === 0 ? "empty" : scene.planar ? "planar" : "volume";
    if (wanted === this.#layout) return;
    this.#layout = wanted;
    this.#clearPanes();
    this.#shownMode = "four-up";
    this.#grid.dataset.layout = wanted;
    this.root.dataset.layout = wanted;
    this.#grid.removeAttribute("data-maximised");
    if (wanted === "empty") {
      element("div", "rw-note", this.#grid).textContent = "No image is shown.";
      return;
    }
    for (const axis of this.#session.planes()) this.#addPlane(axis);
    if (wanted === "volume") this.#addVolume();
    this.#grid.append(this.#loadingNote);
    this.#resize();
    this.#applyCamera();
  }

  #addPlane(axis: Axis): void {
    const pane = new PlanePane(axis, this.#session, this.#drawing, {
      hover: (point) => {
        this.#hovered = point && { point, across: axis };
        this.#status.update(this.#hovered);
      },
      resetViews: () => this.#resetViews(),
      showRegion: () => this.#showRegion(),
      cameraMoved: () => this.#shareCamera(),
      toggleMaximised: (which) => this.#toggleMode(which),
    });
    this.#planes.push(pane);
    this.#grid.append(pane.element);
  }

  #addVolume(): void {
    const slot = new VolumeSlot(this.#session, this.#drawing, {
      cameraMoved: () => this.#shareCamera(),
      resetViews: () => this.#resetViews(),
      showRegion: () => this.#showRegion(),
      toggleMaximised: () => this.#toggleMode("volume"),
      opened: () => this.#applyCamera(),
      drawn: () => this.#keeper.touch(),
    });
    this.#slot = slot;
    this.#grid.append(slot.element);
    slot.attach();
  }

  #clearPanes(): void {
    for (const pane of this.#planes) pane.destroy();
    this.#planes = [];
    this.#slot?.destroy();
    this.#slot = null;
    this.#grid.replaceChildren();
  }

  #resize(): void {
    for (const pane of this.#planes) pane.view.resize();
    this.#volume?.view.resize();
    this.#schedule();
  }

  /** A window that moves to a screen with finer pixels does not change its size. */
  #followPixelRatio(): void {
    const query = window.matchMedia(`(resolution: ${window.devicePixelRatio}dppx)`);
    const changed = () => {
      this.#followPixelRatio();
      this.#resize();
    };
    query.addEventListener("change", changed, { once: true, signal: this.#stop.signal });
  }

  /** What the style sheet hides. */
  #markRoot(): void {
    const { state } = this.#session;
    const { root } = this;
    root.toggleAttribute("data-region-locked", state.get("roi_locked"));
    root.toggleAttribute("data-no-annotations", !state.get("annotations_enabled"));
    root.toggleAttribute("data-no-axes", !state.get("axes_enabled"));
    root.toggleAttribute("data-collapsed", state.get("ui_collapsed"));
  }

  /** Undo and redo of the region, and the player, in any view. */
  #pressKey(event: KeyboardEvent): void {
    const isCommand = event.ctrlKey || event.metaKey;
    const key = event.key.toLowerCase();
    if (isCommand && key === "z" && event.shiftKey) this.#session.redoRegion();
    else if (isCommand && key === "z") this.#session.undoRegion();
    else if (key === " ") this.#toolbar.togglePlaying();
    else return;
    event.preventDefault();
    event.stopPropagation();
  }

  #showRegion(): void {
    for (const pane of this.#planes) pane.showRegion();
    this.#volume?.showRegion();
    this.#shareCamera();
    this.#schedule();
  }

  #resetViews(): void {
    this.#session.state.set("camera", {});
    this.#applyCamera();
  }

  get #isDrawn(): boolean {
    const isDecided = this.#slot?.isDecided ?? true;
    return this.#frame === 0 && isDecided && (this.#volume?.isSettled ?? true);
  }

  get #volume(): VolumePane | null {
    return this.#slot?.pane ?? null;
  }

  /** What is shown of this scene; of a flat image there is nothing to choose. */
  get #mode(): ViewMode {
    return this.#layout === "volume" ? this.#session.state.get("view_mode") : "four-up";
  }

  #isShown(which: Axis | "volume"): boolean {
    return this.#mode === "four-up" || this.#mode === which;
  }

  #toggleMode(which: Axis | "volume"): void {
    this.#session.state.set("view_mode", this.#mode === which ? "four-up" : which);
  }

  /** Show all views or the one that was chosen. */
  #followMode(): void {
    if (this.#shownMode === this.#mode) return;
    this.#shownMode = this.#mode;
    for (const pane of this.#planes) pane.element.hidden = !this.#isShown(pane.plane.across);
    if (this.#slot) this.#slot.element.hidden = !this.#isShown("volume");
    this.#grid.toggleAttribute("data-maximised", this.#mode !== "four-up");
    this.#resize();
  }

  /** Share what somebody chose; a plane that shows everything fits itself in each view. */
  #shareCamera(): void {
    const planes: NonNullable<SharedCamera["planes"]> = {};
    for (const pane of this.#planes) {
      if (!pane.isFitted) planes[pane.plane.across] = pane.view.camera;
    }
    const volume = this.#volume?.isMoved ? this.#volume.view.getCamera() : null;
    this.#session.state.set("camera", volume ? { planes, volume } : { planes });
  }

  #applyCamera(): void {
    const { planes = {}, volume } = this.#session.state.get("camera");
    for (const pane of this.#planes) {
      const camera = planes[pane.plane.across];
      if (camera) pane.setCamera(camera);
      else pane.showAll();
    }
    if (volume && this.#volume) {
      this.#volume.isMoved = true;
      this.#volume.view.setCamera(volume);
    } else {
      this.#volume?.reset();
    }
    this.#schedule();
  }
}

export default {
  render({ model, el }: RenderProps<Traits>): () => void {
    const view = new View(model, el);
    return () => view.destroy();
  },
};
