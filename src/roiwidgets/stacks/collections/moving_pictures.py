"""Stacks as films: GIF and MP4."""

from __future__ import annotations

import math
import os
import subprocess
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from tempfile import TemporaryFile

import numpy as np
import xarray
from numpy.typing import NDArray
from PIL import Image

from roiwidgets.errors import MissingPackageError, OutputLocationError, ParameterError
from roiwidgets.images.new_file import new_file
from roiwidgets.stacks.collections.grey_images import Contrast, check_two_axes, grey_images

_QUALITY = "18"
"""Constant rate factor of x264: what its makers call close to visually lossless."""


def export_gif(
    stack: xarray.DataArray,
    path: str | os.PathLike[str],
    *,
    frames_per_second: float = 10,
    contrast: Contrast = "common",
    overwrite: bool = False,
) -> Path:
    """Write images as an endless GIF of 256 grey levels, and return its path.

    Parameters
    ----------
    stack
        Images of two axes.
    path
        ``NAME.gif``.
    frames_per_second
        0.1 to 50. GIF counts hundredths of a second, so that 30 becomes 33.3.
    contrast
        As for ``export_png``; here of all images by default, so that it does not flicker.
    overwrite
        Whether a file that is there may be replaced, once the new one is complete.

    Raises
    ------
    ImageError, ParameterError, OutputExistsError, OutputLocationError
        As ``export_png``.

    Notes
    -----
    The writer holds all images in memory, a byte per pixel; ``export_mp4`` does not.
    Equal images that follow each other become one that is shown longer.
    """
    _check_path(path, ".gif")
    _check_speed(frames_per_second, 50)
    images, time = check_two_axes(stack, "a GIF export")
    frames = (Image.fromarray(grey) for grey in grey_images(images, time, contrast))
    with new_file(path, overwrite=overwrite) as partial:
        first = next(frames)
        first.save(
            partial,
            save_all=True,
            append_images=frames,
            duration=10 * round(100 / frames_per_second),
            loop=0,
        )
    return Path(path).expanduser().absolute()


def export_mp4(
    stack: xarray.DataArray,
    path: str | os.PathLike[str],
    *,
    frames_per_second: float = 10,
    contrast: Contrast = "common",
    overwrite: bool = False,
) -> Path:
    """Write images as an MP4 film (H.264, lossy) that any browser plays; return its path.

    Parameters
    ----------
    stack
        Images of two axes, each held in memory for a moment only. Odd sides grow by a
        row or column that repeats the last one: the format wants even ones.
    path
        ``NAME.mp4``.
    frames_per_second
        0.1 to 240.
    contrast
        As for ``export_gif``.
    overwrite
        Whether a file that is there may be replaced, once the new one is complete.

    Raises
    ------
    MissingPackageError
        If imageio-ffmpeg is not installed: ``pip install "roiwidgets[video]"``.
    ImageError, ParameterError, OutputExistsError, OutputLocationError
        As ``export_png``.
    """
    _check_path(path, ".mp4")
    _check_speed(frames_per_second, 240)
    images, time = check_two_axes(stack, "an MP4 export")
    try:
        from imageio_ffmpeg import get_ffmpeg_exe
    except ImportError as error:
        raise MissingPackageError(
            'an MP4 export needs imageio-ffmpeg; pip install "roiwidgets[video]", or write a GIF '
            "with export_gif"
        ) from error
    frames = (_even(grey) for grey in grey_images(images, time, contrast))
    with new_file(path, overwrite=overwrite) as partial:
        _encode(frames, get_ffmpeg_exe(), partial, frames_per_second)
    return Path(path).expanduser().absolute()


def _encode(frames: Iterator[NDArray[np.uint8]], ffmpeg: str, path: Path, speed: float) -> None:
    """Send frames one by one to a process of ffmpeg."""
    first = next(frames)
    height, width = first.shape
    source = ["-f", "rawvideo", "-pix_fmt", "gray", "-s", f"{width}x{height}", "-r", f"{speed}"]
    coding = ["-c:v", "libx264", "-crf", _QUALITY, "-pix_fmt", "yuv420p", "-movflags", "+faststart"]
    command = [ffmpeg, "-y", "-loglevel", "error", *source, "-i", "-", *coding, str(path)]
    with TemporaryFile() as complaints:
        # its complaints go to a file: a pipe that nobody empties would stop it
        with subprocess.Popen(command, stdin=subprocess.PIPE, stderr=complaints) as process:  # noqa: S603 # no shell, a path of ours
            assert process.stdin is not None
            try:
                for frame in chain([first], frames):
                    process.stdin.write(frame.tobytes())
            except BrokenPipeError:  # it has ended; its code says so below
                pass
            except BaseException:
                process.kill()
                raise
        if process.returncode:
            complaints.seek(0)
            said = complaints.read().decode(errors="replace").strip()
            raise OutputLocationError(f"ffmpeg could not write {path}: {said}")


def _even(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return np.pad(image, [(0, side % 2) for side in image.shape], mode="edge")


def _check_path(path: str | os.PathLike[str], suffix: str) -> None:
    if Path(path).suffix.lower() != suffix:
        raise ParameterError(f"the path must end in {suffix}, got {os.fspath(path)}")


def _check_speed(frames_per_second: float, highest: float) -> None:
    if not (math.isfinite(frames_per_second) and 0.1 <= frames_per_second <= highest):
        raise ParameterError(
            f"frames_per_second must be 0.1 to {highest:g}, got {frames_per_second}"
        )
