// Messages between the viewer and the kernel, and the traits they share.
// Twin of src/roiwidgets/widgets/_messages.py; both test suites read tests/fixtures/messages.json.

export type Axis = "x" | "y" | "z";
/** A number per array axis, in z, y, x order. */
export type Triple = [number, number, number];
export type Point = Record<Axis, number>;
export interface Box {
  start: Triple;
  shape: Triple;
}
export interface Roi {
  lower: Point;
  upper: Point;
}

export interface Level {
  shape: Triple;
  spacing: Triple;
  origin: Triple;
  /** Stored voxels that the kernel reads for one voxel; 1 where the level is stored. */
  reads?: number;
}

export type LayerKind = "image" | "rgb" | "labels";

export interface LayerInfo {
  id: string;
  kind: LayerKind;
  name: string;
  dtype: DtypeName;
  components: number;
  times: number;
  channels: number;
  value_range: [number, number];
  levels: Level[];
}

export interface Scene {
  unit: string;
  planar: boolean;
  direction: number[];
  layers: LayerInfo[];
}

export interface PreviewInfo {
  id: string;
  source: string;
  kind: LayerKind;
  dtype: DtypeName;
  level: Level;
  scale: number;
  value_range: [number, number];
  ready: Box[];
  complete: boolean;
  elapsed_s: number;
}

export const DTYPES = {
  uint8: Uint8Array,
  int8: Int8Array,
  uint16: Uint16Array,
  int16: Int16Array,
  uint32: Uint32Array,
  int32: Int32Array,
  float32: Float32Array,
} as const;
export type DtypeName = keyof typeof DTYPES;
export type Voxels = InstanceType<(typeof DTYPES)[DtypeName]>;

export interface ChunkRequest extends Box {
  id: number;
  image: string;
  level: number;
  time: number;
  channel: number;
  /** An approximate answer will do, if it comes sooner. */
  quick: boolean;
}

export type ToKernel =
  | { kind: "get"; generation: number; requests: ChunkRequest[] }
  | { kind: "cancel"; ids: number[] };

export type Reply =
  | ({ kind: "chunk"; generation: number; id: number; voxels: Voxels } & Box)
  | ({ kind: "empty"; generation: number; id: number } & Box)
  | { kind: "error"; id: number | null; message: string };

/** Return the checked reply; throws a TypeError when the message has another form. */
export function parseReply(content: unknown, buffers: DataView[]): Reply {
  const message = asObject(content);
  if (message.kind === "error") {
    const id = message.id === null ? null : asInteger(message.id, "id");
    return { kind: "error", id, message: String(message.message) };
  }
  if (message.kind !== "chunk" && message.kind !== "empty") {
    throw new TypeError(`unknown message kind ${String(message.kind)}`);
  }
  const common = {
    generation: asInteger(message.generation, "generation"),
    id: asInteger(message.id, "id"),
    start: asTriple(message.start, "start"),
    shape: asTriple(message.shape, "shape"),
  };
  if (message.kind === "empty") return { kind: "empty", ...common };
  return { kind: "chunk", ...common, voxels: decodeVoxels(message, common.shape, buffers[0]) };
}

function decodeVoxels(
  message: Record<string, unknown>,
  shape: Triple,
  buffer: DataView | undefined,
): Voxels {
  if (message.encoding !== "raw") throw new TypeError(`unknown encoding ${message.encoding}`);
  const dtype = message.dtype as DtypeName;
  const TypedArray = DTYPES[dtype];
  if (!TypedArray) throw new TypeError(`unknown dtype ${String(message.dtype)}`);
  if (!buffer) throw new TypeError("a chunk came without its voxels");
  const count = shape[0] * shape[1] * shape[2] * TypedArray.BYTES_PER_ELEMENT;
  if (count === 0 || buffer.byteLength % count !== 0) {
    throw new TypeError(`a chunk of ${shape} ${dtype} came with ${buffer.byteLength} bytes`);
  }
  // a copy: the message's buffer need not be aligned to the element size
  const bytes = new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.byteLength);
  return new TypedArray(bytes.slice().buffer);
}

function asObject(value: unknown): Record<string, unknown> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new TypeError("a message must be an object");
  }
  return value as Record<string, unknown>;
}

function asInteger(value: unknown, name: string): number {
  if (!Number.isSafeInteger(value)) throw new TypeError(`${name} must be an integer`);
  return value as number;
}

function asTriple(value: unknown, name: string): Triple {
  if (!Array.isArray(value) || value.length !== 3) {
    throw new TypeError(`${name} must hold three integers`);
  }
  return value.map((item) => asInteger(item, name)) as Triple;
}
