import { expect, test } from "vitest";
import { TileCache } from "../src/streaming/tile_cache.ts";

test("what was not asked for longest makes room", () => {
  const cache = new TileCache(30);
  cache.put("a", new Uint8Array(10));
  cache.put("b", new Uint8Array(10));
  cache.put("c", new Uint8Array(10));

  cache.get("a");
  cache.put("d", new Uint8Array(10));

  expect(cache.get("b")).toBeUndefined();
  expect(cache.get("a")).toHaveLength(10);
  expect(cache.bytes).toBe(30);
});

test("a tile without data is known, too", () => {
  const cache = new TileCache(30);

  cache.put("a", null);

  expect(cache.get("a")).toBeNull();
  expect(cache.get("b")).toBeUndefined();
});

test("a tile that is put again counts once", () => {
  const cache = new TileCache(30);
  cache.put("a", new Uint8Array(10));
  cache.put("a", new Uint8Array(20));

  expect(cache.bytes).toBe(20);
});
