// The anywidget module: builds one view of a viewer and takes it down again.

import type { RenderProps } from "@anywidget/types";
import "./viewer.css";
import { PlanePane } from "./interact/plane_pane.ts";
import { VolumePane } from "./interact/volume_pane.ts";
import type { Axis, Point } from "./messages.ts";
import { element } from "./panels/elements.ts";
import { ErrorArea, StatusLine } from "./panels/status.ts";
import { Toolbar } from "./panels/toolbar.ts";
import { hasWebGl2 } from "./render/volume_canvas.ts";
import { Session } from "./session.ts";
import type { SharedCamera, Traits } from "./state.ts";

/** What browser tests may ask of a viewer; `roiwidgetsTest` on the root element. */
export interface TestHandle {
  session: Session;
  /** Page position of a point of the frame on a plane. */
  pageOf(axis: Axis, point: Point): { x: number; y: number };
  isSettled(): boolean;
}

type Maximised = Axis | "volume" | null;

class View {
  readonly root = element("div", "roiwidgets-viewer");
  #session: Session;
  #toolbar: Toolbar;
  #status: StatusLine;
  #errors: ErrorArea;
  #grid = element("div", "rw-grid");
  #planes: PlanePane[] = [];
  #volume: VolumePane | null = null;
  #volumeNote = element("div", "rw-note");
  #resizer: ResizeObserver;
  #frame = 0;
  #hovered: Point | null = null;
  #maximised: Maximised = null;
  #applyingCamera = false;
  #layout = "";

  constructor(model: RenderProps<Traits>["model"], host: HTMLElement) {
    host.append(this.root);
    this.#session = new Session(model, () => this.#schedule());
    this.#toolbar = new Toolbar(
      this.#session,
      () => this.#resetView(),
      () => this.#schedule(),
    );
    this.#status = new StatusLine(this.#session);
    this.#errors = new ErrorArea(this.#session);
    this.root.append(this.#toolbar.element, this.#errors.element, this.#grid, this.#status.element);
    this.#session.state.on(["camera"], () => this.#applyCamera());
    const looks = ["color_table", "color_range", "color_map", "label_opacity"] as const;
    const rest = ["roi_visible", "error_message", "height"] as const;
    this.#session.state.on([...looks, ...rest], () => this.#schedule());
    this.#resizer = new ResizeObserver(() => this.#resize());
    this.#resizer.observe(this.#grid);
    this.#expose();
    this.#schedule();
  }

  destroy(): void {
    cancelAnimationFrame(this.#frame);
    this.#resizer.disconnect();
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
    this.#grid.dataset.layout = wanted;
    this.#grid.replaceChildren();
    if (wanted === "empty") {
      element("div", "rw-note", this.#grid).textContent = "No image is shown.";
      return;
    }
    for (const axis of this.#session.planes()) this.#addPlane(axis);
    if (wanted === "volume") this.#addVolume();
    this.#resize();
    for (const pane of this.#planes) pane.showAll();
    this.#applyCamera();
  }

  #addPlane(axis: Axis): void {
    const pane = new PlanePane(axis, this.#session, {
      hover: (point) => {
        this.#hovered = point;
        this.#status.update(point);
      },
      cameraMoved: () => this.#shareCamera(),
      toggleMaximised: (which) => this.#toggleMaximised(which),
    });
    this.#planes.push(pane);
    this.#grid.append(pane.element);
  }

  #addVolume(): void {
    const [z, ...others] = this.#planes;
    if (!hasWebGl2()) {
      this.#volumeNote.textContent = "This browser has no WebGL 2, so the volume is not drawn.";
      this.#grid.append(this.#volumeNote);
      return;
    }
    this.#volume = new VolumePane(
      this.#session,
      () => this.#shareCamera(),
      () => this.#toggleMaximised("volume"),
    );
    this.#grid.replaceChildren(
      ...[z, ...others].map((pane) => pane?.element as HTMLElement),
      this.#volume.element,
    );
    this.#volume.attach();
    const { canvas } = this.#volume.view;
    canvas.addEventListener("webglcontextlost", () => this.#loseVolume());
  }

  #loseVolume(): void {
    if (!this.#volume) return;
    this.#volume.destroy();
    this.#volume = null;
    this.#volumeNote.textContent = "The browser took the graphics context away. ";
    const again = element("button", "rw-button", this.#volumeNote);
    again.textContent = "Draw the volume again";
    again.onclick = () => {
      this.#volumeNote.remove();
      this.#addVolume();
      this.#schedule();
    };
    this.#grid.append(this.#volumeNote);
  }

  #clearPanes(): void {
    for (const pane of this.#planes) pane.destroy();
    this.#planes = [];
    this.#volume?.destroy();
    this.#volume = null;
  }

  #resize(): void {
    this.#volume?.view.resize();
    this.#schedule();
  }

  #resetView(): void {
    for (const pane of this.#planes) pane.showAll();
    this.#volume?.reset();
    this.#shareCamera();
    this.#schedule();
  }

  #isShown(which: Axis | "volume"): boolean {
    return this.#maximised === null || this.#maximised === which;
  }

  #toggleMaximised(which: Exclude<Maximised, null>): void {
    this.#maximised = this.#maximised === which ? null : which;
    for (const pane of this.#planes) pane.element.hidden = !this.#isShown(pane.plane.across);
    if (this.#volume) this.#volume.element.hidden = !this.#isShown("volume");
    this.#grid.toggleAttribute("data-maximised", this.#maximised !== null);
    this.#resize();
  }

  #shareCamera(): void {
    if (this.#applyingCamera) return;
    const planes: NonNullable<SharedCamera["planes"]> = {};
    for (const pane of this.#planes) planes[pane.plane.across] = pane.view.camera;
    const volume = this.#volume?.view.getCamera();
    this.#session.state.set("camera", volume ? { planes, volume } : { planes });
  }

  #applyCamera(): void {
    const { planes = {}, volume } = this.#session.state.get("camera");
    this.#applyingCamera = true;
    for (const pane of this.#planes) {
      const camera = planes[pane.plane.across];
      if (camera) pane.view.camera = camera;
    }
    if (volume) this.#volume?.view.setCamera(volume);
    this.#applyingCamera = false;
    this.#schedule();
  }

  #expose(): void {
    const handle: TestHandle = {
      session: this.#session,
      pageOf: (axis, point) => {
        const pane = this.#planes.find((each) => each.plane.across === axis);
        if (!pane) throw new Error(`no plane across ${axis} is shown`);
        const box = pane.view.canvas.getBoundingClientRect();
        const [x, y] = pane.view.toPixel(point[pane.plane.right], point[pane.plane.down]);
        return { x: box.left + x, y: box.top + y };
      },
      isSettled: () => this.#session.isSettled && this.#frame === 0,
    };
    Object.assign(this.root, { roiwidgetsTest: handle });
  }
}

export default {
  render({ model, el }: RenderProps<Traits>): () => void {
    const view = new View(model, el);
    return () => view.destroy();
  },
};
