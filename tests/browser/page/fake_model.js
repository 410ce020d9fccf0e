// A model as anywidget hands it to a view, with a kernel behind it that serves voxels.
// Every message and every saved trait stays in plain sight, so that tests can look at them.
import viewer from "/viewer.js";

const TYPES = {
  uint8: Uint8Array,
  int8: Int8Array,
  uint16: Uint16Array,
  int16: Int16Array,
  uint32: Uint32Array,
  int32: Int32Array,
  float32: Float32Array,
  float64: Float64Array,
};

/** Voxels of one layer, one array of (t, c, z, y, x, component) per level. */
class Source {
  constructor(description, arrays) {
    Object.assign(this, description);
    this.arrays = arrays;
  }

  read({ level, time, channel, start, shape }) {
    const size = this.shapes[level];
    const from = this.arrays[level];
    const [depth, height, width] = size;
    const n = this.components;
    const first = (time * this.channels + channel) * depth * height * width;
    const voxels = new TYPES[this.dtype](shape[0] * shape[1] * shape[2] * n);
    let to = 0;
    for (let z = start[0]; z < start[0] + shape[0]; z++) {
      for (let y = start[1]; y < start[1] + shape[1]; y++) {
        const row = (first + (z * height + y) * width + start[2]) * n;
        voxels.set(from.subarray(row, row + shape[2] * n), to);
        to += shape[2] * n;
      }
    }
    return voxels;
  }
}

class FakeKernel {
  sources = new Map();
  received = [];
  /** Requests that wait while the kernel is busy. */
  waiting = [];
  isBusy = false;
  mostInFlight = 0;
  /** Called with a request; a returned object is sent instead of the voxels. */
  intercept = () => null;

  constructor(model) {
    this.model = model;
  }

  receive(message) {
    this.received.push(message);
    if (message.kind === "cancel") {
      this.waiting = this.waiting.filter(({ request }) => !message.ids.includes(request.id));
      return;
    }
    if (message.kind === "probe") {
      const { id, image, index } = message;
      const request = { ...message, level: 0, start: index, shape: [1, 1, 1] };
      const value = [...this.sources.get(image).read(request)].join(", ");
      setTimeout(() => this.model.receive({ kind: "value", id, value }));
      return;
    }
    for (const request of message.requests) {
      this.waiting.push({ request, generation: message.generation });
    }
    this.mostInFlight = Math.max(this.mostInFlight, this.waiting.length);
    if (!this.isBusy) setTimeout(() => this.answer());
  }

  answer(count = Number.POSITIVE_INFINITY) {
    for (const { request, generation } of this.waiting.splice(0, count)) {
      this.reply(request, generation);
    }
  }

  wake() {
    this.isBusy = false;
    this.answer();
  }

  reply(request, generation) {
    const { id, image, level, start, shape } = request;
    const common = { generation, id, image, level, start, shape };
    const other = this.intercept(request);
    const source = this.sources.get(image);
    if (other) {
      this.model.receive({ ...common, ...other });
    } else if (!source) {
      this.model.receive({ kind: "error", id, message: `${image} is not shown any more` });
    } else {
      const voxels = source.read(request);
      const header = { kind: "chunk", ...common, dtype: source.dtype, encoding: "raw" };
      // as over a websocket: the voxels lie at an odd place of a larger buffer
      const frame = new Uint8Array(voxels.byteLength + 3);
      frame.set(new Uint8Array(voxels.buffer), 3);
      this.model.receive({ ...header, min: 0, max: 1 }, [new DataView(frame.buffer, 3)]);
    }
  }
}

class FakeModel {
  #values;
  #listeners = new Map();
  #unsaved = new Set();
  saved = [];
  kernel = new FakeKernel(this);

  constructor(values) {
    this.#values = values;
  }

  get(name) {
    return this.#values[name];
  }

  set(name, value) {
    if (JSON.stringify(this.#values[name]) === JSON.stringify(value)) return;
    this.#values[name] = value;
    this.#unsaved.add(name);
    this.#emit(`change:${name}`);
  }

  /** As the kernel sets traits. */
  setFromKernel(values) {
    const changed = Object.keys(values).filter(
      (name) => JSON.stringify(this.#values[name]) !== JSON.stringify(values[name]),
    );
    Object.assign(this.#values, values);
    for (const name of changed) this.#emit(`change:${name}`);
  }

  save_changes() {
    this.saved.push(Object.fromEntries([...this.#unsaved].map((n) => [n, this.#values[n]])));
    this.#unsaved.clear();
  }

  on(name, callback) {
    if (!this.#listeners.has(name)) this.#listeners.set(name, new Set());
    this.#listeners.get(name).add(callback);
  }

  off(name, callback) {
    this.#listeners.get(name)?.delete(callback);
  }

  send(message) {
    this.kernel.receive(JSON.parse(JSON.stringify(message)));
  }

  receive(message, buffers = []) {
    this.#emit("msg:custom", message, buffers);
  }

  get listenerCount() {
    return [...this.#listeners.values()].reduce((sum, set) => sum + set.size, 0);
  }

  #emit(name, ...args) {
    for (const callback of [...(this.#listeners.get(name) ?? [])]) callback(...args);
  }
}

async function fetchSource(description) {
  const arrays = await Promise.all(
    description.shapes.map(async (_, level) => {
      const response = await fetch(`/voxels/${description.id}/${level}`);
      return new TYPES[description.dtype](await response.arrayBuffer());
    }),
  );
  return new Source(description, arrays);
}

/** What tests drive. `views` are of one model, as in a notebook that shows a widget twice. */
const harness = {
  model: null,
  views: [],
  widget: null,

  async createModel(traits, sources) {
    this.model = new FakeModel(traits);
    this.widget = typeof viewer === "function" ? await viewer() : viewer;
    await this.addSources(sources);
  },

  async addSources(sources) {
    for (const description of sources) {
      this.model.kernel.sources.set(description.id, await fetchSource(description));
    }
  },

  addView(width) {
    const el = document.createElement("div");
    if (width) el.style.width = `${width}px`;
    document.body.append(el);
    const stop = this.widget.render({ model: this.model, el, experimental: {} });
    this.views.push({ el, stop });
  },

  removeViews() {
    for (const { el, stop } of this.views.splice(0)) {
      stop();
      el.remove();
    }
  },

  root(view = 0) {
    return this.views[view].el.querySelector(".roiwidgets-viewer");
  },

  isSettled(view = 0) {
    const root = this.root(view);
    return root.dataset.settled === "true" && root.roiwidgetsTest.isSettled();
  },

  pageOf(viewport, point, view = 0) {
    return this.root(view).roiwidgetsTest.worldToPage(viewport, point);
  },

  /** Colours that a viewport draws at points of the frame. */
  colorsAt(viewport, points, view = 0) {
    return this.root(view).roiwidgetsTest.colorsAt(viewport, points);
  },
};

Object.assign(window, { harness });
document.body.dataset.ready = "true";
