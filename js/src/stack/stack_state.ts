// The traits that a player shares with Python; twin of widgets/_player_state.py.

import type { Range } from "../render/window.ts";
import type { PlayMode } from "./course.ts";
import type { Projection, StackInfo } from "./frame_messages.ts";
import type { Roi } from "./roi_geometry.ts";

export interface StackTraits extends Record<string, unknown> {
  stack: StackInfo;
  frame_index: number;
  plane_index: number;
  playing: boolean;
  frame_rate: number;
  play_mode: PlayMode;
  transport: "auto" | "raw" | "compressed";
  camera: { center?: [number, number]; height?: number };
  rois: Roi[];
  side_views: boolean;
  overlay: Projection | "none";
  overlay_opacity: number;
  overlay_color_map: string;
  overlay_table: string;
  memory_budget: number;
  color_map: string;
  color_maps: string[];
  color_table: string;
  color_range: Range;
  annotations_enabled: boolean;
  ui_collapsed: boolean;
  picture: string;
  error_message: string;
  height: number;
}

/** Traits that change how things look, but not which frames are needed. */
export const STACK_LOOKS = [
  "annotations_enabled",
  "color_map",
  "color_range",
  "color_table",
  "error_message",
  "frame_rate",
  "height",
  "overlay",
  "overlay_color_map",
  "overlay_opacity",
  "overlay_table",
  "play_mode",
  "rois",
  "side_views",
  "transport",
  "ui_collapsed",
] as const satisfies (keyof StackTraits)[];
