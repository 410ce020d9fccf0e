import { expect, test } from "vitest";
import { Transport } from "../src/stack/transport.ts";

const RAW = 360_000;

/** Frames of a link of so many bytes a second, whose JPEGs have so many bytes at quality 50. */
function run(
  transport: Transport,
  bandwidth: number,
  sizeAt50: number,
  rate: number,
  frames = 40,
  begin = 0,
) {
  let now = begin;
  const sizes: number[] = [];
  for (let i = 0; i < frames; i++) {
    const quality = transport.qualityFor(RAW, rate, "auto", now);
    const bytes = quality > 0 ? (sizeAt50 * quality) / 50 : RAW;
    const sentAt = now;
    now += (1000 * bytes) / bandwidth;
    transport.measure(bytes, { sentAt, cameAt: now, doneAt: now }, quality);
    sizes.push(bytes);
  }
  return { sizes, now };
}

test("a fast link carries raw frames", () => {
  const { sizes } = run(new Transport(), 100e6, 40_000, 60);

  expect(new Set(sizes)).toEqual(new Set([RAW]));
});

test("on 10 Mbit/s frames become small enough for 30 a second", () => {
  const { sizes } = run(new Transport(), 1.25e6, 40_000, 30);

  const last = sizes.slice(-20);
  expect(Math.max(...last)).toBeLessThanOrEqual(1.25e6 / 30);
});

test("compressed frames never have more than 64 KB on average, nor too low a quality", () => {
  const { sizes } = run(new Transport(), 8e6, 90_000, 30);

  const last = sizes.slice(-20);
  expect(Math.max(...last)).toBeLessThanOrEqual(64_000);
  const slow = new Transport();
  run(slow, 1e5, 40_000, 60);
  expect(slow.qualityFor(RAW, 60, "auto", 0)).toBeGreaterThanOrEqual(15);
});

test("where small frames come no faster than large ones, raw ones are shown", () => {
  const transport = new Transport();
  let now = 0;
  const qualities: number[] = [];
  for (let i = 0; i < 40; i++) {
    const quality = transport.qualityFor(RAW, 60, "auto", now);
    const sentAt = now;
    now += 25; // whatever the size
    transport.measure(quality > 0 ? 30_000 : RAW, { sentAt, cameAt: now, doneAt: now }, quality);
    qualities.push(quality);
  }

  expect(qualities.filter((quality) => quality > 0).length).toBeGreaterThan(0);
  expect(qualities.slice(-20)).toEqual(Array(20).fill(0));
});

test("a link that looked slow while the page opened is tried again after a few frames", () => {
  const transport = new Transport();
  const opening = run(transport, 4e6, 40_000, 60, 3);

  const { sizes } = run(transport, 100e6, 40_000, 60, 30, opening.now);

  expect(sizes[0]).toBeLessThan(RAW);
  expect(new Set(sizes.slice(-20))).toEqual(new Set([RAW]));
});

test("a link that became fast is tried again", () => {
  const transport = new Transport();
  const slow = run(transport, 4e6, 40_000, 60);
  expect(slow.sizes.at(-1)).toBeLessThan(RAW);

  const { sizes } = run(transport, 100e6, 40_000, 60, 20_000, slow.now);

  expect(sizes[0]).toBeLessThan(RAW);
  expect(new Set(sizes.slice(-100))).toEqual(new Set([RAW]));
});

test("to try a slow link again takes little of the time", () => {
  const { sizes, now } = run(new Transport(), 1.25e6, 40_000, 30, 2000);

  const tried = sizes.slice(40).filter((bytes) => bytes === RAW).length;
  expect(tried).toBeGreaterThan(0);
  expect((1000 * tried * RAW) / 1.25e6).toBeLessThan(0.05 * now);
});

test("what was chosen is kept to", () => {
  const transport = new Transport();

  expect(transport.qualityFor(RAW, 60, "compressed", 0)).toBeGreaterThan(0);
  run(transport, 1e5, 40_000, 60);
  expect(transport.qualityFor(RAW, 60, "raw", 0)).toBe(0);
});

test("exact frames are packed where the link is slow, and only there", () => {
  const [fast, slow, unknown] = [new Transport(), new Transport(), new Transport()];
  run(fast, 40e6, 40_000, 60);
  run(slow, 1.25e6, 40_000, 30);

  expect(fast.exactEncoding(RAW)).toBe("raw");
  expect(slow.exactEncoding(RAW)).toBe("packed");
  expect(slow.exactEncoding(10_000)).toBe("raw");
  expect(unknown.exactEncoding(RAW)).toBe("raw");
});
