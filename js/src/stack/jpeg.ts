// Grey levels of a JPEG, in the least time that the browser can do it in.

import type { Pair } from "./frame_messages.ts";

/** This browser's decoder turns the luma of a JPEG into colours. */
let onlyDraws = false;

/** Where JPEGs are drawn, one after the other: a new one each time is garbage of 1 MB. */
let drawing: OffscreenCanvasRenderingContext2D | null = null;

/**
 * The grey levels of a JPEG of neutral colours, row by row.
 *
 * Its luma as it is decoded takes a quarter of the time of drawing it and reading that back, and
 * no way through the browser's own process. Only secure pages have the decoder for it, and not
 * in all browsers.
 */
export async function decodeGrays(
  jpeg: DataView<ArrayBuffer>,
  shape: Pair,
): Promise<Uint8Array<ArrayBuffer>> {
  if (typeof ImageDecoder !== "undefined" && !onlyDraws) {
    const luma = await decodeLuma(jpeg, shape);
    if (luma) return luma;
    onlyDraws = true;
  }
  return drawGrays(jpeg, shape);
}

/** The luma of a JPEG; null where its decoder turns it into colours. */
async function decodeLuma(
  data: DataView<ArrayBuffer>,
  [height, width]: Pair,
): Promise<Uint8Array<ArrayBuffer> | null> {
  const decoder = new ImageDecoder({ data, type: "image/jpeg" });
  try {
    const { image } = await decoder.decode();
    try {
      const { format, displayWidth, displayHeight } = image;
      if (format !== "I420" || displayWidth !== width || displayHeight !== height) return null;
      const planes = new Uint8Array(image.allocationSize());
      await image.copyTo(planes);
      return planes.slice(0, height * width); // the first plane, which is packed
    } finally {
      image.close();
    }
  } finally {
    decoder.close();
  }
}

async function drawGrays(
  jpeg: DataView<ArrayBuffer>,
  [height, width]: Pair,
): Promise<Uint8Array<ArrayBuffer>> {
  const bitmap = await createImageBitmap(new Blob([jpeg], { type: "image/jpeg" }));
  if (drawing?.canvas.width !== width || drawing.canvas.height !== height) {
    const canvas = new OffscreenCanvas(width, height);
    drawing = canvas.getContext("2d", { willReadFrequently: true });
  }
  if (!drawing) throw new Error("this browser has no 2-D canvas");
  drawing.drawImage(bitmap, 0, 0);
  bitmap.close();
  const colors = new Uint32Array(drawing.getImageData(0, 0, width, height).data.buffer);
  const grays = new Uint8Array(colors.length);
  // of each colour the lowest byte, its red; a loop takes a tenth of the time of new Uint8Array
  for (let i = 0; i < grays.length; i++) grays[i] = colors[i] as number;
  return grays;
}
