// The channels of an image: one alone, or together, each in its colour and through its window.

import type { LayerInfo } from "../messages.ts";
import type { Session } from "../session.ts";
import { button, checkbox, element, isFocused, labelled, numberInput } from "./elements.ts";
import type { Panel } from "./panel.ts";

type Range = [number, number];

interface Row {
  visible: HTMLInputElement;
  color: HTMLInputElement;
  low: HTMLInputElement;
  high: HTMLInputElement;
}

/** As MOST_CHANNELS of widgets/_channel_look.py. */
const MOST_ROWS = 16;

export class ChannelsPanel implements Panel {
  readonly name = "Channels";
  readonly element = element("div", "");
  #session: Session;
  #together = checkbox();
  #table = element("table", "rw-table");
  #rest = element("p", "rw-note-below");
  #rows: Row[] = [];
  #listed = "";

  constructor(session: Session) {
    this.#session = session;
    labelled("Together", this.#together, this.element);
    this.#together.onchange = () => session.state.set("channels_together", this.#together.checked);
    this.element.append(this.#table, this.#rest);
  }

  isUseful(): boolean {
    const { image, moving } = this.#session;
    return image?.info.kind === "image" && image.info.channels > 1 && !moving;
  }

  update(): void {
    const { image, state } = this.#session;
    if (!image) return;
    this.#fill(image.info);
    const isTogether = state.get("channels_together");
    this.#together.checked = isTogether;
    this.#table.hidden = !isTogether;
    this.#rest.hidden = !isTogether || image.info.channels <= MOST_ROWS;
    this.#rows.forEach((row, channel) => {
      row.visible.checked = state.get("channel_visibility")[channel] ?? true;
      row.color.value = state.get("channel_colors")[channel] ?? "#ffffff";
      const [low, high] = this.#range(channel);
      write(row.low, low);
      write(row.high, high);
    });
  }

  #range(channel: number): Range {
    return this.#session.channelRange(channel);
  }

  #fill(info: LayerInfo): void {
    const key = `${info.id}|${info.channels}`;
    if (key === this.#listed) return;
    this.#listed = key;
    this.#table.replaceChildren();
    const head = this.#table.createTHead().insertRow();
    for (const text of ["channel", "color", "from", "to", ""]) {
      const cell = element(text ? "th" : "td", "", head);
      cell.textContent = text;
    }
    const body = this.#table.createTBody();
    const count = Math.min(info.channels, MOST_ROWS);
    this.#rest.textContent =
      `The first ${count} of ${info.channels} channels are drawn together. ` +
      "Any channel can be shown alone.";
    this.#rows = Array.from({ length: count }, (_, i) => this.#addRow(body, info, i));
  }

  #addRow(body: HTMLTableSectionElement, info: LayerInfo, channel: number): Row {
    const { state } = this.#session;
    const name = info.channel_names[channel] || `channel ${channel}`;
    const row = body.insertRow();
    const visible = labelled(name, checkbox(), row.insertCell());
    visible.onchange = () => {
      const all = Array.from({ length: this.#rows.length }, (_, i) =>
        i === channel ? visible.checked : (state.get("channel_visibility")[i] ?? true),
      );
      state.set("channel_visibility", all);
    };
    const color = element("input", "rw-color", row.insertCell());
    color.type = "color";
    color.setAttribute("aria-label", `color of ${name}`);
    color.oninput = () => {
      const colors = this.#rows.map((each) => each.color.value);
      state.set("channel_colors", colors);
    };
    const [low, high] = [numberInput(`${name} from`), numberInput(`${name} to`)];
    for (const input of [low, high]) {
      row.insertCell().append(input);
      input.onchange = () => this.#setRange(channel, [low.valueAsNumber, high.valueAsNumber]);
    }
    const auto = button("Auto", `Window over the range of ${name}`, row.insertCell());
    auto.onclick = () =>
      this.#setRange(channel, state.get("channel_bounds")[channel] ?? info.value_range);
    return { visible, color, low, high };
  }

  #setRange(channel: number, range: Range): void {
    if (!range.every(Number.isFinite)) {
      this.update();
      return;
    }
    const sorted = range.toSorted((a, b) => a - b) as Range;
    const ranges = this.#rows.map((_, i) => (i === channel ? sorted : this.#range(i)));
    this.#session.state.set("channel_ranges", ranges);
  }
}

/** Write a number unless the user is typing there. */
function write(input: HTMLInputElement, value: number): void {
  if (!isFocused(input)) input.value = String(Number(value.toPrecision(6)));
}
