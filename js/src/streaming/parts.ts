// What is loaded of a scene: its layers, and of channels that are drawn together each on its own.

import type { LayerInfo } from "../messages.ts";

/** A layer, or one of its channels. */
export interface Part {
  info: LayerInfo;
  /** Null where the channel is the one that is chosen for all. */
  channel: number | null;
}

/** As MOST_CHANNELS of widgets/_channel_look.py. */
const MOST_CHANNELS = 16;

/** The parts of a scene's layers; images that are compared show one channel each. */
export function partsOf(layers: LayerInfo[], together: boolean, visible: boolean[]): Part[] {
  const isCompared = layers.some((info) => roleOf(info) === "moving");
  return layers.flatMap((info): Part[] => {
    const isSplit = together && !isCompared && info.kind === "image" && info.channels > 1;
    if (!isSplit) return [{ info, channel: null }];
    const all = Array.from({ length: Math.min(info.channels, MOST_CHANNELS) }, (_, c) => c);
    const shown = all.filter((channel) => visible[channel] ?? true);
    // with none of them, the first stands for the image
    return (shown.length > 0 ? shown : [0]).map((channel) => ({ info, channel }));
  });
}

/** What a layer is for; ids are made of it and a number. */
export function roleOf(info: LayerInfo): string {
  return info.id.split("-")[0] ?? "";
}
