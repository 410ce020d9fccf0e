// A picture of the views as they are on screen: their canvases, and the drawings over them.

/** One view: its element, in which the canvas and an overlay of SVG lie. */
export interface PicturedView {
  element: HTMLElement;
  canvas: HTMLCanvasElement;
}

/** What style sheets say of lines and letters, and a picture on its own does not know. */
const STYLES = [
  "display",
  "fill",
  "fill-opacity",
  "font-family",
  "font-size",
  "font-weight",
  "opacity",
  "paint-order",
  "stroke",
  "stroke-dasharray",
  "stroke-linejoin",
  "stroke-opacity",
  "stroke-width",
  "text-anchor",
  "visibility",
];

/** Return the views inside a frame as a PNG in base64, in device pixels. */
export async function takePicture(frame: HTMLElement, views: PicturedView[]): Promise<string> {
  const ratio = window.devicePixelRatio || 1;
  const whole = frame.getBoundingClientRect();
  const sheet = document.createElement("canvas");
  sheet.width = Math.round(whole.width * ratio);
  sheet.height = Math.round(whole.height * ratio);
  const context = sheet.getContext("2d");
  if (!context) throw new Error("this browser has no 2-D canvas");
  context.fillStyle = window.getComputedStyle(frame).backgroundColor;
  context.fillRect(0, 0, sheet.width, sheet.height);
  context.scale(ratio, ratio);
  for (const { element, canvas } of views) {
    const { left, top, width, height } = element.getBoundingClientRect();
    const place = [left - whole.left, top - whole.top, width, height] as const;
    context.drawImage(canvas, ...place);
    const overlay = element.querySelector<SVGSVGElement>("svg.rw-overlay");
    if (overlay) context.drawImage(await asImage(overlay, width, height), ...place);
  }
  // encoded beside the main thread
  const blob = await new Promise<Blob | null>((resolve) => sheet.toBlob(resolve, "image/png"));
  if (!blob) throw new Error("the views are too large for a picture");
  const url = await new Promise<string>((resolve) => {
    const reader = new FileReader();
    reader.onload = () => resolve(String(reader.result));
    reader.readAsDataURL(blob);
  });
  return url.slice(url.indexOf(",") + 1);
}

async function asImage(
  svg: SVGSVGElement,
  width: number,
  height: number,
): Promise<HTMLImageElement> {
  const copy = svg.cloneNode(true) as SVGSVGElement;
  const [originals, copies] = [svg, copy].map((root) => root.querySelectorAll<SVGElement>("*"));
  originals?.forEach((original, i) => {
    const computed = window.getComputedStyle(original);
    for (const name of STYLES) {
      (copies?.[i] as SVGElement).style.setProperty(name, computed.getPropertyValue(name));
    }
  });
  copy.setAttribute("width", String(width));
  copy.setAttribute("height", String(height));
  const image = new Image();
  const text = new XMLSerializer().serializeToString(copy);
  image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(text)}`;
  await image.decode();
  return image;
}
