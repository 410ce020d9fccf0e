// How voxels become the picture of a volume: colours, opacity, light; twin of widgets/_volume_look.py.

import vtkPiecewiseFunction from "@kitware/vtk.js/Common/DataModel/PiecewiseFunction.js";
import vtkColorTransferFunction from "@kitware/vtk.js/Rendering/Core/ColorTransferFunction.js";
import type vtkVolume from "@kitware/vtk.js/Rendering/Core/Volume.js";
import { decodeTable } from "./colors.ts";
import { automaticCurve, type OpacityPoint } from "./opacity_curve.ts";
import { type Range, valueAt } from "./window.ts";

type VolumeProperty = ReturnType<vtkVolume["getProperty"]>;

export type Projection = "composite" | "maximum" | "minimum" | "average";

/** Colours of one component: 256 over a window, in base64. */
export interface VolumeColors {
  table: string;
  window: Range;
}

export interface VolumeLook {
  /** One for each component. */
  colors: VolumeColors[];
  /** Values and their opacity, for the composite of one component; [] follows the window. */
  opacity: OpacityPoint[];
  projection: Projection;
  /** 0: flat parts are drawn like edges; 1: they are clear. */
  gradientOpacity: number;
  /** 0 to 1: how steep what is drawn fully must be. */
  gradientScale: number;
  /** 0 to 1: share of light that the volume itself shades. */
  scattering: number;
  shading: boolean;
  /** Voxels between two samples along a ray. */
  sampleDistance: number;
}

/** Gradient, as a share of the window per voxel, that is drawn as an edge at scale 1. */
const STEEPEST = 0.24;

interface Component {
  colors: vtkColorTransferFunction;
  opacity: vtkPiecewiseFunction;
}

/** The transfer functions of a volume, one pair for each component. */
export class LookFunctions {
  #property: VolumeProperty;
  #components: Component[] = [];

  constructor(property: VolumeProperty) {
    this.#property = property;
    property.setInterpolationTypeToLinear();
    // noise of the voxels does not show on what is solid
    property.setComputeNormalFromOpacity(true);
    property.setAmbient(0.6);
    property.setDiffuse(0.5);
    property.setSpecular(0.1);
    property.setSpecularPower(12);
    this.#component(0);
  }

  /** @param convert tells how a value of the image is in the texture */
  set(look: VolumeLook, convert: (value: number) => number): void {
    const isComposite = look.projection === "composite";
    const isSingle = look.colors.length === 1;
    look.colors.forEach(({ table, window }, i) => {
      const { colors, opacity } = this.#component(i);
      const range = window.map(convert) as Range;
      setColors(colors, table, range);
      const edited = isSingle && look.opacity.length > 0;
      const curve = edited ? look.opacity : automaticCurve(window);
      const converted = curve.map(([value, o]): OpacityPoint => [convert(value), o]);
      setOpacity(opacity, isComposite ? converted : opaque(range));
      this.#setGradient(i, look, range);
    });
    this.#property.setIndependentComponents(true);
    this.#property.setVolumetricScatteringBlending(isComposite ? look.scattering : 0);
    this.#property.setShade(look.shading && isComposite && isSingle);
  }

  delete(): void {
    for (const { colors, opacity } of this.#components) {
      colors.delete();
      opacity.delete();
    }
  }

  #component(i: number): Component {
    const known = this.#components[i];
    if (known) return known;
    const made = {
      colors: vtkColorTransferFunction.newInstance(),
      opacity: vtkPiecewiseFunction.newInstance(),
    };
    this.#components[i] = made;
    this.#property.setRGBTransferFunction(i, made.colors);
    this.#property.setScalarOpacity(i, made.opacity);
    return made;
  }

  #setGradient(i: number, look: VolumeLook, [low, high]: Range): void {
    const property = this.#property;
    property.setUseGradientOpacity(i, look.projection === "composite");
    property.setGradientOpacityMinimumValue(i, 0);
    property.setGradientOpacityMinimumOpacity(i, 1 - look.gradientOpacity);
    property.setGradientOpacityMaximumValue(
      i,
      STEEPEST * look.gradientScale * Math.max(high - low, 1e-30),
    );
    property.setGradientOpacityMaximumOpacity(i, 1);
  }
}

function opaque([low, high]: Range): OpacityPoint[] {
  return [
    [low, 1],
    [high, 1],
  ];
}

function setOpacity(opacity: vtkPiecewiseFunction, points: OpacityPoint[]): void {
  opacity.removeAllPoints();
  for (const point of points) opacity.addPoint(...point);
}

function setColors(colors: vtkColorTransferFunction, encoded: string, range: Range): void {
  const table = decodeTable(encoded);
  colors.removeAllPoints();
  for (let i = 0; i < 256; i += 15) {
    const word = table[i] ?? 0;
    const rgb = [word & 255, (word >> 8) & 255, (word >> 16) & 255].map((v) => v / 255);
    const [r, g, b] = rgb as [number, number, number];
    colors.addRGBPoint(valueAt(range, i / 255), r, g, b);
  }
}
