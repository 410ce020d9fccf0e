// The volume view: the only module that imports vtk.js.

import "@kitware/vtk.js/Rendering/OpenGL/Profiles/Volume.js";
import vtkDataArray from "@kitware/vtk.js/Common/Core/DataArray.js";
import vtkImageData from "@kitware/vtk.js/Common/DataModel/ImageData.js";
import vtkPlane from "@kitware/vtk.js/Common/DataModel/Plane.js";
import vtkInteractorStyle from "@kitware/vtk.js/Interaction/Style/InteractorStyleTrackballCamera.js";
import vtkRenderer from "@kitware/vtk.js/Rendering/Core/Renderer.js";
import vtkRenderWindow from "@kitware/vtk.js/Rendering/Core/RenderWindow.js";
import vtkInteractor from "@kitware/vtk.js/Rendering/Core/RenderWindowInteractor.js";
import vtkVolume from "@kitware/vtk.js/Rendering/Core/Volume.js";
import vtkVolumeMapper from "@kitware/vtk.js/Rendering/Core/VolumeMapper.js";
import vtkOpenGLRenderWindow from "@kitware/vtk.js/Rendering/OpenGL/RenderWindow.js";
import { AXES, axisIndex, frameToWorld } from "../geometry.ts";
import type { Axis, Point, PointSet, Roi, Voxels } from "../messages.ts";
import { interleave, type VoxelBox } from "../streaming/voxel_box.ts";
import { type Drawn, PacedDrawing } from "./paced_drawing.ts";
import { textureRange, textureVoxels, toTexture } from "./texture_values.ts";
import { LookFunctions, type Projection, type VolumeLook } from "./volume_look.ts";
import { VolumePoints } from "./volume_points.ts";
import type { Range } from "./window.ts";

export interface VolumeCamera {
  position: number[];
  focal_point: number[];
  view_up: number[];
}

const BLEND_MODES: Record<Projection, number> = {
  composite: 0,
  maximum: 1,
  minimum: 2,
  average: 3,
};
/** While the volume is turned, samples are so much farther apart. */
const COARSER = 2;
/** Voxels; a cut along the very end of a volume would be drawn speckled. */
const CUT_TOLERANCE = 0.01;
/** Above this, half floats come near their end. */
const HALF_FLOAT_SAFE = 30_000;
const VIEW_ANGLE = 30;
/** From where a volume is first seen, along its own axes; z points down, as in the planes. */
const TOWARD: [number, number, number] = [0.45, 0.85, -0.4];
/** Share of the bounding sphere that fits. */
const FILL = 1;

export class VolumeCanvas {
  readonly container = document.createElement("div");
  #window = vtkRenderWindow.newInstance();
  #gl = vtkOpenGLRenderWindow.newInstance();
  #renderer = vtkRenderer.newInstance();
  #interactor = vtkInteractor.newInstance();
  #mapper = vtkVolumeMapper.newInstance();
  #volume = vtkVolume.newInstance();
  #functions = new LookFunctions(this.#volume.getProperty());
  #image = vtkImageData.newInstance();
  #points = new VolumePoints(this.#renderer);
  #background = "";
  /**
   * What is seen: a copy of what the graphics card has finished. Without a card the page would
   * wait for a drawing that is not done, for up to a second.
   */
  readonly screen = document.createElement("canvas");
  #shown: VoxelBox[] = [];
  /** Range that is 0 to 1 in the texture, null where values are there as they are. */
  #scale: Range | null = null;
  #look: VolumeLook | null = null;
  #version = "";
  #direction: number[] = [1, 0, 0, 0, 1, 0, 0, 0, 1];
  #drawing: PacedDrawing;
  /** What `show` was told last and is not in the texture yet. */
  #placing: (() => void) | null = null;
  /** The camera when it was looked at last: only other changes are somebody's. */
  #view = "";
  #isMovedByUs = false;
  #subscription: { unsubscribe(): void };
  #drawn: () => void;
  /** Shortest side of a voxel that is shown. */
  #step = 1;
  #sampleDistance = 0.7;

  /**
   * @param drawn called after each drawing, when overlays have to follow
   * @param moved called when the user has moved the camera
   * @param settled called when all is drawn as finely as it will be
   */
  constructor(drawn: () => void, moved: () => void, settled: () => void) {
    this.#drawing = new PacedDrawing({
      draw: (side) => this.#draw(side),
      show: () => this.#show(),
      context: () => this.#context,
      settled,
    });
    this.container.className = "rw-volume";
    this.#drawn = drawn;
    this.#window.addRenderer(this.#renderer);
    this.#window.addView(this.#gl);
    // what was drawn last can be read at any time: pictures need no drawing of their own
    this.canvas.getContext("webgl2", { preserveDrawingBuffer: true });
    this.#gl.setContainer(this.container);
    this.canvas.className = "rw-gl";
    this.container.prepend(this.screen);
    this.#interactor.setView(this.#gl);
    this.#interactor.initialize();
    this.#interactor.set({ enableRender: false });
    this.#interactor.onRenderEvent(() => this.render());
    this.#interactor.setInteractorStyle(vtkInteractorStyle.newInstance());
    this.#mapper.setMaximumSamplesPerRay(2000);
    this.#mapper.setInteractionSampleDistanceFactor(COARSER);
    this.#mapper.setAutoAdjustSampleDistances(false);
    this.#mapper.setInputData(this.#image);
    this.#volume.setMapper(this.#mapper);
    this.#subscription = this.#renderer.getActiveCamera().onModified(() => {
      const view = JSON.stringify(this.getCamera());
      if (view === this.#view || this.#isMovedByUs) return;
      this.#view = view;
      this.#drawn();
      moved();
    });
  }

  /** Start listening to the pointer; the container must be in the page. */
  attach(): void {
    this.#interactor.setContainer(this.container);
    this.resize();
  }

  /** Where the graphics card draws. */
  get canvas(): HTMLCanvasElement {
    return this.#gl.getCanvas() as HTMLCanvasElement;
  }

  /** Show boxes of voxels, all of which are there, on one grid: one for each component. */
  show(boxes: VoxelBox[], valueRange: Range, direction: number[]): void {
    const [first] = boxes;
    if (!first) {
      if (this.#shown.length > 0) this.#renderer.removeVolume(this.#volume);
      this.#shown = [];
      this.#placing = null;
      this.render();
      return;
    }
    const isSame =
      boxes.length === this.#shown.length && boxes.every((b, i) => b === this.#shown[i]);
    const version = `${boxes.map((box) => box.version)}|${direction}`;
    if (isSame && this.#version === version) return;
    if (this.#shown.length === 0) this.#renderer.addVolume(this.#volume);
    this.#placing = () => this.#place(first, interleave(boxes), valueRange, direction);
    this.#shown = boxes;
    this.#version = version;
    this.render();
  }

  /** Show points of the frame. */
  showPoints(sets: PointSet[], direction: number[]): void {
    if (this.#points.show(sets, direction)) this.render();
  }

  #place(box: VoxelBox, voxels: Voxels, valueRange: Range, direction: number[]): void {
    const [dz, dy, dx] = box.level.spacing;
    const [depth, height, width] = box.box.shape;
    const [z, y, x] = box.origin;
    this.#direction = direction;
    this.#image.setDimensions(width, height, depth);
    this.#image.setSpacing([dx, dy, dz]);
    this.#image.setOrigin(frameToWorld(direction, { x, y, z }));
    // vtk.js keeps matrices by columns
    const columns = [0, 3, 6, 1, 4, 7, 2, 5, 8].map((i) => direction[i] ?? 0);
    this.#image.setDirection(Float32Array.from(columns) as never);
    this.#setScale(textureRange(box.dtype, valueRange));
    const values = textureVoxels(voxels, valueRange, this.#scale);
    const count = Math.round(values.length / (width * height * depth));
    const scalars = vtkDataArray.newInstance({ name: "voxels", values, numberOfComponents: count });
    // a known range spares vtk.js a pass over all voxels
    const [low, high] = valueRange.map(toTexture(this.#scale)) as Range;
    for (let i = 0; i < count; i++) {
      scalars.setRange({ min: low - (high - low), max: high + (high - low) }, i);
    }
    this.#image.getPointData().setScalars(scalars);
    this.#image.modified();
    const step = Math.min(dx, dy, dz);
    this.#step = step;
    this.#mapper.setSampleDistance(this.#sampleDistance * step);
    const property = this.#volume.getProperty();
    const isSafe = Math.max(Math.abs(low), Math.abs(high)) < HALF_FLOAT_SAFE;
    property.set({ preferSizeOverAccuracy: isSafe });
    const distance = 2 * step * Math.max(1, Math.cbrt(depth * height * width) / 128);
    for (let i = 0; i < count; i++) property.setScalarOpacityUnitDistance(i, distance);
  }

  #setScale(scale: Range | null): void {
    const isSame = `${this.#scale}` === `${scale}`;
    this.#scale = scale;
    if (!isSame && this.#look) this.setLook(this.#look);
  }

  setLook(look: VolumeLook): void {
    this.#look = look;
    this.#functions.set(look, toTexture(this.#scale));
    this.#mapper.setBlendMode(BLEND_MODES[look.projection]);
    this.#sampleDistance = look.sampleDistance;
    this.#mapper.setSampleDistance(look.sampleDistance * this.#step);
    this.render();
  }

  /** Show only what lies inside the region; where the box ends with it, nothing is cut. */
  clip(roi: Roi, box: VoxelBox, direction: number[]): void {
    this.#direction = direction;
    this.#mapper.removeAllClippingPlanes();
    for (const axis of AXES) {
      const [low, high] = box.edges(axis);
      const tolerance = CUT_TOLERANCE * box.level.spacing[axisIndex(axis)];
      if (roi.lower[axis] > low + tolerance) this.#cut(axis, 1, roi.lower);
      if (roi.upper[axis] < high - tolerance) this.#cut(axis, -1, roi.upper);
    }
    this.render();
  }

  /** Leave out what lies on one side of a plane across an axis. */
  #cut(axis: Axis, toward: 1 | -1, corner: Point): void {
    const normal = this.#worldAxis(axis).map((v) => toward * v);
    const origin = frameToWorld(this.#direction, corner);
    this.#mapper.addClippingPlane(vtkPlane.newInstance({ normal: normal as never, origin }));
  }

  #worldAxis(axis: Axis): number[] {
    const i = 2 - axisIndex(axis);
    return [0, 3, 6].map((row) => this.#direction[row + i] ?? 0);
  }

  /** CSS pixel, relative to the container, where a point of the frame is drawn. */
  project(point: Point): [number, number] {
    const world = frameToWorld(this.#direction, point);
    const { clientWidth: width, clientHeight: height } = this.container;
    const aspect = (width || 1) / (height || 1);
    const [x, y] = this.#renderer.worldToNormalizedDisplay(...world, aspect) as number[];
    return [(x ?? 0) * width, (1 - (y ?? 0)) * height];
  }

  getCamera(): VolumeCamera {
    const camera = this.#renderer.getActiveCamera();
    return {
      position: [...camera.getPosition()],
      focal_point: [...camera.getFocalPoint()],
      view_up: [...camera.getViewUp()],
    };
  }

  setCamera(camera: VolumeCamera): void {
    const { position, focal_point: focalPoint, view_up: viewUp } = camera;
    this.#isMovedByUs = true;
    this.#renderer.getActiveCamera().set({ position, focalPoint, viewUp });
    this.#isMovedByUs = false;
    this.#view = JSON.stringify(this.getCamera());
    this.#renderer.resetCameraClippingRange();
    this.#drawn();
    this.render();
  }

  /** Turn the camera around what it looks at, as a drag does; in degrees. */
  rotate(right: number, down: number): void {
    const camera = this.#renderer.getActiveCamera();
    camera.azimuth(-right);
    camera.elevation(down);
    camera.orthogonalizeViewUp();
    this.render();
  }

  /** Turn the camera sideways, without telling that somebody moved it; in degrees. */
  turn(degrees: number): void {
    this.#isMovedByUs = true;
    this.#renderer.getActiveCamera().azimuth(degrees);
    this.#isMovedByUs = false;
    this.#view = JSON.stringify(this.getCamera());
    this.#drawn();
    this.render();
  }

  setBackground(color: string): void {
    if (color === this.#background) return;
    this.#background = color;
    const [r = 0, g = 0, b = 0] = [1, 3, 5].map((i) => Number.parseInt(color.slice(i, i + 2), 16));
    this.#renderer.setBackground(r / 255, g / 255, b / 255);
    this.render();
  }

  /** Look at a region from a corner, its z axis up. */
  resetCamera(roi: Roi, direction: number[]): void {
    this.#direction = direction;
    const [x, y, z] = TOWARD;
    this.#renderer.getActiveCamera().setViewAngle(VIEW_ANGLE);
    this.#frameRegion(
      roi,
      frameToWorld(direction, { x, y, z }),
      this.#worldAxis("z").map((v) => -v),
    );
  }

  /** Look at a region from where the camera is now. */
  lookAt(roi: Roi, direction: number[]): void {
    this.#direction = direction;
    const { position, focal_point: focus, view_up: up } = this.getCamera();
    const toward = position.map((v, i) => v - (focus[i] ?? 0));
    this.#frameRegion(roi, toward, up);
  }

  #frameRegion(roi: Roi, toward: number[], up: number[]): void {
    const lower = frameToWorld(this.#direction, roi.lower);
    const upper = frameToWorld(this.#direction, roi.upper);
    const center = lower.map((v, i) => (v + (upper[i] ?? 0)) / 2);
    const radius = 0.5 * Math.hypot(...lower.map((v, i) => v - (upper[i] ?? 0)));
    const { clientWidth, clientHeight } = this.container;
    const narrowness = Math.max(1, clientHeight / (clientWidth || 1));
    const distance = (FILL * narrowness * radius) / Math.sin((Math.PI / 360) * VIEW_ANGLE);
    const length = Math.hypot(...toward);
    this.setCamera({
      position: center.map((v, i) => v + ((toward[i] ?? 0) / length) * distance),
      focal_point: center,
      view_up: up,
    });
  }

  resize(): void {
    this.render();
  }

  /** Draw before the next frame. */
  render(): void {
    this.#drawing.request();
  }

  /** Whether everything that was asked for has been drawn, as finely as it will be. */
  get isSettled(): boolean {
    return this.#drawing.isSettled;
  }

  get #context(): WebGL2RenderingContext | null {
    return this.canvas.getContext("webgl2");
  }

  /** Milliseconds that it took lately to show other voxels. */
  get changeMs(): number {
    return this.#drawing.changeMs;
  }

  #draw(side: number): Drawn {
    if (!this.container.isConnected) return "nothing";
    const isOther = this.#placing !== null;
    this.#placing?.();
    this.#placing = null;
    const ratio = side * Math.min(window.devicePixelRatio || 1, 2);
    const width = Math.max(1, Math.round(this.container.clientWidth * ratio));
    const height = Math.max(1, Math.round(this.container.clientHeight * ratio));
    this.#gl.setSize(width, height);
    this.#renderer.resetCameraClippingRange();
    this.#gl.traverseAllPasses();
    return isOther ? "other" : "same";
  }

  #show(): void {
    const { width, height } = this.canvas;
    if (this.screen.width !== width) this.screen.width = width;
    if (this.screen.height !== height) this.screen.height = height;
    this.screen.getContext("2d")?.drawImage(this.canvas, 0, 0);
  }

  /** The colours drawn now: RGBA, rows from the top. */
  readPixels(): { width: number; height: number; data: Uint8Array } {
    this.#draw(1);
    const { width, height } = this.canvas;
    const gl = this.#context;
    const upward = new Uint8Array(4 * width * height);
    gl?.readPixels(0, 0, width, height, gl.RGBA, gl.UNSIGNED_BYTE, upward);
    const data = new Uint8Array(upward.length);
    for (let row = 0; row < height; row++) {
      const from = 4 * width * (height - 1 - row);
      data.set(upward.subarray(from, from + 4 * width), 4 * width * row);
    }
    return { width, height, data };
  }

  destroy(): void {
    this.#drawing.close();
    this.#subscription.unsubscribe();
    this.#interactor.setContainer(null);
    const context = this.#context;
    const parts = [this.#volume, this.#mapper, this.#image, this.#functions, this.#points];
    for (const part of [this.#interactor, ...parts, this.#renderer]) part.delete();
    this.#gl.setContainer(null);
    this.#gl.delete();
    this.#window.delete();
    if (!context?.isContextLost()) context?.getExtension("WEBGL_lose_context")?.loseContext();
  }
}
