// Jobs and layers for tests.

import type { LayerInfo, Level, Reply, Triple } from "../src/messages.ts";
import type { Job } from "../src/streaming/scheduler.ts";

export function job(options: Partial<Job> = {}): Job {
  return {
    image: "image-1",
    owner: {},
    target: {},
    level: 0,
    time: 0,
    channel: 0,
    start: [0, 0, 0],
    shape: [1, 1, 1],
    priority: 0,
    done: () => {},
    failed: () => {},
    ...options,
  };
}

export function reply(id: number, generation = 0): Reply {
  const box = { start: [0, 0, 0] as Triple, shape: [1, 1, 1] as Triple };
  return { kind: "chunk", id, generation, ...box, voxels: new Uint8Array(1) };
}

export function level(shape: Triple, spacing: Triple = [1, 1, 1], origin?: Triple): Level {
  return { shape, spacing, origin: origin ?? [0, 0, 0] };
}

/** Levels of a cube, each half the one before, with the same outer edges. */
export function pyramid(size: number, count: number): Level[] {
  return Array.from({ length: count }, (_, i) => {
    const step = 2 ** i;
    const origin = 0.5 * (step - 1);
    const side = size / step;
    return level([side, side, side], [step, step, step], [origin, origin, origin]);
  });
}

export function layer(levels: Level[], options: Partial<LayerInfo> = {}): LayerInfo {
  return {
    id: "image-1",
    kind: "image",
    name: "Image",
    dtype: "uint8",
    exact: true,
    components: 1,
    times: 1,
    channels: 1,
    channel_names: [],
    value_range: [0, 255],
    levels,
    ...options,
  };
}
