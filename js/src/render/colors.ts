// From voxel values to pixels: colour tables as 32-bit words in canvas order (A B G R).

import type { Voxels } from "../messages.ts";
import { type Range, shareIn } from "./window.ts";

export const OPAQUE = 0xff000000;

/** What turns one slice of voxels into pixels. */
export interface Painter {
  /** Changes when the same voxels would be painted differently. */
  key: string;
  paint(voxels: Voxels, pixels: Uint32Array, components: number, columns: number): void;
}

/** Decode 256 colours from base64 of 768 bytes; grey where the kernel has sent none yet. */
export function decodeTable(encoded: string): Uint32Array {
  if (encoded) return decodeColors(encoded);
  return Uint32Array.from({ length: 256 }, (_, i) => (OPAQUE | (i << 16) | (i << 8) | i) >>> 0);
}

/** Colours from base64 of their bytes, red, green, blue. */
function decodeColors(encoded: string): Uint32Array {
  const bytes = Uint8Array.from(atob(encoded), (c) => c.charCodeAt(0));
  return Uint32Array.from({ length: bytes.length / 3 }, (_, i) => {
    const [r = 0, g = 0, b = 0] = bytes.subarray(3 * i, 3 * i + 3);
    return (OPAQUE | (b << 16) | (g << 8) | r) >>> 0;
  });
}

/** Window/level through a colour table: low is the first colour, high the last; NaN is black. */
export function windowPainter(encodedTable: string, range: Range): Painter {
  const table = decodeTable(encodedTable);
  const shareOf = shareIn(range);
  const color = (value: number) => {
    if (Number.isNaN(value)) return OPAQUE;
    const index = Math.round(shareOf(value) * 255);
    return table[Math.min(Math.max(index, 0), 255)] as number;
  };
  // by type: while one image replaces another, both go through one painter
  const tables = new Map<unknown, Uint32Array>();
  const tabulate = (type: unknown, first: number, count: number) => {
    const colors =
      tables.get(type) ?? Uint32Array.from({ length: count }, (_, i) => color(first + i));
    tables.set(type, colors);
    return colors;
  };
  return {
    key: `${encodedTable}|${range}`,
    paint(voxels, pixels) {
      const values = valuesOf(voxels);
      if (!values) {
        for (let i = 0; i < pixels.length; i++) pixels[i] = color(voxels[i] as number);
        return;
      }
      const [first, count] = values;
      const colors = tabulate(voxels.constructor, first, count);
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

/** 256 colours from black to a colour "#rrggbb", as the `color_table` trait has them. */
export function tintTable(color: string): string {
  const end = [1, 3, 5].map((i) => Number.parseInt(color.slice(i, i + 2), 16));
  const bytes = Array.from({ length: 256 }, (_, i) => end.map((v) => Math.round((i * v) / 255)));
  return btoa(String.fromCharCode(...bytes.flat()));
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

/** How labels are drawn; twin of LabelLook in widgets/_picture.py. */
export interface LabelLook {
  hidden: number[];
  /** Paint only voxels of which one of four neighbours in the slice is another label. */
  outline: boolean;
  /** Opacity of single labels, 0 to 1, by their decimal number. */
  weights: Record<string, number>;
  /** n x 3 bytes in base64; "" takes hues a golden angle apart, for 997 labels. */
  table: string;
}

/** Labels: 0 is transparent. */
export function labelPainter(look: LabelLook): Painter {
  const { hidden, outline, weights } = look;
  const clear = new Set(hidden);
  const table = look.table ? decodeColors(look.table) : null;
  const colors = new Map<number, number>();
  const colorOf = (label: number) => {
    const known = colors.get(label);
    if (known !== undefined) return known;
    const opaque = table && label !== 0 ? tableColor(table, label) : labelColor(label);
    const alpha = Math.round(255 * (weights[label] ?? 1));
    const color = clear.has(label) || label === 0 ? 0 : withAlpha(opaque, alpha);
    colors.set(label, color);
    return color;
  };
  return {
    key: `labels|${JSON.stringify(look)}`,
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

function withAlpha(color: number, alpha: number): number {
  return alpha === 0 ? 0 : ((alpha << 24) | (color & 0xffffff)) >>> 0;
}

/** Label 1 has the first colour; after the last one they begin again. */
function tableColor(table: Uint32Array, label: number): number {
  const n = table.length;
  return table[(((label - 1) % n) + n) % n] as number;
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
