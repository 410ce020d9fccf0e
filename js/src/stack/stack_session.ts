// What one view of a player knows: the frame it shows, what it loads, and the shared state.

import { type Model, SharedState } from "../state.ts";
import { Probe } from "../streaming/probe.ts";
import { Course, type Direction } from "./course.ts";
import { type Frame, valueIn } from "./frame.ts";
import { FrameLoader, PER_MESSAGE, type Wanted } from "./frame_loader.ts";
import { type Pair, type Place, parseStackReply, type StackInfo } from "./frame_messages.ts";
import { Pictures } from "./pictures.ts";
import { type FrameSource, Player } from "./player.ts";
import { Rois } from "./rois.ts";
import type { StackTraits } from "./stack_state.ts";
import { Traces } from "./traces.ts";
import { Transport } from "./transport.ts";

/** Python hears of a frame at which somebody stays for so long. */
const REST_MS = 200;

export class StackSession {
  readonly state: SharedState<StackTraits>;
  readonly loader: FrameLoader;
  readonly transport = new Transport();
  readonly probe: Probe;
  readonly pictures: Pictures;
  readonly rois: Rois;
  readonly traces: Traces;
  /** Something the kernel or this view could not do; shown until dismissed. */
  problem = "";
  /** The newest frame that has come; it may be another than the one that is wanted. */
  shown: Frame | null = null;
  #frame: number;
  #place: Place | null = null;
  #player: Player | null = null;
  #direction: Direction = 1;
  #model: Model<StackTraits>;
  #changed: () => void;
  #onMessage: (content: unknown, buffers: DataView[]) => void;
  #restTimer: ReturnType<typeof setTimeout> | undefined;
  #tick = 0;

  constructor(model: Model<StackTraits>, changed: () => void) {
    this.#model = model;
    this.#changed = changed;
    this.state = new SharedState(model);
    this.#frame = this.state.get("frame_index");
    const events = {
      answered: () => this.#player?.askAhead(performance.now()),
      arrived: (frame: Frame) => this.#arrived(frame),
      failed: (message: string) => this.#failed(message),
    };
    this.loader = new FrameLoader((message) => model.send(message), events, this.transport);
    this.loader.limit = this.state.get("memory_budget");
    this.probe = new Probe((message) => model.send(message), changed);
    this.pictures = new Pictures((message) => model.send(message), {
      brightest: (frame) => this.seek(frame),
      failed: (message) => this.#failed(message),
    });
    this.rois = new Rois(this.state, changed);
    this.traces = new Traces((message) => model.send(message));
    this.#onMessage = (content, buffers) => this.#receive(content, buffers);
    model.on("msg:custom", this.#onMessage);
    this.state.on(["stack"], () => this.#followStack());
    this.state.on(["frame_index"], () => this.seek(this.state.get("frame_index")));
    this.state.on(["playing", "frame_rate", "play_mode"], () => this.#followPlaying());
    this.state.on(["memory_budget"], () => {
      this.loader.limit = this.state.get("memory_budget");
    });
    this.#followPlaying();
  }

  get info(): StackInfo {
    return this.state.get("stack");
  }

  /** The frame that is wanted; while the movie plays, the one that is shown. */
  get frame(): number {
    return this.#frame;
  }

  get isPlaying(): boolean {
    return this.#player !== null;
  }

  /** Frames that were shown in the last second of playing. */
  get framesPerSecond(): number {
    return this.#player?.framesPerSecond(performance.now()) ?? 0;
  }

  /** The frame that is wanted is there, pixel by pixel, and Python knows of it. */
  get isSettled(): boolean {
    const isThere =
      this.#place !== null && this.loader.get(this.#exact(this.#frame)) === this.shown;
    const isSaved = this.state.isSaved && this.#restTimer === undefined;
    return !this.isPlaying && isThere && isSaved && this.loader.pending === 0;
  }

  /** Load what is on screen from now on. */
  show(place: Place): void {
    const isSame = JSON.stringify(place) === JSON.stringify(this.#place);
    this.#place = place;
    if (!isSame) this.#load();
  }

  /** Show another frame; a movie that plays goes on from there. */
  seek(frame: number): void {
    const last = this.info.frames - 1;
    const wanted = Math.min(Math.max(Math.round(frame), 0), last);
    if (wanted === this.#frame) return;
    this.#direction = wanted > this.#frame ? 1 : -1;
    this.#frame = wanted;
    if (this.#player) this.#play();
    else this.#rest();
    this.#load();
    this.#changed();
  }

  /** Go to the frame in which a place is brightest. */
  seekBrightest(pixel: Pair): void {
    const [row, column] = pixel;
    const { height, width, id } = this.info;
    const isInside = row >= 0 && row < height && column >= 0 && column < width;
    if (isInside) this.pictures.askForBrightest(id, pixel);
  }

  step(frames: number): void {
    this.pause();
    this.seek(this.#frame + frames);
  }

  toggle(): void {
    if (this.isPlaying) this.pause();
    else this.play();
  }

  play(): void {
    if (this.info.frames < 2) return;
    this.state.set("playing", true);
    this.state.flush();
  }

  /** Stop, and show the frame as it is stored. */
  pause(): void {
    if (!this.#player) return;
    this.#player = null;
    cancelAnimationFrame(this.#tick);
    this.loader.cancel();
    this.state.move("playing", false);
    this.state.move("frame_index", this.#frame);
    this.state.flush();
    this.#load();
    this.#changed();
  }

  /** The value of a pixel as text: what is drawn at once, the exact one as soon as it is known. */
  valueAt([row, column]: Pair): string {
    const { info, shown } = this;
    const drawn = shown && valueIn(shown, [row, column]);
    if (!drawn || !shown) return "";
    if (drawn.isExact && info.exact) return String(drawn.value);
    const approximate = `≈ ${Number(drawn.value.toPrecision(4))}`;
    if (this.isPlaying) return approximate;
    const question = { image: info.id, time: shown.index, channel: 0, index: [0, row, column] };
    return this.probe.value(question as Parameters<Probe["value"]>[0]) ?? approximate;
  }

  close(): void {
    cancelAnimationFrame(this.#tick);
    clearTimeout(this.#restTimer);
    this.#model.off("msg:custom", this.#onMessage);
    this.loader.close();
    this.probe.forget();
    this.state.close();
  }

  #exact(frame: number): Wanted {
    const place = this.#place ?? wholePlace(this.info);
    const encoding = this.transport.exactEncoding(this.#bytesAt(place));
    return { movie: this.info.id, frame, place, encoding, window: null, quality: 0, ahead: 0 };
  }

  /** Bytes of raw pixels. */
  #bytesAt({ shape, step }: Place): number {
    const [height, width] = shape.map((side) => Math.ceil(side / step)) as Pair;
    return height * width * bytesPerPixel(this.info);
  }

  /** Playing frames, as the link allows. */
  #moving(ahead: Direction): Omit<Wanted, "frame"> {
    const { state, transport } = this;
    const exact = { ...this.#exact(this.#frame), ahead };
    const bytes = this.#bytesAt(exact.place);
    const [rate, mode] = [state.get("frame_rate"), state.get("transport")];
    const quality = transport.qualityFor(bytes, rate, mode, performance.now());
    if (quality === 0) return { ...exact, encoding: "raw" };
    return { ...exact, encoding: "jpeg", window: state.get("color_range"), quality };
  }

  #followStack(): void {
    this.loader.cancel();
    this.#frame = Math.min(this.#frame, this.info.frames - 1);
    this.#place = null;
    this.#changed();
  }

  #followPlaying(): void {
    const isWanted = this.state.get("playing") && this.info.frames > 1;
    if (isWanted) this.#play();
    else this.pause();
  }

  #play(): void {
    const { info, state } = this;
    const mode = state.get("play_mode");
    // at the end there is nothing but to begin again
    if (mode === "once" && this.#frame === info.frames - 1) this.#frame = 0;
    const course = new Course(info.frames, mode, this.#frame, 1);
    this.#player = new Player(this.#source(), course, state.get("frame_rate"), performance.now());
    clearTimeout(this.#restTimer);
    this.#restTimer = undefined;
    cancelAnimationFrame(this.#tick);
    this.#follow();
  }

  #source(): FrameSource {
    const { loader, transport, state } = this;
    /** Frames that came compressed will do, whatever is asked for by now. */
    const wantedWindow = () => (state.get("transport") === "raw" ? null : state.get("color_range"));
    const get = (frame: number) => loader.get({ ...this.#exact(frame), window: wantedWindow() });
    return {
      get free() {
        return loader.free;
      },
      get batch() {
        // compressed ones come from afar: the next should be under way when one arrives
        return loader.last.isCompressed ? 1 : PER_MESSAGE;
      },
      get latency() {
        return transport.latency;
      },
      get,
      isKnown: (frame) => {
        const exact = this.#exact(frame);
        return (
          get(frame) !== null ||
          loader.isAskedFor(exact) ||
          loader.isAskedFor({ ...exact, window: state.get("color_range") })
        );
      },
      ask: (frames, direction) => loader.ask(frames, this.#moving(direction)),
    };
  }

  #follow(): void {
    this.#tick = requestAnimationFrame((now) => {
      this.#advance(now);
      if (this.#player?.isOver) this.pause();
      else if (this.#player) this.#follow();
    });
  }

  #advance(now: number): void {
    if (!this.#place) return;
    const frame = this.#player?.tick(now);
    if (!frame) return;
    this.shown = frame;
    this.#frame = frame.index;
    this.#changed();
  }

  /** Show the wanted frame if it is kept, and ask for it else; older wishes are forgotten. */
  #load(): void {
    if (!this.#place || this.isPlaying) return;
    const wanted = this.#exact(this.#frame);
    const known = this.loader.get(wanted);
    if (known) {
      this.shown = known;
      this.#askForNeighbour();
    } else if (this.loader.free > 0 && !this.loader.isAskedFor(wanted)) {
      this.loader.ask([wanted.frame], wanted);
    }
  }

  /** The next frame of somebody who steps. */
  #askForNeighbour(): void {
    const next = this.#frame + this.#direction;
    if (next < 0 || next >= this.info.frames || this.loader.pending > 0) return;
    const wanted = this.#exact(next);
    if (!this.loader.get(wanted)) this.loader.ask([next], wanted);
  }

  #arrived(frame: Frame): void {
    if (this.#player) return;
    const isOther = frame.movie !== this.info.id || frame.window !== null;
    // on the way to a far frame, those that come are shown, but never the neighbour after it
    const isOnTheWay = !this.loader.get(this.#exact(this.#frame));
    if (!isOther && (frame.index === this.#frame || isOnTheWay)) this.shown = frame;
    this.#load();
    this.#changed();
  }

  /** Python hears of the frame once nobody moves on. */
  #rest(): void {
    clearTimeout(this.#restTimer);
    this.#restTimer = setTimeout(() => {
      this.#restTimer = undefined;
      this.state.set("frame_index", this.#frame);
      this.state.flush();
      this.#changed();
    }, REST_MS);
  }

  #failed(message: string): void {
    this.problem = message;
    this.pause();
    this.#changed();
  }

  #receive(content: unknown, buffers: DataView[]): void {
    try {
      const reply = parseStackReply(content, buffers);
      if (this.loader.receive(reply) || reply.kind === "frame") return;
      if (reply.kind === "traces") this.traces.take(reply, this.info, this.rois.all);
      else if (reply.kind === "picture") this.pictures.take(reply, this.info.id);
      else if (this.probe.receive(reply) || this.pictures.receive(reply)) return;
      else if (reply.kind !== "error" || reply.id !== null) return;
      else this.problem = reply.message;
    } catch (error) {
      this.problem = `a message from the kernel could not be read: ${error}`;
    }
    this.#changed();
  }
}

export function wholePlace({ height, width }: StackInfo): Place {
  return { start: [0, 0], shape: [height, width], step: 1 };
}

function bytesPerPixel({ dtype }: StackInfo): number {
  return Number(/\d+/.exec(dtype)?.[0] ?? 8) / 8;
}
