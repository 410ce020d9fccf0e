// Small helpers to build labelled controls.

export function element<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  className: string,
  parent?: Element,
): HTMLElementTagNameMap[K] {
  const made = document.createElement(tag);
  if (className) made.className = className;
  parent?.append(made);
  return made;
}

/** A control inside a label that names it. */
export function labelled<T extends HTMLElement>(text: string, control: T, parent: Element): T {
  const label = element("label", "rw-field", parent);
  const name = element("span", "rw-name", label);
  name.textContent = text;
  // the options of a select, which the label holds too, are not part of its name
  control.setAttribute("aria-label", text);
  label.append(control);
  return control;
}

export function button(text: string, title: string, parent: Element): HTMLButtonElement {
  const made = element("button", "rw-button", parent);
  made.type = "button";
  made.textContent = text;
  made.title = title;
  return made;
}

export function numberInput(name: string): HTMLInputElement {
  const input = element("input", "rw-number");
  input.type = "number";
  input.step = "any";
  input.setAttribute("aria-label", name);
  return input;
}

export function slider(low: number, high: number, step: number): HTMLInputElement {
  const input = element("input", "rw-slider");
  input.type = "range";
  input.min = String(low);
  input.max = String(high);
  input.step = String(step);
  return input;
}

export function checkbox(): HTMLInputElement {
  const input = element("input", "rw-checkbox");
  input.type = "checkbox";
  return input;
}

/** Write a text unless it is there already: the same text again costs a new layout. */
export function setText(node: Element, text: string): void {
  if (node.textContent !== text) node.textContent = text;
}

/** Show or hide a control with its label. */
export function showField(control: Element, shown: boolean): void {
  control.closest(".rw-field")?.toggleAttribute("hidden", !shown);
}

/** Whether the user is in a control, though the window may not be the active one. */
export function isFocused(control: Element): boolean {
  // for a control in a shadow root, the document names its host
  return (control.getRootNode() as Document | ShadowRoot).activeElement === control;
}
