import { expect, test } from "vitest";
import { Course, type PlayMode } from "../src/stack/course.ts";

const frames = (mode: PlayMode, first: number, direction: 1 | -1, count = 9) =>
  Array.from({ length: count }, (_, step) => new Course(4, mode, first, direction).frameAt(step));

test.each<[PlayMode, 1 | -1, number[]]>([
  ["loop", 1, [2, 3, 0, 1, 2, 3, 0, 1, 2]],
  ["loop", -1, [2, 1, 0, 3, 2, 1, 0, 3, 2]],
  ["once", 1, [2, 3, 3, 3, 3, 3, 3, 3, 3]],
  ["bounce", 1, [2, 3, 2, 1, 0, 1, 2, 3, 2]],
  ["bounce", -1, [2, 1, 0, 1, 2, 3, 2, 1, 0]],
])("%s in direction %i", (mode, direction, expected) => {
  expect(frames(mode, 2, direction)).toEqual(expected);
});

test("a movie of one frame stays there", () => {
  for (const mode of ["loop", "once", "bounce"] as const) {
    expect(new Course(1, mode, 0, 1).frameAt(5)).toBe(0);
  }
});

test("the direction is that of the next frame", () => {
  const course = new Course(4, "bounce", 2, 1);

  for (let step = 0; step < 12; step++) {
    const next = course.frameAt(step + 1) - course.frameAt(step);
    expect(course.directionAt(step)).toBe(next);
  }
});

test("only a movie that is played once ends", () => {
  expect(new Course(4, "once", 1, 1).length).toBe(2);
  expect(new Course(4, "once", 1, -1).length).toBe(1);
  expect(new Course(4, "loop", 1, 1).length).toBe(Number.POSITIVE_INFINITY);
});
