// Small helpers to build and move SVG elements.

const NAMESPACE = "http://www.w3.org/2000/svg";

export function svgElement<K extends keyof SVGElementTagNameMap>(
  tag: K,
  className: string,
  parent?: Element,
): SVGElementTagNameMap[K] {
  const element = document.createElementNS(NAMESPACE, tag) as SVGElementTagNameMap[K];
  element.setAttribute("class", className);
  parent?.append(element);
  return element;
}

/** Set an attribute unless it is there already: writing the same again costs a new layout. */
export function setAttribute(element: Element, name: string, value: string): void {
  if (element.getAttribute(name) !== value) element.setAttribute(name, value);
}

export function place(element: Element, attributes: Record<string, number>): void {
  for (const [name, value] of Object.entries(attributes)) {
    setAttribute(element, name, value.toFixed(2));
  }
}

export function setShown(element: Element, shown: boolean): void {
  if (element.hasAttribute("hidden") !== shown) return;
  element.toggleAttribute("hidden", !shown);
  (element as SVGElement).style.display = shown ? "" : "none";
}
