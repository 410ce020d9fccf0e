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

export function place(element: Element, attributes: Record<string, number>): void {
  for (const [name, value] of Object.entries(attributes)) {
    element.setAttribute(name, value.toFixed(2));
  }
}

export function setShown(element: Element, shown: boolean): void {
  element.toggleAttribute("hidden", !shown);
  (element as SVGElement).style.display = shown ? "" : "none";
}
