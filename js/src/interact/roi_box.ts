// The region's box on a slice plane: its outline and the handles that are dragged.

import type { Grip } from "../geometry.ts";
import type { Roi } from "../messages.ts";
import type { PlaneCanvas } from "../render/plane_canvas.ts";
import { type Drag, onDrag } from "./drag.ts";
import { place, setShown, svgElement } from "./svg.ts";

/** Handles of the box: which side each moves along right and down. */
const HANDLES: [name: string, right: -1 | 0 | 1, down: -1 | 0 | 1][] = [
  ["top", 0, -1],
  ["bottom", 0, 1],
  ["left", -1, 0],
  ["right", 1, 0],
  ["top-left", -1, -1],
  ["top-right", 1, -1],
  ["bottom-left", -1, 1],
  ["bottom-right", 1, 1],
];
const HANDLE_SIZE = 8;
/** A box that is drawn smaller than this has no handles in the middle of its sides. */
const ROOM_FOR_MIDDLES = 32;

export class RoiBox {
  #view: PlaneCanvas;
  #outline: SVGRectElement;
  /** Invisible and wider than the outline, so that it can be hit. */
  #body: SVGRectElement;
  #handles = new Map<string, SVGRectElement>();

  constructor(
    view: PlaneCanvas,
    svg: SVGElement,
    startDrag: (grip: Grip) => Drag,
    signal: AbortSignal,
  ) {
    this.#view = view;
    const { across, right, down } = view.plane;
    this.#outline = svgElement("rect", "rw-roi", svg);
    const handle = (name: string, className: string, grip: Grip) => {
      const rect = svgElement("rect", className, svg);
      Object.assign(rect.dataset, { plane: across, handle: name });
      onDrag(rect, (event) => (isPlainLeft(event) ? startDrag(grip) : null), signal);
      return rect;
    };
    this.#body = handle("body", "rw-roi-body", "body");
    for (const [name, atRight, atDown] of HANDLES) {
      const grip = { [right]: atRight, [down]: atDown };
      this.#handles.set(name, handle(name, `rw-handle rw-handle-${name}`, grip));
    }
  }

  draw(roi: Roi, isShown: boolean, position: number): void {
    const { right, down, across } = this.#view.plane;
    const [x0, y0] = this.#view.toPixel(roi.lower[right], roi.lower[down]);
    const [x1, y1] = this.#view.toPixel(roi.upper[right], roi.upper[down]);
    const isCut = position >= roi.lower[across] && position <= roi.upper[across];
    for (const rect of [this.#outline, this.#body]) {
      place(rect, { x: x0, y: y0, width: x1 - x0, height: y1 - y0 });
      setShown(rect, isShown);
    }
    this.#outline.classList.toggle("rw-outside", !isCut);
    const half = HANDLE_SIZE / 2;
    for (const [name, atRight, atDown] of HANDLES) {
      const handle = this.#handles.get(name) as SVGRectElement;
      const x = x0 + ((atRight + 1) / 2) * (x1 - x0) - half;
      const y = y0 + ((atDown + 1) / 2) * (y1 - y0) - half;
      place(handle, { x, y, width: HANDLE_SIZE, height: HANDLE_SIZE });
      const side = atRight === 0 ? x1 - x0 : y1 - y0;
      const isCorner = atRight !== 0 && atDown !== 0;
      setShown(handle, isShown && (isCorner || side >= ROOM_FOR_MIDDLES));
    }
  }
}

/** With Shift, Ctrl or another button the pane's own actions start on a handle too. */
function isPlainLeft(event: PointerEvent): boolean {
  return event.button === 0 && !event.shiftKey;
}
