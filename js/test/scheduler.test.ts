import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { ChunkRequest, ToKernel } from "../src/messages.ts";
import { CREDIT, MOST_TRIES, RETRY_AFTER_MS, Scheduler } from "../src/streaming/scheduler.ts";
import { job, reply } from "./jobs.ts";

let sent: ToKernel[] = [];
let scheduler: Scheduler;

beforeEach(() => {
  vi.useFakeTimers();
  sent = [];
  scheduler = new Scheduler((message) => sent.push(message));
});
afterEach(() => {
  vi.useRealTimers();
});

function requests(): ChunkRequest[] {
  return sent.flatMap((message) => (message.kind === "get" ? message.requests : []));
}
function cancelled(): number[] {
  return sent.flatMap((message) => (message.kind === "cancel" ? message.ids : []));
}
function lastId(): number {
  return requests().at(-1)?.id ?? -1;
}

test("no more requests are in flight than the credit allows", () => {
  scheduler.add(Array.from({ length: 9 }, () => job()));

  expect(requests()).toHaveLength(CREDIT);
  expect(scheduler.pending).toBe(9);
});

test("an answer makes room for the next request", () => {
  const done = vi.fn();
  scheduler.add(Array.from({ length: 5 }, (_, i) => job({ done, level: i })));

  scheduler.receive(reply(requests()[0]?.id ?? -1));

  expect(done).toHaveBeenCalledOnce();
  expect(requests().map((request) => request.level)).toEqual([0, 1, 2, 3, 4]);
});

test("the most urgent job goes first", () => {
  scheduler.add([3, 1, 2, 5, 4].map((priority) => job({ priority, level: priority })));

  expect(requests().map((request) => request.level)).toEqual([1, 2, 3, 4]);
});

test("waiting jobs can be given another order", () => {
  scheduler.add([0, 0, 0, 0, 1, 2].map((priority) => job({ priority, level: priority })));

  scheduler.reprioritize((waiting) => -waiting.level);
  scheduler.receive(reply(requests()[0]?.id ?? -1));

  expect(requests().at(-1)?.level).toBe(2);
});

test("dropped jobs are cancelled in the kernel and their answers ignored", () => {
  const target = {};
  const done = vi.fn();
  scheduler.add([job({ target, done }), job()]);
  const id = requests()[0]?.id ?? -1;

  scheduler.drop((waiting) => waiting.target === target);

  expect(cancelled()).toEqual([id]);
  expect(scheduler.receive(reply(id))).toBe(false);
  expect(done).not.toHaveBeenCalled();
  expect(scheduler.pending).toBe(1);
});

test("an answer of an older generation is ignored", () => {
  const done = vi.fn();
  scheduler.clear();
  scheduler.add([job({ done })]);

  scheduler.receive(reply(lastId(), 0));
  expect(done).not.toHaveBeenCalled();

  scheduler.receive(reply(lastId(), 1));
  expect(done).toHaveBeenCalledOnce();
});

test("a silent kernel is asked again, then given up", () => {
  const failed = vi.fn();
  scheduler.add([job({ failed })]);

  vi.advanceTimersByTime(RETRY_AFTER_MS * (MOST_TRIES - 1) + 1);
  expect(requests()).toHaveLength(MOST_TRIES);
  expect(failed).not.toHaveBeenCalled();

  vi.advanceTimersByTime(RETRY_AFTER_MS);
  expect(failed).toHaveBeenCalledOnce();
  expect(scheduler.pending).toBe(0);
});

test("an answer to a repeated request counts once", () => {
  const done = vi.fn();
  scheduler.add([job({ done })]);
  const first = lastId();
  vi.advanceTimersByTime(RETRY_AFTER_MS);

  scheduler.receive(reply(lastId()));
  scheduler.receive(reply(first));

  expect(done).toHaveBeenCalledOnce();
});

test("an error of the kernel is told to the job and frees its place", () => {
  const failed = vi.fn();
  scheduler.add([job({ failed }), job(), job(), job(), job({ level: 7 })]);

  const id = requests()[0]?.id ?? -1;
  scheduler.receive({ kind: "error", id, message: "no such chunk" });

  expect(failed).toHaveBeenCalledWith("no such chunk");
  expect(requests().at(-1)?.level).toBe(7);
});
