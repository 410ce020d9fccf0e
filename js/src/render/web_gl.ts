// What the graphics of this browser can do.

/** Whether this browser can draw volumes at all. */
export function hasWebGl2(): boolean {
  const probe = document.createElement("canvas").getContext("webgl2");
  probe?.getExtension("WEBGL_lose_context")?.loseContext();
  return probe !== null;
}
