// Points in the volume view: spheres that voxels in front of them hide.

import "@kitware/vtk.js/Rendering/OpenGL/Actor.js";
import "@kitware/vtk.js/Rendering/OpenGL/SphereMapper.js";
import vtkPolyData from "@kitware/vtk.js/Common/DataModel/PolyData.js";
import vtkActor from "@kitware/vtk.js/Rendering/Core/Actor.js";
import type vtkRenderer from "@kitware/vtk.js/Rendering/Core/Renderer.js";
import vtkSphereMapper from "@kitware/vtk.js/Rendering/Core/SphereMapper.js";
import { frameToWorld } from "../geometry.ts";
import type { PointSet } from "../messages.ts";
import { coordinatesOf } from "./plane_points.ts";

interface Drawn {
  data: vtkPolyData;
  mapper: vtkSphereMapper;
  actor: vtkActor;
}

export class VolumePoints {
  #renderer: vtkRenderer;
  #drawn: Drawn[] = [];
  #sets: PointSet[] = [];
  #direction = "";

  constructor(renderer: vtkRenderer) {
    this.#renderer = renderer;
  }

  /** Show sets of points; returns whether anything changed. */
  show(sets: PointSet[], direction: number[]): boolean {
    const isSame = sets.length === this.#sets.length && sets.every((s, i) => s === this.#sets[i]);
    if (isSame && this.#direction === `${direction}`) return false;
    this.delete();
    this.#sets = sets;
    this.#direction = `${direction}`;
    this.#drawn = sets.map((set) => this.#draw(set, direction));
    return true;
  }

  delete(): void {
    for (const { data, mapper, actor } of this.#drawn) {
      this.#renderer.removeActor(actor);
      for (const part of [actor, mapper, data]) part.delete();
    }
    this.#drawn = [];
    this.#sets = [];
  }

  #draw(set: PointSet, direction: number[]): Drawn {
    const frame = coordinatesOf(set);
    const world = new Float32Array(frame.length);
    for (let i = 0; i < frame.length; i += 3) {
      const [x, y, z] = frame.subarray(i, i + 3) as unknown as [number, number, number];
      world.set(frameToWorld(direction, { x, y, z }), i);
    }
    const data = vtkPolyData.newInstance();
    data.getPoints().setData(world, 3);
    const mapper = vtkSphereMapper.newInstance();
    mapper.setInputData(data);
    mapper.setRadius(set.size / 2);
    const actor = vtkActor.newInstance();
    actor.setMapper(mapper);
    const [red, green, blue] = [1, 3, 5].map((i) => Number.parseInt(set.color.slice(i, i + 2), 16));
    const property = actor.getProperty();
    property.setColor((red ?? 0) / 255, (green ?? 0) / 255, (blue ?? 0) / 255);
    property.setOpacity(set.opacity);
    this.#renderer.addActor(actor);
    return { data, mapper, actor };
  }
}
