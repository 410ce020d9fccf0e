// The anywidget module: builds one view of a viewer and takes it down again.

import type { RenderProps } from "@anywidget/types";
import "./viewer.css";
import { Drawing } from "./drawing.ts";
import { PlanePane } from "./interact/plane_pane.ts";
import { VolumePane } from "./interact/volume_pane.ts";
import type { Axis, Point } from "./messages.ts";
import { button, element } from "./panels/elements.ts";
import { Help } from "./panels/help.ts";
import { ErrorArea, StatusLine } from "./panels/status.ts";
import { Toolbar } from "./panels/toolbar.ts";
import { hasWebGl2 } from "./render/volume_canvas.ts";
import { Session } from "./session.ts";
import type { SharedCamera, Traits } from "./state.ts";
import { type TestHandle, testHandle } from "./test_handle.ts";

type Maximised = Axis | "volume" | null;

class View {
  readonly root = element("div", "roiwidgets-viewer");
  #session: Session;
  #drawing: Drawing;
  #toolbar: Toolbar;
  #status: StatusLine;
  #errors: ErrorArea;
  #grid = element("div", "rw-grid");
  #planes: PlanePane[] = [];
  #volume: VolumePane | null = null;
  #volumeNote = element("div", "rw-note");
  #loadingNote = element("div", "rw-note rw-loading-note");
  #resizer: ResizeObserver;
  #stop = new AbortController();
  #frame = 0;
  #hovered: Point | null = null;
  #maximised: Maximised = null;
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
    const help = new Help(this.#toolbar.element);
    this.#status = new StatusLine(this.#session, this.#drawing);
    this.#errors = new ErrorArea(this.#session);
    const views = element("div", "rw-views");
    views.append(this.#grid, help.element);
    this.root.append(this.#toolbar.element, this.#errors.element, views, this.#status.element);
    this.#session.state.on(["camera"], () => this.#applyCamera());
    const looks = ["color_table", "color_range", "color_map", "label_opacity"] as const;
    const rest = ["roi_visible", "error_message", "height"] as const;
    this.#session.state.on([...looks, ...rest], () => this.#schedule());
    this.#resizer = new ResizeObserver(() => this.#resize());
    this.#resizer.observe(this.#grid);
    this.#followPixelRatio();
    // between the views, too, the wheel does not scroll the notebook
    this.#grid.addEventListener("wheel", (event) => event.preventDefault(), { passive: false });
    const handle: TestHandle = testHandle({
      session: this.#session,
      planes: () => this.#planes,
      volume: () => this.#volume,
      isDrawn: () => this.#frame === 0 && (this.#volume?.view.isSettled ?? true),
    });
    Object.assign(this.root, { roiwidgetsTest: handle });
    this.#schedule();
  }

  destroy(): void {
    cancelAnimationFrame(this.#frame);
    this.#resizer.disconnect();
    this.#stop.abort();
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
    const isLoading = !this.#session.loaders.some((loader) => loader.hasVoxels);
    this.#loadingNote.hidden = !isLoading || this.#layout === "empty";
    for (const pane of this.#planes) if (this.#isShown(pane.plane.across)) pane.draw();
    if (this.#volume && this.#isShown("volume")) this.#volume.draw();
    this.#toolbar.update();
    this.#status.update(this.#hovered);
    this.#errors.update();
    this.root.dataset.settled = String(this.#session.isSettled);
  }

  /** Build the panes that the scene needs, when it needs others than before. */
  #arrange(): void {
    const { scene } = this.#session;
    const wanted = scene.layers.length === 0 ? "empty" : scene.planar ? "planar" : "volume";
    if (wanted === this.#layout) return;
    this.#layout = wanted;
    this.#clearPanes();
    this.#maximised = null;
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
        this.#hovered = point;
        this.#status.update(point);
      },
      resetViews: () => this.#resetViews(),
      showRegion: () => this.#showRegion(),
      cameraMoved: () => this.#shareCamera(),
      toggleMaximised: (which) => this.#toggleMaximised(which),
    });
    this.#planes.push(pane);
    this.#grid.append(pane.element);
  }

  #addVolume(): void {
    if (!hasWebGl2()) {
      this.#noteVolume("This browser has no WebGL 2, so the volume is not drawn.");
      return;
    }
    const volume = new VolumePane(this.#session, this.#drawing, {
      cameraMoved: () => this.#shareCamera(),
      resetViews: () => this.#resetViews(),
      showRegion: () => this.#showRegion(),
      toggleMaximised: () => this.#toggleMaximised("volume"),
    });
    this.#volume = volume;
    this.#showFourth(volume.element);
    volume.attach();
    volume.view.canvas.addEventListener("webglcontextlost", () => this.#loseVolume(volume));
  }

  /** The volume, or what stands in for it, follows the planes. */
  #showFourth(pane: HTMLElement): void {
    this.#planes.at(-1)?.element.after(pane);
  }

  #noteVolume(text: string): void {
    this.#volumeNote.textContent = text;
    this.#showFourth(this.#volumeNote);
  }

  #loseVolume(lost: VolumePane): void {
    // a view that was taken down gives its context away itself
    if (this.#volume !== lost) return;
    this.#volume.destroy();
    this.#volume = null;
    this.#noteVolume("The browser took the graphics context away.");
    const again = button("Draw the volume again", "Ask for a graphics context", this.#volumeNote);
    again.onclick = () => {
      this.#volumeNote.remove();
      this.#addVolume();
      this.#applyCamera();
    };
  }

  #clearPanes(): void {
    for (const pane of this.#planes) pane.destroy();
    this.#planes = [];
    const volume = this.#volume;
    this.#volume = null;
    volume?.destroy();
    this.#grid.replaceChildren();
  }

  #resize(): void {
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

  #isShown(which: Axis | "volume"): boolean {
    return this.#maximised === null || this.#maximised === which;
  }

  #toggleMaximised(which: Exclude<Maximised, null>): void {
    this.#maximised = this.#maximised === which ? null : which;
    for (const pane of this.#planes) pane.element.hidden = !this.#isShown(pane.plane.across);
    const fourth = this.#volume?.element ?? this.#volumeNote;
    fourth.hidden = !this.#isShown("volume");
    this.#grid.toggleAttribute("data-maximised", this.#maximised !== null);
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
