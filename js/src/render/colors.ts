// From voxel values to pixels: colour tables as 32-bit words in canvas order (A B G R).

import type { Voxels } from "../messages.ts";

export const OPAQUE = 0xff000000;

/** What turns one slice of voxels into pixels. */
export interface Painter {
  /** Changes when the same voxels would be painted differently. */
  key: string;
  paint(voxels: Voxels, pixels: Uint32Array, components: number, columns: number): void;
}

/** Decode 256 colours from base64 of 768 bytes; grey where the kernel has sent none yet. */
export function decodeTable(encoded: string): Uint32Array {
  const bytes = encoded ? Uint8Array.from(atob(encoded), (c) => c.charCodeAt(0)) : null;
  return Uint32Array.from({ length: 256 }, (_, i) => {
    const [r, g, b] = bytes ? bytes.subarray(3 * i, 3 * i + 3) : [i, i, i];
    return (OPAQUE | ((b ?? 0) << 16) | ((g ?? 0) << 8) | (r ?? 0)) >>> 0;
  });
}

/** Window/level through a colour table: low is the first colour, high the last; NaN is black. */
export function windowPainter(encodedTable: string, range: [number, number]): Painter {
  const table = decodeTable(encodedTable);
  const [low, high] = range;
  const factor = 255 / (high > low ? high - low : 1);
  const color = (value: number) => {
    if (Number.isNaN(value)) return OPAQUE;
    const index = Math.round((value - low) * factor);
    return table[Math.min(Math.max(index, 0), 255)] as number;
  };
  let colors: Uint32Array | null = null;
  return {
    key: `${encodedTable}|${low}|${high}`,
    paint(voxels, pixels) {
      const values = valuesOf(voxels);
      if (!values) {
        for (let i = 0; i < pixels.length; i++) pixels[i] = color(voxels[i] as number);
        return;
      }
      const [first, count] = values;
      colors ??= Uint32Array.from({ length: count }, (_, i) => color(first + i));
      for (let i = 0; i < pixels.length; i++) {
        pixels[i] = colors[(voxels[i] as number) - first] as number;
      }
    },
  };
}

/** Smallest value and number of values of a small integer type, else null. */
function valuesOf(voxels: Voxels): [first: number, count: number] | null {
  if (voxels instanceof Uint8Array) return [0, 2 ** 8];
  if (voxels instanceof Int8Array) return [-(2 ** 7), 2 ** 8];
  if (voxels instanceof Uint16Array) return [0, 2 ** 16];
  return voxels instanceof Int16Array ? [-(2 ** 15), 2 ** 16] : null;
}

/** Grey through the window, in one of two complementary colours: where both are alike, grey. */
export function tintPainter(range: [number, number], tint: number): Painter {
  const bytes = Array.from({ length: 256 }, (_, i) => {
    return [tint & 255 ? i : 0, tint & 0xff00 ? i : 0, tint & 0xff0000 ? i : 0];
  }).flat();
  return windowPainter(btoa(String.fromCharCode(...bytes)), range);
}

/** Colours as they are; three components are opaque. */
export const rgbPainter: Painter = {
  key: "rgb",
  paint(voxels, pixels, components) {
    for (let i = 0, k = 0; i < pixels.length; i++, k += components) {
      const alpha = components > 3 ? (voxels[k + 3] as number) : 255;
      const [r, g, b] = [voxels[k], voxels[k + 1], voxels[k + 2]] as [number, number, number];
      pixels[i] = ((alpha << 24) | (b << 16) | (g << 8) | r) >>> 0;
    }
  },
};

/**
 * Labels: 0 is transparent, each other id has a colour of its own as far as 997 colours go.
 *
 * @param outline paint only voxels of which one of four neighbours in the slice is another label
 */
export function labelPainter(hidden: number[], outline: boolean): Painter {
  const clear = new Set(hidden);
  const colors = new Map<number, number>();
  const colorOf = (label: number) => {
    const known = colors.get(label);
    if (known !== undefined) return known;
    const color = clear.has(label) ? 0 : labelColor(label);
    colors.set(label, color);
    return color;
  };
  return {
    key: `labels|${hidden}|${outline}`,
    paint(voxels, pixels, _components, columns) {
      let [last, color] = [0, 0];
      for (let i = 0; i < pixels.length; i++) {
        const label = voxels[i] as number;
        if (label !== last) [last, color] = [label, colorOf(label)];
        pixels[i] = color !== 0 && outline && !isOnEdge(voxels, i, columns) ? 0 : color;
      }
    },
  };
}

/** Whether a neighbour right, left, below or above is another label; the border is no edge. */
function isOnEdge(labels: Voxels, i: number, columns: number): boolean {
  const label = labels[i];
  const column = i % columns;
  return (
    (column > 0 && labels[i - 1] !== label) ||
    (column < columns - 1 && labels[i + 1] !== label) ||
    (i >= columns && labels[i - columns] !== label) ||
    (i + columns < labels.length && labels[i + columns] !== label)
  );
}

/** Colour of a label: hues a golden angle apart, so that neighbours in number look different. */
export function labelColor(label: number): number {
  if (label === 0) return 0;
  const n = Math.abs(Math.round(label)) % 997;
  const hue = (n * 0.61803398875) % 1;
  const lightness = 0.5 + 0.12 * ((n % 3) - 1);
  const channel = (offset: number) => {
    const k = (offset + hue * 12) % 12;
    const value = lightness - 0.38 * Math.max(-1, Math.min(k - 3, 9 - k, 1));
    return Math.round(255 * Math.min(Math.max(value, 0), 1));
  };
  return (OPAQUE | (channel(4) << 16) | (channel(8) << 8) | channel(0)) >>> 0;
}
