// Rows of controls below the toolbar, one open at a time.

import { button, element } from "./elements.ts";

export interface Panel {
  readonly name: string;
  readonly element: HTMLElement;
  /** Whether there is anything to set for what is shown. */
  isUseful(): boolean;
  /** Bring the controls in line with the shared state; called while the panel is open. */
  update(): void;
}

export class PanelSwitch {
  readonly element = element("div", "rw-panels");
  #panels: { panel: Panel; button: HTMLButtonElement }[] = [];
  #open: Panel | null = null;

  constructor(toolbar: Element, panels: Panel[]) {
    const group = element("div", "rw-field", toolbar);
    group.setAttribute("role", "group");
    group.setAttribute("aria-label", "Panels");
    for (const panel of panels) this.#add(panel, group);
    // keys typed into a control are not notebook shortcuts
    this.element.addEventListener("keydown", (event) => event.stopPropagation());
    this.update();
  }

  update(): void {
    if (this.#open && !this.#open.isUseful()) this.#open = null;
    for (const { panel, button: toggle } of this.#panels) {
      const isOpen = panel === this.#open;
      toggle.hidden = !panel.isUseful();
      toggle.setAttribute("aria-expanded", String(isOpen));
      panel.element.hidden = !isOpen;
    }
    this.#open?.update();
  }

  #add(panel: Panel, group: Element): void {
    const toggle = button(panel.name, `Show or hide: ${panel.name.toLowerCase()}`, group);
    toggle.onclick = () => {
      this.#open = this.#open === panel ? null : panel;
      this.update();
    };
    panel.element.classList.add("rw-panel");
    panel.element.setAttribute("role", "region");
    panel.element.setAttribute("aria-label", panel.name);
    this.element.append(panel.element);
    this.#panels.push({ panel, button: toggle });
  }
}
