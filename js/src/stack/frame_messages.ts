// Messages between a player and the kernel, and what it is told of its movie.
// Twin of src/roiwidgets/widgets/_frame_messages.py; both test suites read
// tests/fixtures/frame_messages.json.

import {
  asInteger,
  asObject,
  type DtypeName,
  parseReply,
  type Reply,
  type ToKernel,
  typedArray,
  type Voxels,
} from "../messages.ts";
import type { Range } from "../render/window.ts";

/** Rows and columns. */
export type Pair = [number, number];

/** The movie; twin of `describe` in widgets/player.py. */
export interface StackInfo {
  id: string;
  name: string;
  frames: number;
  height: number;
  width: number;
  planes: number;
  dtype: DtypeName;
  /** Pixels arrive as they are stored, in no other type. */
  exact: boolean;
  value_range: Range;
  /** Along y and x. */
  spacing: Pair;
  origin: Pair;
  unit: string;
  time: { start: number; step: number; unit: string };
}

/** Part of a frame: rows and columns of the movie, and how many of them become one pixel. */
export interface Place {
  start: Pair;
  shape: Pair;
  step: number;
}

const ENCODINGS = ["raw", "packed", "jpeg"] as const;
/** Raw and packed pixels are exact, a JPEG is not. */
export type Encoding = (typeof ENCODINGS)[number];

export interface FramesRequest extends Place {
  kind: "frames";
  /** Ids of requests and frames: each gets an answer of its own. */
  requests: Pair[];
  movie: string;
  encoding: Encoding;
  /** Of a JPEG, else 0. */
  quality: number;
  /** Values that become black and white in a JPEG. */
  window: Range | null;
  /** Direction in which the movie plays, 0 for neither. */
  ahead: -1 | 0 | 1;
}

export type ToStackKernel =
  | FramesRequest
  | Extract<ToKernel, { kind: "cancel" | "probe" }>
  | { kind: "pictures"; movie: string; names: PictureName[] }
  | { kind: "brightest"; id: number; movie: string; pixel: Pair }
  | { kind: "traces"; movie: string };

export const PROJECTIONS = ["maximum", "minimum", "mean", "std", "correlation"] as const;
export type Projection = (typeof PROJECTIONS)[number];
export type PictureName = Projection | "top_view" | "right_view";

export interface FrameReply {
  kind: "frame";
  id: number;
  movie: string;
  frame: number;
  start: Pair;
  step: number;
  /** Of the pixels, which are fewer than those of the movie where they are reduced. */
  shape: Pair;
  dtype: DtypeName;
  encoding: Encoding;
  /** The pixels, or what they are decoded from. */
  pixels: Voxels | DataView<ArrayBuffer>;
  /** Values of black and white of a JPEG. */
  window: Range | null;
  /** Bytes on the wire. */
  bytes: number;
}

/** Something that sums the movie up, as 256 greys of a window; nobody has asked for this one. */
export interface PictureMessage {
  kind: "picture";
  movie: string;
  name: PictureName;
  /** Of the pixels: rows are frames in a side view. */
  shape: Pair;
  /** Pixels of the movie along a side, or frames, that became one. */
  step: number;
  window: Range;
  pixels: Voxels;
  /** Of the movie that was seen, 0 to 1. */
  share: number;
}

/** Pieces of traces, one row of values for each region; nobody has asked for just these. */
export interface TracesReply {
  kind: "traces";
  movie: string;
  ids: string[];
  /** Frames. */
  start: number;
  stop: number;
  values: Float64Array;
  /** Share of all traces that is known, 0 to 1. */
  done: number;
}

export type StackReply =
  | FrameReply
  | PictureMessage
  | TracesReply
  | Extract<Reply, { kind: "value" | "error" }>;

/** Return the checked reply; throws a TypeError when the message has another form. */
export function parseStackReply(content: unknown, buffers: DataView[]): StackReply {
  const message = asObject(content);
  if (message.kind === "frame") return parseFrame(message, buffers[0]);
  if (message.kind === "picture") return parsePicture(message, buffers[0]);
  if (message.kind === "traces") return parseTraces(message, buffers[0]);
  const reply = parseReply(content, buffers);
  if (reply.kind === "value" || reply.kind === "error") return reply;
  throw new TypeError(`unknown message kind ${reply.kind}`);
}

function parseFrame(message: Record<string, unknown>, buffer: DataView | undefined): FrameReply {
  if (!buffer) throw new TypeError("a frame came without its pixels");
  const encoding = message.encoding as Encoding;
  if (!ENCODINGS.includes(encoding)) throw new TypeError(`unknown encoding ${encoding}`);
  const shape = asPair(message.shape, "shape");
  return {
    kind: "frame",
    id: asInteger(message.id, "id"),
    movie: String(message.movie),
    frame: asInteger(message.frame, "frame"),
    start: asPair(message.start, "start"),
    step: asInteger(message.step, "step"),
    shape,
    dtype: message.dtype as DtypeName,
    encoding,
    pixels:
      encoding === "raw"
        ? decodePixels(message.dtype, shape, buffer)
        : (buffer as DataView<ArrayBuffer>),
    window: encoding === "jpeg" ? asWindow(message.window) : null,
    bytes: buffer.byteLength,
  };
}

function parsePicture(
  message: Record<string, unknown>,
  buffer: DataView | undefined,
): PictureMessage {
  if (!buffer) throw new TypeError("a picture came without its pixels");
  const shape = asPair(message.shape, "shape");
  return {
    kind: "picture",
    movie: String(message.movie),
    name: String(message.name) as PictureName,
    shape,
    step: asInteger(message.step, "step"),
    window: asWindow(message.window),
    pixels: decodePixels("uint8", shape, buffer),
    share: Number(message.share),
  };
}

function parseTraces(message: Record<string, unknown>, buffer: DataView | undefined): TracesReply {
  if (!buffer || !Array.isArray(message.ids)) throw new TypeError("traces came without values");
  const [start, stop] = [asInteger(message.start, "start"), asInteger(message.stop, "stop")];
  const values = typedArray("float64", buffer) as Float64Array;
  const ids = message.ids.map(String);
  if (values.length !== ids.length * (stop - start)) {
    throw new TypeError(`${ids.length} traces came with ${values.length} values`);
  }
  const done = Number(message.done);
  return { kind: "traces", movie: String(message.movie), ids, start, stop, values, done };
}

function decodePixels(dtype: unknown, shape: Pair, buffer: DataView): Voxels {
  const pixels = typedArray(dtype, buffer);
  if (pixels.length !== shape[0] * shape[1]) {
    throw new TypeError(`a frame of ${shape} came with ${pixels.length} pixels`);
  }
  return pixels;
}

function asPair(value: unknown, name: string): Pair {
  if (!Array.isArray(value) || value.length !== 2) {
    throw new TypeError(`${name} must hold two integers`);
  }
  return [asInteger(value[0], name), asInteger(value[1], name)];
}

function asWindow(value: unknown): Range {
  if (!Array.isArray(value) || value.length !== 2 || !value.every(Number.isFinite)) {
    throw new TypeError("window must hold two numbers");
  }
  return [value[0], value[1]];
}
