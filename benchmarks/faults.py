"""What a promotion loses when it is killed, when a worker is, and when the disk is full.

The whole process group of a promotion is killed (SIGKILL) at seeded random moments: a fifth of
them between its first folder and its end, the others ("b") between its first block and its end; a
third of all replace an image that stands there already. Meanwhile readers (open_image, ngff-zarr,
yaozarrs, roiwidgets validate) look at the output again and again: they may see nothing, the old
image, or the new one, whole. Then the same call runs again, and every file is compared with that
of an undisturbed run:

    python benchmarks/faults.py [--kills 20] [--seed 0] [--wait 0.04]

"finished" are blocks whose stored bytes are already those of the undisturbed run when it is
killed (of passes that gather or label: what is kept of them); "again" are blocks that the second
run computed. The full disk is a small tmpfs: it needs the right to mount one.
"""

from __future__ import annotations

import argparse
import itertools
import os
import random
import signal
import subprocess
import sys
import tempfile
import threading
import time
import warnings
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import ngff_zarr
import numpy as np
import psutil
import yaozarrs

import roiwidgets as rw
from roiwidgets.engine.validation import validate_image

sys.path.insert(0, str(Path(__file__).parents[1]))

from tests.engine import slow_promotion as slow
from tests.engine.phantoms import recorded

OLD = np.full(slow.SHAPE, 7, np.uint8)
"""Voxels of the image that is replaced."""

NOT_THERE = "nothing"
GRACE_S = 120


@dataclass
class Readers:
    """Look at a path again and again; count what they see."""

    path: Path
    new: np.ndarray
    seen: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)

    @contextmanager
    def looking(self) -> Iterator[None]:
        ended = threading.Event()
        thread = threading.Thread(target=self._run, args=(ended,))
        thread.start()
        try:
            yield
        finally:
            ended.set()
            thread.join()

    def _run(self, ended: threading.Event) -> None:
        for look in itertools.cycle((self.look_ours, self.look_ngff, self.look_validate)):
            before = _identity(self.path)
            try:
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore")
                    found = look()
            except Exception as error:  # noqa: BLE001 # whatever a reader raises is looked at
                found = repr(error)
            if found not in (NOT_THERE, "old", "new"):
                if before is None or before == _identity(self.path):
                    self.wrong.append(f"{look.__name__}: {found}")
                else:  # an image that was replaced while it was read is no partial one
                    found = "replaced meanwhile"
            self.seen[found] += 1
            self.look_inside()
            if ended.wait(0.05):
                return

    def look_ours(self) -> str:
        if not self.path.exists():
            return NOT_THERE
        return self._name(np.asarray(rw.open_image(self.path).images[0].data))

    def look_ngff(self) -> str:
        if not self.path.exists():
            return NOT_THERE
        yaozarrs.validate_zarr_store(str(self.path))
        return self._name(np.asarray(ngff_zarr.from_ngff_zarr(self.path).images[0].data))

    def look_validate(self) -> str:
        if not self.path.exists():
            return NOT_THERE
        result = validate_image(self.path, every_chunk=True)
        return "; ".join(result.problems) or self.look_ours()

    def look_inside(self) -> None:
        """See that what is unfinished does not look like an image to anybody."""
        partial = self.path.with_name(f"{self.path.name}.partial")
        for folder in (partial, *partial.glob("work-*")):
            with suppress(Exception):  # this is what should happen
                yaozarrs.validate_zarr_store(str(folder))
                self.wrong.append(f"{folder.name} looks like an image")

    def _name(self, voxels: np.ndarray) -> str:
        if np.array_equal(voxels, self.new):
            return "new"
        return "old" if np.array_equal(voxels, OLD) else "a mixture"


def _identity(path: Path) -> int | None:
    try:
        return path.stat().st_ino
    except FileNotFoundError:
        return None


@dataclass
class Undisturbed:
    """What a promotion gives that nobody disturbs."""

    files: dict[str, bytes]
    voxels: np.ndarray
    calls: int
    seconds: float
    computing_s: float


def files_of(folder: Path) -> dict[str, bytes]:
    files = (file for file in sorted(folder.rglob("*")) if file.is_file())
    return {str(file.relative_to(folder)): file.read_bytes() for file in files}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--wait", type=float, default=0.04, help="seconds that a block takes")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="roiwidgets-faults-") as folder:
        faults = Faults(Path(folder), random.Random(options.seed), options.wait)
        faults.kill_all(options.kills)
        faults.kill_workers(max(1, options.kills // 5))
        faults.fill_the_disk()
    print(f"\n{'everything held' if not faults.failed else 'FAILED: ' + ', '.join(faults.failed)}")
    sys.exit(bool(faults.failed))


class Faults:
    """Runs, kills and compares."""

    def __init__(self, folder: Path, moments: random.Random, wait_s: float) -> None:
        self.folder, self.moments, self.wait_s = folder, moments, wait_s
        self.failed: list[str] = []
        self.output = folder / "out.ome.zarr"
        self.calls = folder / "calls"
        self.known = {kind: self._undisturbed(kind) for kind in slow.KINDS}

    def _undisturbed(self, kind: str) -> Undisturbed:
        with slow.start(self.output, kind, self.calls, self.wait_s) as process:
            began = self._wait_for_begin(process)
            first_block = self._wait_for(self.calls, process)
            ended = self._wait_for(self.output, process)
            _, errors = process.communicate(timeout=GRACE_S)
        assert process.returncode == 0, errors
        voxels = np.asarray(rw.open_image(self.output).images[0].data)
        found = Undisturbed(
            files_of(self.output),
            voxels,
            slow.count(self.calls),
            ended - began,
            ended - first_block,
        )
        self._remove()
        return found

    def kill_all(self, kills: int) -> None:
        print(f"{kills} promotions of {slow.SHAPE} voxels killed with all their processes")
        print(
            f"{'':>3} {'kind':>10} {'replaces':>8} {'after s':>8} {'finished':>8} {'again':>9}  "
            f"{'reused':>7}  {'files':>9}  what readers saw"
        )
        for number in range(kills):
            kind = slow.KINDS[number % len(slow.KINDS)]
            replaces = (number // len(slow.KINDS)) % 3 == 2
            self._kill_once(number, kind, replaces=replaces)

    def _kill_once(self, number: int, kind: str, *, replaces: bool) -> None:
        known = self.known[kind]
        from_first_block = number % 5 > 0
        seconds = known.computing_s if from_first_block else known.seconds
        moment = self.moments.random() * seconds
        if replaces:
            rw.build_pyramid(_old_image(), self.output, chunks=slow.CHUNK, progress=False)
        readers = Readers(self.output, known.voxels)
        with readers.looking():
            with slow.start(
                self.output, kind, self.calls, self.wait_s, overwrite=replaces
            ) as process:
                self._wait_for_begin(process)
                if from_first_block:
                    self._wait_for(self.calls, process)
                time.sleep(moment)
                os.killpg(process.pid, signal.SIGKILL)
            finished = self._finished(kind)
            was_complete = finished is None
            slow.count(self.calls)
            if not was_complete:
                again = self._again(kind, overwrite=replaces)
        since = f"{moment:.2f}{' b' if from_first_block else ''}"
        cells = (f"{number:>3} {kind:>10} {'yes' if replaces else '':>8} {since:>8}", readers)
        if was_complete:
            print(f"{cells[0]} it was complete before it was killed", flush=True)
        else:
            self._tell(*cells, known, finished or 0, again)
        self._remove()

    def kill_workers(self, kills: int) -> None:
        print(f"\n{kills} promotions of which one worker is killed")
        for number in range(kills):
            kind = slow.KINDS[number % len(slow.KINDS)]
            known = self.known[kind]
            readers = Readers(self.output, known.voxels)
            moment = self.moments.random() * 0.9 * known.computing_s
            with readers.looking():
                with slow.start(self.output, kind, self.calls, self.wait_s) as process:
                    self._wait_for(self.calls, process)
                    time.sleep(moment)
                    self.moments.choice(_workers_of(process.pid)).kill()
                    _, errors = process.communicate(timeout=GRACE_S)
                finished = self._finished(kind) or 0
                slow.count(self.calls)
                again = self._again(kind)
            start = f"{number:>3} {kind:>10} {'':>8} {moment:>8.2f}"
            self._tell(start, readers, known, finished, again)
            print(f"      {errors.strip().splitlines()[-1]}")
            self._remove()

    def fill_the_disk(self) -> None:
        print("\na tmpfs that becomes full")
        known = self.known["local"]
        disk = self.folder / "disk"
        disk.mkdir()
        needed = sum(map(len, known.files.values()))
        size = (
            int(needed * 0.6) + 4096 * len(known.files) * 6 // 10
        )  # a page for each file at least
        mounted = subprocess.run(
            ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(disk)],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        if mounted.returncode:
            print(f"  not tried: {mounted.stderr.strip()}")
            return
        try:
            self._fill(disk, known, size)
        finally:
            subprocess.run(["umount", str(disk)], check=True)

    def _fill(self, disk: Path, known: Undisturbed, size: int) -> None:
        self.output = disk / "out.ome.zarr"
        readers = Readers(self.output, known.voxels)
        with readers.looking():
            with slow.start(self.output, "local", self.calls, self.wait_s) as process:
                _, errors = process.communicate(timeout=GRACE_S)
            finished = self._finished("local") or 0
            slow.count(self.calls)
            subprocess.run(["mount", "-o", f"remount,size={4 * size}", str(disk)], check=True)
            again = self._again("local")
        self._tell(f"{'':>3} {'local':>10} {'':>8} {'':>8}", readers, known, finished, again)
        print(f"      {errors.strip().splitlines()[-1]}")

    def _again(self, kind: str, *, overwrite: bool = False) -> int:
        """Run the same call again; return how often the operation was called."""
        with slow.start(self.output, kind, self.calls, 0.0, overwrite=overwrite) as process:
            _, errors = process.communicate(timeout=GRACE_S)
        if process.returncode:
            self.failed.append(errors.strip().splitlines()[-1])
        return slow.count(self.calls)

    def _finished(self, kind: str) -> int | None:
        """Return how many blocks are finished; None if the image is already in its place."""
        partial = self.output.with_name(f"{self.output.name}.partial")
        data = next(iter(partial.glob("work-*/data")), None)
        if data is None:
            return None if self.output.exists() else 0
        if kind == "passes":
            gathered = len(list(partial.glob("work-*/reduction-*/*.npz")))
            if (partial / "reduction-0.json").exists():
                gathered = blocks()
            return gathered + len([k for k in recorded(self.output) if k.startswith("label")])
        return sum(self._is_written(data, block, self.known[kind]) for block in block_starts())

    def _is_written(self, data: Path, block: tuple[int, ...], known: Undisturbed) -> bool:
        names = list(chunk_names(block, known))
        files = [data / name for name in names]
        return all(
            file.exists() and file.read_bytes() == known.files[name]
            for name, file in zip(names, files, strict=True)
        )

    def _tell(
        self, start: str, readers: Readers, known: Undisturbed, finished: int, again: int
    ) -> None:
        found = files_of(self.output) if self.output.exists() else {}
        differ = sum(found.get(name) != known.files.get(name) for name in {*found, *known.files})
        reused = known.calls - again
        share = reused / finished if finished else 1.0
        saw = ", ".join(f"{what} {count}" for what, count in sorted(readers.seen.items()))
        print(
            f"{start} {finished:>8} {again:>4}/{known.calls:<4}  {share:>7.0%}  "
            f"{f'{differ} differ' if differ else 'the same':>9}  {saw}",
            flush=True,
        )
        self.failed += readers.wrong
        if differ or share < 0.95:
            self.failed.append(f"{start.strip()}: {differ} files differ, {share:.0%} reused")

    def _wait_for_begin(self, process: subprocess.Popen[str]) -> float:
        """Return when the first folder was there."""
        return self._wait_for(self.output.with_name(f"{self.output.name}.partial"), process)

    def _wait_for(self, path: Path, process: subprocess.Popen[str]) -> float:
        while not path.exists():
            assert process.poll() is None, process.communicate()[1]
            time.sleep(0.001)
        return time.monotonic()

    def _remove(self) -> None:
        for path in (self.output, self.output.with_name(f"{self.output.name}.partial")):
            subprocess.run(["rm", "-rf", str(path)], check=True)


def _old_image() -> object:
    return slow.image_of(OLD)


def _workers_of(pid: int) -> list[psutil.Process]:
    """Return the processes that compute: not the one that watches over loky's resources."""
    children = psutil.Process(pid).children(recursive=True)
    return [child for child in children if "resource_tracker" not in " ".join(child.cmdline())]


def block_starts() -> list[tuple[int, ...]]:
    return list(itertools.product(*(range(0, size, slow.BLOCK) for size in slow.SHAPE)))


def blocks() -> int:
    return len(block_starts())


def chunk_names(block: tuple[int, ...], known: Undisturbed) -> Iterator[str]:
    """Yield the files of the chunks of scale 0 in a block."""
    ranges = [
        range(start // slow.CHUNK, -(-min(start + slow.BLOCK, size) // slow.CHUNK))
        for start, size in zip(block, slow.SHAPE, strict=True)
    ]
    prefix = "0/c/" if "0/zarr.json" in known.files else "0/"
    for index in itertools.product(*ranges):
        yield prefix + "/".join(map(str, index))


if __name__ == "__main__":
    main()
