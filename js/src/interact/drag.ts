// Follow a pointer from press to release.

export interface Drag {
  move(dx: number, dy: number, event: PointerEvent): void;
  end?(): void;
}

/** Call `start` when a pointer is pressed on an element; what it returns follows the pointer. */
export function onDrag(
  element: Element,
  start: (event: PointerEvent) => Drag | null,
  signal: AbortSignal,
): void {
  element.addEventListener(
    "pointerdown",
    (event) => {
      const press = event as PointerEvent;
      const drag = start(press);
      if (!drag) return;
      press.preventDefault();
      press.stopPropagation();
      follow(element, press, drag);
    },
    { signal },
  );
}

function follow(element: Element, press: PointerEvent, drag: Drag): void {
  const stop = new AbortController();
  const isOurs = (event: PointerEvent) => event.pointerId === press.pointerId;
  const listen = (
    name: "pointermove" | "pointerup" | "pointercancel",
    f: (e: PointerEvent) => void,
  ) => window.addEventListener(name, (e) => isOurs(e) && f(e), { signal: stop.signal });
  element.setPointerCapture(press.pointerId);
  listen("pointermove", (event) => {
    drag.move(event.clientX - press.clientX, event.clientY - press.clientY, event);
  });
  const end = () => {
    stop.abort();
    drag.end?.();
  };
  listen("pointerup", end);
  listen("pointercancel", end);
}
