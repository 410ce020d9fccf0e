import { expect, test } from "vitest";
import { Transport } from "../src/stack/transport.ts";

const RAW = 360_000;

/** Frames of a link of so many bytes a second, whose JPEGs have so many bytes at quality 50. */
function run(transport: Transport, bandwidth: number, sizeAt50: number, rate: number) {
  let now = 0;
  const sizes: number[] = [];
  for (let i = 0; i < 40; i++) {
    const quality = transport.qualityFor(RAW, rate, "auto");
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
  expect(slow.qualityFor(RAW, 60, "auto")).toBeGreaterThanOrEqual(15);
});

test("where small frames come no faster than large ones, raw ones are shown", () => {
  const transport = new Transport();
  let now = 0;
  const qualities: number[] = [];
  for (let i = 0; i < 40; i++) {
    const quality = transport.qualityFor(RAW, 60, "auto");
    const sentAt = now;
    now += 25; // whatever the size
    transport.measure(quality > 0 ? 30_000 : RAW, { sentAt, cameAt: now, doneAt: now }, quality);
    qualities.push(quality);
  }

  expect(qualities.filter((quality) => quality > 0).length).toBeGreaterThan(0);
  expect(qualities.slice(-20)).toEqual(Array(20).fill(0));
});

test("what was chosen is kept to", () => {
  const transport = new Transport();

  expect(transport.qualityFor(RAW, 60, "compressed")).toBeGreaterThan(0);
  run(transport, 1e5, 40_000, 60);
  expect(transport.qualityFor(RAW, 60, "raw")).toBe(0);
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
