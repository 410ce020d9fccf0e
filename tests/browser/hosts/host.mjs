// What VS Code's notebook renderer does with its widget manager, on a page of ours.
//
// The kernel is a stand-in: comm messages go to Python through `toPython`, and come back
// through `fromPython`.

import { activate } from "./ipywidgets.js";

const encode = (buffer) => {
  const bytes = ArrayBuffer.isView(buffer)
    ? new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.byteLength)
    : new Uint8Array(buffer);
  let text = "";
  for (let i = 0; i < bytes.length; i += 8192) {
    text += String.fromCharCode(...bytes.subarray(i, i + 8192));
  }
  return btoa(text);
};
const decode = (text) => {
  const bytes = Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
  return new DataView(bytes.buffer);
};

class Signal {
  connect() {
    return true;
  }
  disconnect() {
    return true;
  }
}

class Comm {
  static sent = 0;

  constructor(targetName, commId) {
    this.targetName = targetName;
    this.commId = commId;
    this.isDisposed = false;
  }
  open() {
    return this.#reply();
  }
  close() {
    return this.#reply();
  }
  send(data, metadata, buffers = []) {
    const future = this.#reply();
    window
      .toPython({ comm_id: this.commId, data, metadata, buffers: buffers.map(encode) })
      .then(() => {
        // widgets wait for an idle kernel before they send their next change
        future.onIOPub?.({
          header: { msg_type: "status" },
          content: { execution_state: "idle" },
          parent_header: {},
        });
      });
    return future;
  }
  #reply() {
    return { msg: { header: { msg_id: `message-${Comm.sent++}` } }, done: Promise.resolve() };
  }
}

class Kernel {
  id = "kernel";
  name = "python3";
  username = "somebody";
  clientId = "client";
  status = "idle";
  connectionStatus = "connected";
  model = { id: "kernel", name: "python3" };
  info = Promise.resolve({});
  handleComms = true;
  isDisposed = false;
  comms = new Map();
  #targets = new Map();
  statusChanged = new Signal();
  connectionStatusChanged = new Signal();
  iopubMessage = new Signal();
  unhandledMessage = new Signal();
  anyMessage = new Signal();
  pendingInput = new Signal();
  disposed = new Signal();

  registerCommTarget(name, callback) {
    this.#targets.set(name, callback);
  }
  removeCommTarget(name) {
    this.#targets.delete(name);
  }
  registerMessageHook() {}
  removeMessageHook() {}
  createComm(targetName, commId) {
    const comm = new Comm(targetName, commId);
    this.comms.set(commId, comm);
    return comm;
  }
  async requestCommInfo() {
    return { content: { status: "ok", comms: {} } };
  }

  async receive({ msg_type: type, content, metadata, buffers }) {
    const message = {
      header: { msg_type: type },
      parent_header: {},
      content,
      metadata,
      buffers: buffers.map(decode),
    };
    if (type === "comm_open") {
      const comm = this.createComm(content.target_name, content.comm_id);
      await this.#targets.get(content.target_name)(comm, message);
    } else if (type === "comm_msg") {
      await this.comms.get(content.comm_id)?.onMsg?.(message);
    } else {
      this.comms.get(content.comm_id)?.onClose?.(message);
    }
  }
}

const localScripts = {
  widgetsRegisteredInRequireJs: new Set(),
  // found beside the selected interpreter, as VS Code does; never on a CDN
  async loadWidgetScript(name) {
    requirejs.config({ paths: { [name]: `./nbextensions/${name}/index` } });
    this.widgetsRegisteredInRequireJs.add(name);
  },
  successHandler() {},
  errorHandler(...problem) {
    console.error("widget class not loaded", ...problem);
  },
};

activate();
window.vscIPyWidgets8.load();
const kernel = new Kernel();
const output = document.querySelector("#output");
const manager = new window.vscIPyWidgets.WidgetManager(kernel, output, localScripts, () => {});

window.fromPython = (message) => kernel.receive(message);
window.show = async (modelId) => {
  const model = await manager.get_model(modelId);
  const view = await manager.create_view(model);
  await manager.display_view({}, view, { node: output });
};
document.body.dataset.ready = "true";
