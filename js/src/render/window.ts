// A window of values, low to high, and numbers inside it: pure functions.

export type Range = [low: number, high: number];

/** Share of its larger end that a window is wide when 32-bit floats still tell its values apart. */
const NARROWEST = 2 ** -12;
/** Between these, sums and products of 32-bit floats stay finite and above 0. */
const [SMALLEST, LARGEST] = [1e-30, 1e30];

/** Tells where a value lies in a window: 0 at the low end, 1 at the high end. */
export function shareIn([low, high]: Range): (value: number) => number {
  // of halves, because the difference of two large numbers may be infinite
  const start = low / 2;
  // half of the narrowest window there is would be 0
  const half = high > low ? Math.max(high / 2 - start, Number.MIN_VALUE) : 0.5;
  return (value) => (value / 2 - start) / half;
}

/** The value at a share of a window. */
export function valueAt([low, high]: Range, share: number): number {
  return high > low ? low * (1 - share) + high * share : low + share;
}

/** A value with as many digits as tell a thousandth of a window apart, at least six. */
export function roundIn([low, high]: Range, value: number): number {
  const width = high > low ? high / 2 - low / 2 : 0.5;
  const size = Math.max(Math.abs(low), Math.abs(high)) / 2;
  const digits = Math.ceil(Math.log10(size / width)) + 4;
  return Number(value.toPrecision(Math.min(Math.max(digits, 6), 17)));
}

/** Whether a graphics card, whose floats have 32 bits, can compute with the values of a window. */
export function fitsFloat32([low, high]: Range): boolean {
  const width = high - low;
  const size = Math.max(Math.abs(low), Math.abs(high));
  return width >= SMALLEST && size <= LARGEST && width >= size * NARROWEST;
}

/** A window after a drag; the width of the bounds is about as long as a plane. */
export function movedWindow([low, high]: Range, bounds: Range, dx: number, dy: number): Range {
  const unit = (bounds[1] - bounds[0] || 1) / 400;
  const width = Math.max(high - low + dx * unit, unit);
  const level = (low + high) / 2 + dy * unit;
  return [level - width / 2, level + width / 2];
}
