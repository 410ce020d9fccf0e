// The volume view: the only module that imports vtk.js.

import "@kitware/vtk.js/Rendering/OpenGL/Profiles/Volume.js";
import vtkDataArray from "@kitware/vtk.js/Common/Core/DataArray.js";
import vtkImageData from "@kitware/vtk.js/Common/DataModel/ImageData.js";
import vtkPiecewiseFunction from "@kitware/vtk.js/Common/DataModel/PiecewiseFunction.js";
import vtkPlane from "@kitware/vtk.js/Common/DataModel/Plane.js";
import vtkInteractorStyle from "@kitware/vtk.js/Interaction/Style/InteractorStyleTrackballCamera.js";
import vtkColorTransferFunction from "@kitware/vtk.js/Rendering/Core/ColorTransferFunction.js";
import vtkRenderer from "@kitware/vtk.js/Rendering/Core/Renderer.js";
import vtkRenderWindow from "@kitware/vtk.js/Rendering/Core/RenderWindow.js";
import vtkInteractor from "@kitware/vtk.js/Rendering/Core/RenderWindowInteractor.js";
import vtkVolume from "@kitware/vtk.js/Rendering/Core/Volume.js";
import vtkVolumeMapper from "@kitware/vtk.js/Rendering/Core/VolumeMapper.js";
import vtkOpenGLRenderWindow from "@kitware/vtk.js/Rendering/OpenGL/RenderWindow.js";
import { AXES, axisIndex, frameToWorld } from "../geometry.ts";
import type { Axis, Point, Roi } from "../messages.ts";
import type { VoxelBox } from "../streaming/voxel_box.ts";

export interface VolumeCamera {
  position: number[];
  focal_point: number[];
  view_up: number[];
}

export type Projection = "composite" | "maximum" | "minimum" | "average";

/** How voxels become a picture; twin of the traits in widgets/_volume_look.py. */
export interface VolumeLook {
  /** 256 colours over the window. */
  table: Uint32Array;
  window: [number, number];
  /** Values and their opacity, for the composite. */
  opacity: [value: number, opacity: number][];
  projection: Projection;
  /** 0: flat parts are drawn like edges; 1: they are clear. */
  gradientOpacity: number;
  shading: boolean;
  /** Voxels between two samples along a ray. */
  sampleDistance: number;
}

const BLEND_MODES: Record<Projection, number> = {
  composite: 0,
  maximum: 1,
  minimum: 2,
  average: 3,
};
/** Gradient, as a share of the window per voxel, that is drawn as an edge. */
const STEEP = 0.12;
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
  #renderer = vtkRenderer.newInstance({ background: [0.05, 0.055, 0.065] });
  #interactor = vtkInteractor.newInstance();
  #mapper = vtkVolumeMapper.newInstance();
  #volume = vtkVolume.newInstance();
  #colors = vtkColorTransferFunction.newInstance();
  #opacity = vtkPiecewiseFunction.newInstance();
  #image = vtkImageData.newInstance();
  #shown: VoxelBox | null = null;
  #version = -1;
  #direction: number[] = [1, 0, 0, 0, 1, 0, 0, 0, 1];
  #frame = 0;
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
   */
  constructor(drawn: () => void, moved: () => void) {
    this.container.className = "rw-volume";
    this.#drawn = drawn;
    this.#window.addRenderer(this.#renderer);
    this.#window.addView(this.#gl);
    this.#gl.setContainer(this.container);
    this.#interactor.setView(this.#gl);
    this.#interactor.initialize();
    this.#interactor.setInteractorStyle(vtkInteractorStyle.newInstance());
    this.#mapper.setMaximumSamplesPerRay(2000);
    this.#mapper.setInteractionSampleDistanceFactor(COARSER);
    this.#mapper.setInputData(this.#image);
    this.#volume.setMapper(this.#mapper);
    this.#setLook();
    this.#subscription = this.#renderer.getActiveCamera().onModified(() => {
      const view = JSON.stringify(this.getCamera());
      if (view === this.#view || this.#isMovedByUs) return;
      this.#view = view;
      this.#drawn();
      moved();
    });
  }

  #setLook(): void {
    const property = this.#volume.getProperty();
    property.setRGBTransferFunction(0, this.#colors);
    property.setScalarOpacity(0, this.#opacity);
    property.setInterpolationTypeToLinear();
    // noise of the voxels does not show on what is solid
    property.setComputeNormalFromOpacity(true);
    property.setAmbient(0.6);
    property.setDiffuse(0.5);
    property.setSpecular(0.1);
    property.setSpecularPower(12);
  }

  /** Start listening to the pointer; the container must be in the page. */
  attach(): void {
    this.#interactor.setContainer(this.container);
    this.resize();
  }

  get canvas(): HTMLCanvasElement {
    return this.#gl.getCanvas() as HTMLCanvasElement;
  }

  /** Show a box of voxels, all of which are there. */
  show(box: VoxelBox | null, valueRange: [number, number], direction: number[]): void {
    if (!box) {
      if (this.#shown) this.#renderer.removeVolume(this.#volume);
      this.#shown = null;
      this.render();
      return;
    }
    const isSame = this.#shown === box && `${this.#direction}` === `${direction}`;
    if (isSame && this.#version === box.version) return;
    if (!this.#shown) this.#renderer.addVolume(this.#volume);
    this.#place(box, valueRange, direction);
    this.#shown = box;
    this.#version = box.version;
    this.render();
  }

  #place(box: VoxelBox, valueRange: [number, number], direction: number[]): void {
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
    const scalars = vtkDataArray.newInstance({
      name: "voxels",
      values: box.voxels,
      numberOfComponents: 1,
    });
    // a known range spares vtk.js a pass over all voxels
    const [low, high] = valueRange;
    scalars.setRange({ min: low - (high - low), max: high + (high - low) }, 0);
    this.#image.getPointData().setScalars(scalars);
    this.#image.modified();
    const step = Math.min(dx, dy, dz);
    this.#step = step;
    this.#mapper.setSampleDistance(this.#sampleDistance * step);
    const property = this.#volume.getProperty();
    const isSafe = Math.max(Math.abs(low), Math.abs(high)) < HALF_FLOAT_SAFE;
    property.set({ preferSizeOverAccuracy: isSafe });
    property.setScalarOpacityUnitDistance(
      0,
      2 * step * Math.max(1, Math.cbrt(depth * height * width) / 128),
    );
  }

  setLook(look: VolumeLook): void {
    this.#setColors(look.table, look.window);
    const isComposite = look.projection === "composite";
    const [low, high] = look.window;
    const opaque: VolumeLook["opacity"] = [
      [low, 1],
      [high, 1],
    ];
    this.#opacity.removeAllPoints();
    for (const point of isComposite ? look.opacity : opaque) this.#opacity.addPoint(...point);
    const property = this.#volume.getProperty();
    property.setShade(look.shading && isComposite);
    property.setUseGradientOpacity(0, isComposite);
    property.setGradientOpacityMinimumValue(0, 0);
    property.setGradientOpacityMinimumOpacity(0, 1 - look.gradientOpacity);
    property.setGradientOpacityMaximumValue(0, STEEP * Math.max(high - low, 1e-30));
    property.setGradientOpacityMaximumOpacity(0, 1);
    this.#mapper.setBlendMode(BLEND_MODES[look.projection]);
    this.#sampleDistance = look.sampleDistance;
    this.#mapper.setSampleDistance(look.sampleDistance * this.#step);
    this.render();
  }

  #setColors(table: Uint32Array, [low, high]: [number, number]): void {
    const width = high > low ? high - low : 1;
    this.#colors.removeAllPoints();
    for (let i = 0; i < 256; i += 15) {
      const word = table[i] ?? 0;
      const rgb = [word & 255, (word >> 8) & 255, (word >> 16) & 255].map((v) => v / 255);
      const [r, g, b] = rgb as [number, number, number];
      this.#colors.addRGBPoint(low + (i / 255) * width, r, g, b);
    }
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
    const [x, y] = this.#gl.worldToDisplay(...world, this.#renderer) as unknown as number[];
    const ratio = (this.canvas.width || 1) / (this.container.clientWidth || 1);
    return [(x ?? 0) / ratio, this.container.clientHeight - (y ?? 0) / ratio];
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
    const ratio = Math.min(window.devicePixelRatio || 1, 2);
    const width = Math.max(1, Math.floor(this.container.clientWidth * ratio));
    const height = Math.max(1, Math.floor(this.container.clientHeight * ratio));
    this.#gl.setSize(width, height);
    this.render();
  }

  /** Draw before the next frame. */
  render(): void {
    if (this.#frame) return;
    this.#frame = requestAnimationFrame(() => {
      this.#frame = 0;
      if (this.container.isConnected) {
        this.#renderer.resetCameraClippingRange();
        this.#window.render();
      }
    });
  }

  /** Whether everything that was asked for has been drawn. */
  get isSettled(): boolean {
    return this.#frame === 0;
  }

  /** The colours drawn now: RGBA, rows from the top. */
  readPixels(): { width: number; height: number; data: Uint8Array } {
    this.#window.render();
    const { width, height } = this.canvas;
    const gl = this.canvas.getContext("webgl2");
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
    cancelAnimationFrame(this.#frame);
    this.#subscription.unsubscribe();
    this.#interactor.setContainer(null);
    const context = this.canvas.getContext("webgl2");
    const parts = [this.#volume, this.#mapper, this.#image, this.#colors, this.#opacity];
    for (const part of [this.#interactor, ...parts, this.#renderer]) part.delete();
    this.#gl.setContainer(null);
    this.#gl.delete();
    this.#window.delete();
    if (!context?.isContextLost()) context?.getExtension("WEBGL_lose_context")?.loseContext();
  }
}

/** Whether this browser can draw volumes at all. */
export function hasWebGl2(): boolean {
  const probe = document.createElement("canvas").getContext("webgl2");
  probe?.getExtension("WEBGL_lose_context")?.loseContext();
  return probe !== null;
}
