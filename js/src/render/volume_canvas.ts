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

/** Opacity over the window: air is clear, the brightest matter nearly solid. */
const OPACITY: [number, number][] = [
  [0, 0],
  [0.18, 0],
  [0.35, 0.06],
  [0.6, 0.3],
  [1, 0.85],
];

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
  #subscription: { unsubscribe(): void };

  constructor(cameraMoved: () => void) {
    this.container.className = "rw-volume";
    this.#window.addRenderer(this.#renderer);
    this.#window.addView(this.#gl);
    this.#gl.setContainer(this.container);
    this.#interactor.setView(this.#gl);
    this.#interactor.initialize();
    this.#interactor.setInteractorStyle(vtkInteractorStyle.newInstance());
    this.#mapper.setMaximumSamplesPerRay(2000);
    this.#mapper.setInputData(this.#image);
    this.#volume.setMapper(this.#mapper);
    const property = this.#volume.getProperty();
    property.setRGBTransferFunction(0, this.#colors);
    property.setScalarOpacity(0, this.#opacity);
    property.setInterpolationTypeToLinear();
    property.setShade(true);
    property.setAmbient(0.25);
    property.setDiffuse(0.75);
    property.setSpecular(0.2);
    this.#subscription = this.#renderer.getActiveCamera().onModified(cameraMoved);
  }

  /** Start listening to the pointer; the container must be in the page. */
  attach(): void {
    this.#interactor.setContainer(this.container);
    this.resize();
  }

  get canvas(): HTMLCanvasElement {
    return this.#gl.getCanvas() as HTMLCanvasElement;
  }

  /** Show a box of voxels; the texture is sent again when the box has changed. */
  show(box: VoxelBox | null, direction: number[]): void {
    if (!box) {
      this.#renderer.removeVolume(this.#volume);
      this.#shown = null;
      this.render();
      return;
    }
    if (this.#shown === box && this.#version === box.version) return;
    if (!this.#shown) this.#renderer.addVolume(this.#volume);
    this.#direction = direction;
    this.#place(box, direction);
    this.#shown = box;
    this.#version = box.version;
    this.render();
  }

  #place(box: VoxelBox, direction: number[]): void {
    const [dz, dy, dx] = box.level.spacing;
    const [depth, height, width] = box.box.shape;
    const [z, y, x] = box.origin;
    this.#image.setDimensions(width, height, depth);
    this.#image.setSpacing([dx, dy, dz]);
    this.#image.setOrigin(frameToWorld(direction, { x, y, z }));
    // vtk.js keeps matrices by columns
    const columns = [0, 3, 6, 1, 4, 7, 2, 5, 8].map((i) => direction[i] ?? 0);
    this.#image.setDirection(Float32Array.from(columns) as never);
    const scalars = vtkDataArray.newInstance({
      name: "voxels",
      values: box.voxels,
      numberOfComponents: box.components,
    });
    this.#image.getPointData().setScalars(scalars);
    this.#image.modified();
    const step = Math.min(dx, dy, dz);
    this.#mapper.setSampleDistance(step);
    this.#volume.getProperty().setIndependentComponents(box.components === 1);
    this.#volume.getProperty().setScalarOpacityUnitDistance(0, 3 * step);
  }

  setTransfer(table: Uint32Array, range: [number, number]): void {
    const [low, high] = range;
    const width = high > low ? high - low : 1;
    this.#colors.removeAllPoints();
    for (let i = 0; i < 256; i += 15) {
      const word = table[i] ?? 0;
      const rgb = [word & 255, (word >> 8) & 255, (word >> 16) & 255].map((v) => v / 255);
      const [r, g, b] = rgb as [number, number, number];
      this.#colors.addRGBPoint(low + (i / 255) * width, r, g, b);
    }
    this.#opacity.removeAllPoints();
    for (const [at, opacity] of OPACITY) this.#opacity.addPoint(low + at * width, opacity);
    this.render();
  }

  /** Show only what lies inside the region. */
  clip(roi: Roi): void {
    this.#mapper.removeAllClippingPlanes();
    for (const axis of AXES) {
      for (const side of ["lower", "upper"] as const) {
        const normal = this.worldAxis(axis).map((v) => (side === "lower" ? v : -v));
        const corner = frameToWorld(this.#direction, roi[side]);
        this.#mapper.addClippingPlane(
          vtkPlane.newInstance({ normal: normal as never, origin: corner }),
        );
      }
    }
    this.render();
  }

  worldAxis(axis: Axis): number[] {
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
    const active = this.#renderer.getActiveCamera();
    active.setPosition(...(camera.position as [number, number, number]));
    active.setFocalPoint(...(camera.focal_point as [number, number, number]));
    active.setViewUp(...(camera.view_up as [number, number, number]));
    this.#renderer.resetCameraClippingRange();
    this.render();
  }

  /** Look at the region from a corner, z up as far as the image says so. */
  resetCamera(roi: Roi, direction: number[]): void {
    this.#direction = direction;
    const lower = frameToWorld(direction, roi.lower);
    const upper = frameToWorld(direction, roi.upper);
    const center = lower.map((v, i) => (v + (upper[i] ?? 0)) / 2);
    const radius = 0.5 * Math.hypot(...lower.map((v, i) => v - (upper[i] ?? 0)));
    const distance = radius / Math.sin((Math.PI / 180) * 15);
    const toward = [0.55, -0.75, 0.4];
    const length = Math.hypot(...toward);
    const camera = this.#renderer.getActiveCamera();
    camera.setFocalPoint(...(center as [number, number, number]));
    const position = center.map((v, i) => v + ((toward[i] ?? 0) / length) * distance);
    camera.setPosition(...(position as [number, number, number]));
    camera.setViewUp(0, 0, 1);
    camera.setViewAngle(30);
    this.#renderer.resetCameraClippingRange();
    this.render();
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

  destroy(): void {
    cancelAnimationFrame(this.#frame);
    this.#subscription.unsubscribe();
    this.#interactor.setContainer(null);
    const context = this.canvas.getContext("webgl2");
    for (const part of [this.#interactor, this.#volume, this.#mapper, this.#renderer]) {
      part.delete();
    }
    this.#gl.setContainer(null);
    this.#gl.delete();
    this.#window.delete();
    context?.getExtension("WEBGL_lose_context")?.loseContext();
  }
}

/** Whether this browser can draw volumes at all. */
export function hasWebGl2(): boolean {
  const probe = document.createElement("canvas").getContext("webgl2");
  probe?.getExtension("WEBGL_lose_context")?.loseContext();
  return probe !== null;
}
