// Pixels without loss in fewer bytes; twin of src/roiwidgets/widgets/_frame_packing.py.

import { DTYPES, type DtypeName, type Voxels } from "../messages.ts";
import type { Pair } from "./frame_messages.ts";

/** Unsigned integers as wide as those of a type: differences wrap around in them. */
const WORDS = { 1: Uint8Array, 2: Uint16Array, 4: Uint32Array } as const;

/**
 * The pixels of a packed frame.
 *
 * @throws TypeError if there are fewer or more than the shape says, or no integers
 */
export async function unpack(
  packed: Uint8Array<ArrayBuffer>,
  dtype: DtypeName,
  [height, width]: Pair,
): Promise<Voxels> {
  const bytes = await inflate(packed);
  const size = DTYPES[dtype].BYTES_PER_ELEMENT as keyof typeof WORDS;
  const count = height * width;
  if (!/int/.test(dtype) || bytes.length !== size * count) {
    throw new TypeError(
      `a packed frame of ${height} x ${width} ${dtype} has ${bytes.length} bytes`,
    );
  }
  const words = new WORDS[size](count);
  for (let plane = 0; plane < size; plane++) {
    const [first, shift] = [plane * count, 8 * plane];
    for (let i = 0; i < count; i++)
      words[i] = (words[i] as number) | ((bytes[first + i] as number) << shift);
  }
  for (let row = 0; row < count; row += width) {
    for (let i = row + 1; i < row + width; i++) {
      words[i] = (words[i] as number) + (words[i - 1] as number);
    }
  }
  return new DTYPES[dtype](words.buffer);
}

async function inflate(packed: Uint8Array<ArrayBuffer>): Promise<Uint8Array> {
  const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("deflate"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}
