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

/** Points of one look; twin of PointSet in widgets/_point_sets.py. */
export interface PointSet {
  name: string;
  /** "#rrggbb" */
  color: string;
  /** Diameter in units of the frame. */
  size: number;
  opacity: number;
  /** x, y, z of each point in the frame: little-endian 32-bit floats. */
  positions: DataView;
}

/** Points with z * point.z + y * point.y + x * point.x <= limit. */
export type HalfSpace = [z: number, y: number, x: number, limit: number];

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
  /** Voxels of the finest level arrive as they are stored, in no other type. */
  exact: boolean;
  components: number;
  times: number;
  channels: number;
  channel_names: string[];
  value_range: [number, number];
  /** Where an image that was turned into this frame ends; missing or empty: at its levels' edges. */
  half_spaces?: HalfSpace[];
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
  float64: Float64Array,
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
  | { kind: "cancel"; ids: number[] }
  | { kind: "probe"; id: number; image: string; time: number; channel: number; index: Triple };

export type Reply =
  | ({ kind: "chunk"; generation: number; id: number; voxels: Voxels } & Box)
  | ({ kind: "empty"; generation: number; id: number } & Box)
  | { kind: "value"; id: number; value: string }
  | { kind: "error"; id: number | null; message: string };

/** Return the checked reply; throws a TypeError when the message has another form. */
export function parseReply(content: unknown, buffers: DataView[]): Reply {
  const message = asObject(content);
  if (message.kind === "error") {
    const id = message.id === null ? null : asInteger(message.id, "id");
    return { kind: "error", id, message: String(message.message) };
  }
  if (message.kind === "value") {
    return { kind: "value", id: asInteger(message.id, "id"), value: String(message.value) };
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
  if (!buffer) throw new TypeError("a chunk came without its voxels");
  const voxels = typedArray(message.dtype, buffer);
  const count = shape[0] * shape[1] * shape[2];
  if (count === 0 || voxels.length % count !== 0) {
    throw new TypeError(
      `a chunk of ${shape} ${message.dtype} came with ${buffer.byteLength} bytes`,
    );
  }
  return voxels;
}

/** The numbers of a type that a buffer holds; throws a TypeError where they do not fit. */
export function typedArray(dtype: unknown, buffer: DataView): Voxels {
  const TypedArray = DTYPES[dtype as DtypeName];
  if (!TypedArray) throw new TypeError(`unknown dtype ${String(dtype)}`);
  if (buffer.byteLength % TypedArray.BYTES_PER_ELEMENT !== 0) {
    throw new TypeError(`${buffer.byteLength} bytes are no whole number of ${dtype}`);
  }
  const { buffer: whole, byteOffset, byteLength } = buffer;
  const size = TypedArray.BYTES_PER_ELEMENT;
  // a message's buffer need not be aligned to the element size; where it is, a copy is spared
  if (byteOffset % size === 0) {
    return new TypedArray(whole as ArrayBuffer, byteOffset, byteLength / size);
  }
  return new TypedArray(new Uint8Array(whole, byteOffset, byteLength).slice().buffer);
}

export function asObject(value: unknown): Record<string, unknown> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new TypeError("a message must be an object");
  }
  return value as Record<string, unknown>;
}

export function asInteger(value: unknown, name: string): number {
  if (!Number.isSafeInteger(value)) throw new TypeError(`${name} must be an integer`);
  return value as number;
}

function asTriple(value: unknown, name: string): Triple {
  if (!Array.isArray(value) || value.length !== 3) {
    throw new TypeError(`${name} must hold three integers`);
  }
  return value.map((item) => asInteger(item, name)) as Triple;
}
