import { expect, test } from "vitest";
import type { StackInfo, ToStackKernel, TracesReply } from "../src/stack/frame_messages.ts";
import type { Roi } from "../src/stack/roi_geometry.ts";
import { Traces } from "../src/stack/traces.ts";

const info = { id: "movie-1", frames: 4 } as StackInfo;

function roi(id: string, left = 0): Roi {
  const points = [
    [left, 0],
    [left + 2, 2],
  ];
  return { id, name: id, kind: "box", points, angle: 0, rings: [] } as unknown as Roi;
}

function piece(ids: string[], start: number, rows: number[][]): TracesReply {
  const values = Float64Array.from(rows.flat());
  const stop = start + (rows[0]?.length ?? 0);
  return { kind: "traces", movie: "movie-1", ids, start, stop, values, done: 0.5 };
}

function open() {
  const sent: ToStackKernel[] = [];
  return { sent, traces: new Traces((message) => sent.push(message)) };
}

test("the first region asks for traces, once", () => {
  const { sent, traces } = open();
  traces.follow("movie-1", []);
  expect(sent).toEqual([]);

  traces.follow("movie-1", [roi("a")]);
  traces.follow("movie-1", [roi("a"), roi("b")]);

  expect(sent).toEqual([{ kind: "traces", movie: "movie-1" }]);
});

test("a piece that comes before its region was drawn is kept", () => {
  const { traces } = open();
  traces.follow("movie-1", [roi("a")]);
  traces.follow("movie-1", []);

  traces.take(
    piece(["a", "b"], 2, [
      [1, 2],
      [3, 4],
    ]),
    info,
    [roi("a"), roi("b")],
  );
  traces.follow("movie-1", [roi("a"), roi("b")]);

  expect([...(traces.get("a") ?? [])]).toEqual([Number.NaN, Number.NaN, 1, 2]);
  expect([...(traces.get("b") ?? [])]).toEqual([Number.NaN, Number.NaN, 3, 4]);
});

test("an edit drops the trace of that region only", () => {
  const { traces } = open();
  const before = [roi("a"), roi("b")];
  traces.take(
    piece(["a", "b"], 0, [
      [1, 1, 1, 1],
      [2, 2, 2, 2],
    ]),
    info,
    before,
  );

  traces.follow("movie-1", [roi("a", 1), roi("b")]);

  expect(traces.get("a")).toBeNull();
  expect(traces.get("b")?.[0]).toBe(2);
});

test("pieces of another movie, or of no region there is, are left alone", () => {
  const { traces } = open();

  traces.take(piece(["gone"], 0, [[1, 2]]), info, [roi("a")]);
  traces.take({ ...piece(["a"], 0, [[1, 2]]), movie: "movie-0" }, info, [roi("a")]);

  expect(traces.get("gone")).toBeNull();
  expect(traces.get("a")).toBeNull();
});
