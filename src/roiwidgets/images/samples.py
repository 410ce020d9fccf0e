"""Images to try things on: seeded phantoms, and real volumes on request."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from ngff_zarr import Multiscales, NgffImage
from numpy.typing import NDArray

from roiwidgets.errors import ImageError
from roiwidgets.images.geometry import make_image
from roiwidgets.images.movie_samples import CalciumMovie, calcium_movie
from roiwidgets.images.sources import ArraySource, Voxels
from roiwidgets.images.tiling import memory_chunks

__all__ = [
    "DATA_VARIABLE",
    "CalciumMovie",
    "RealVolume",
    "calcium_movie",
    "ct_phantom",
    "data_folder",
    "fetch",
    "labels_phantom",
    "movie_phantom",
    "open_real",
    "rgb_phantom",
]

DATA_VARIABLE = "ROIWIDGETS_DATA"
_MILLIMETERS = {"z": "millimeter", "y": "millimeter", "x": "millimeter"}


def ct_phantom(
    shape: tuple[int, int, int] = (128, 128, 128),
    *,
    seed: int = 0,
    spacing: tuple[float, float, float] = (0.05, 0.05, 0.05),
) -> NgffImage:
    """Return a CT-like volume of a tooth-like object, in memory.

    Parameters
    ----------
    shape
        Voxels along z, y, x, each at least 8.
    seed
        Of pores and noise; the same seed gives the same voxels.
    spacing
        Along z, y, x in millimetres. The object fills the volume whatever the
        spacing.

    Returns
    -------
    NgffImage
        uint8, axes z, y, x: air near 20, a textured interior near 110 with pores, a
        dense shell near 200, a cavity, and noise of standard deviation 6.
    """
    _check_shape(shape, 8)
    rng = np.random.default_rng(seed)
    radius, angle, height = _cylinder_coordinates(shape)
    outline = 0.78 - 0.18 * height + 0.06 * np.cos(4 * angle) * (1 - height)
    inside = (radius < outline) & (np.abs(height) < 0.86)
    shell = inside & ((radius > outline - 0.14) & (height > -0.35))
    cavity = inside & (radius < 0.14 + 0.1 * height)
    values = np.full(shape, 20.0, np.float32)
    texture = _smooth_noise(shape, rng, cells=8)
    values[inside] = 110 + 14 * texture[inside]
    values[shell] = 200 + 5 * texture[shell]
    values[cavity] = 55
    values[inside & _pores(shape, rng)] = 32
    values += 6 * rng.standard_normal(shape, np.float32)
    return _in_memory(
        np.clip(np.rint(values), 0, 255).astype(np.uint8),
        "zyx", spacing=spacing, name="ct phantom", units=_MILLIMETERS,
    )  # fmt: skip


def labels_phantom(
    shape: tuple[int, int, int] = (64, 64, 64),
    *,
    count: int = 20,
    seed: int = 0,
    spacing: tuple[float, float, float] = (0.05, 0.05, 0.05),
) -> NgffImage:
    """Return labelled balls on background 0; later ones lie over earlier ones.

    Parameters
    ----------
    shape
        Voxels along z, y, x, each at least 8.
    count
        Number of balls, labelled 1 to ``count``; >= 1.
    seed, spacing
        As for ``ct_phantom``.

    Returns
    -------
    NgffImage
        uint32, axes z, y, x.
    """
    _check_shape(shape, 8)
    rng = np.random.default_rng(seed)
    labels = np.zeros(shape, np.uint32)
    for label, (center, radius) in enumerate(_balls(shape, count, rng), start=1):
        _paint_ball(labels, center, radius, label)
    return _in_memory(labels, "zyx", spacing=spacing, name="labels phantom", units=_MILLIMETERS)


def rgb_phantom(shape: tuple[int, int] = (96, 128), *, seed: int = 0) -> NgffImage:
    """Return a colour image: stained discs on a bright ground.

    Parameters
    ----------
    shape
        Pixels along y, x, each at least 8.
    seed
        As for ``ct_phantom``.

    Returns
    -------
    NgffImage
        uint8, axes y, x, c with three colours; spacing 0.5 micrometre.
    """
    _check_shape(shape, 8)
    rng = np.random.default_rng(seed)
    picture = np.full((*shape, 3), (238.0, 224.0, 232.0))
    stains = np.array([(120.0, 60.0, 150.0), (200.0, 90.0, 140.0)])
    for center, radius in _balls(shape, 24, rng):
        disc = np.zeros(shape, np.uint8)
        _paint_ball(disc, center, radius, 1)
        picture[disc > 0] = stains[rng.integers(2)]
    picture += rng.normal(0, 4, picture.shape)
    return _in_memory(
        np.clip(picture, 0, 255).astype(np.uint8),
        "yxc", spacing=(0.5, 0.5, 1.0), name="rgb phantom",
        units={"y": "micrometer", "x": "micrometer"},
    )  # fmt: skip


def movie_phantom(
    shape: tuple[int, int, int] = (60, 64, 80),
    *,
    cells: int = 12,
    seed: int = 0,
    frame_interval: float = 0.1,
) -> NgffImage:
    """Return a movie of blinking cells on an uneven ground, as in calcium imaging.

    Parameters
    ----------
    shape
        Frames, and pixels along y, x, each at least 8.
    cells
        Number of cells; each flashes about three times and decays over 8 frames.
    seed
        As for ``ct_phantom``.
    frame_interval
        Seconds between frames.

    Returns
    -------
    NgffImage
        uint8, axes t, y, x; the spacing along t is in seconds.
    """
    _check_shape(shape, 8)
    rng = np.random.default_rng(seed)
    frames, height, width = shape
    y, x = np.mgrid[0:height, 0:width]
    ground = 40 + 25 * np.exp(-((y / height - 0.5) ** 2 + (x / width - 0.5) ** 2) / 0.2)
    movie = np.repeat(ground[None].astype(np.float32), frames, axis=0)
    decay = np.exp(-np.arange(frames) / 8.0)
    for _ in range(cells):
        center = rng.uniform((0, 0), (height, width))
        footprint = np.exp(-((y - center[0]) ** 2 + (x - center[1]) ** 2) / (2 * 2.5**2))
        spikes = rng.random(frames) < 3 / frames
        trace = np.convolve(spikes, decay)[:frames]
        movie += (90 * trace[:, None, None] * footprint).astype(np.float32)
    movie += 3 * rng.standard_normal(shape, np.float32)
    return _in_memory(
        np.clip(movie, 0, 255).astype(np.uint8),
        "tyx", spacing=(frame_interval, 1.0, 1.0), name="movie phantom", units={"t": "second"},
    )  # fmt: skip


def _check_shape(shape: Sequence[int], smallest: int) -> None:
    if any(size < smallest for size in shape):
        raise ImageError(f"a phantom needs at least {smallest} voxels a side, got {tuple(shape)}")


def _in_memory(
    voxels: Voxels, axes: str, *, spacing: Sequence[float], name: str, units: dict[str, str]
) -> NgffImage:
    return make_image(
        ArraySource(voxels, memory_chunks(axes, voxels.shape)),
        axes=axes,
        spacing=dict(zip(axes, spacing, strict=True)),
        translation={},
        name=name,
        units=units,
    )


FloatVolume = NDArray[np.float32]


def _cylinder_coordinates(
    shape: tuple[int, int, int],
) -> tuple[FloatVolume, FloatVolume, FloatVolume]:
    """Return radius, angle and height of every voxel; the volume spans -1 to 1."""
    sides = [np.linspace(-1, 1, size, dtype=np.float32) for size in shape]
    z, y, x = np.meshgrid(*sides, indexing="ij", sparse=True)
    radius, angle = np.hypot(y, x), np.arctan2(y, x)
    return (
        np.broadcast_to(radius, shape),
        np.broadcast_to(angle, shape),
        np.broadcast_to(z, shape),
    )


def _smooth_noise(
    shape: tuple[int, int, int], rng: np.random.Generator, *, cells: int
) -> FloatVolume:
    """Return noise that varies over ``cells`` lengths per side, linear in between."""
    noise = rng.standard_normal((cells + 1,) * 3).astype(np.float32)
    for axis, size in enumerate(shape):
        position = np.linspace(0, cells, size, dtype=np.float32)
        below = np.minimum(position.astype(int), cells - 1)
        weight = (position - below).reshape([-1 if i == axis else 1 for i in range(3)])
        noise = noise.take(below, axis) * (1 - weight) + noise.take(below + 1, axis) * weight
    return noise


def _pores(shape: tuple[int, int, int], rng: np.random.Generator) -> NDArray[np.bool_]:
    pores = np.zeros(shape, np.uint8)
    for center, radius in _balls(shape, 60, rng):
        _paint_ball(pores, center, 0.35 * radius, 1)
    return pores > 0


def _balls(
    shape: Sequence[int], count: int, rng: np.random.Generator
) -> list[tuple[NDArray[np.float64], float]]:
    """Return random centres in voxels, and radii of 4 to 10 % of the shortest side."""
    radii = rng.uniform(0.04, 0.1, count) * min(shape)
    return [(rng.uniform(0, shape), float(radius)) for radius in radii]


def _paint_ball(volume: Voxels, center: NDArray[np.float64], radius: float, value: int) -> None:
    """Set the voxels of a ball in ``volume``, which is changed."""
    starts = [max(0, int(c - radius)) for c in center]
    stops = [min(n, int(c + radius) + 2) for c, n in zip(center, volume.shape, strict=True)]
    box = tuple(slice(a, b) for a, b in zip(starts, stops, strict=True))
    grids = np.meshgrid(*(np.arange(a, b) for a, b in zip(starts, stops, strict=True)),
                        indexing="ij", sparse=True)  # fmt: skip
    distance = sum((g - c) ** 2 for g, c in zip(grids, center, strict=True))
    volume[box][distance <= radius**2] = value


@dataclass(frozen=True, slots=True)
class RealVolume:
    """A published image: where it is, and what it must hash to."""

    folder: str
    file: str
    url: str
    sha256: str


_REAL_VOLUMES = {
    "ct_tooth": RealVolume(
        "ct_tooth",
        "tooth.nrrd",
        "https://kitware.github.io/vtk-js-datasets/data/nrrd/tooth.nrrd",
        "5ad2e1c52929fde75becd7ba1654c5ef9f4fef40c3032cf36d72ef7bcca0dc64",
    ),
    "ct_bonsai": RealVolume(
        "ct_bonsai",
        "bonsai.nii.gz",
        "https://raw.githubusercontent.com/neurolabusc/VolumeRenderingData/"
        "ebb90cfb24525ce5111e650d57e3de2d6adff04d/OpenSciVis/bonsai.nii.gz",
        "8b8a817f6c6386810e15a4a2c24566e6c3a6f5ced9466a8274a11aba89b85013",
    ),
    "mri_mni152": RealVolume(
        "mri_mni152",
        "mni_icbm152_t1_tal_nlin_sym_09a_converted.nii.gz",
        "https://raw.githubusercontent.com/nilearn/nilearn/main/nilearn/datasets/data/"
        "mni_icbm152_t1_tal_nlin_sym_09a_converted.nii.gz",
        "421a10e872fd6cadae7f61d358dffbcc1795a497d61ee76c5dda2503e1a1e9e6",
    ),
}


def data_folder() -> Path | None:
    """Return the folder of real images on this machine, or None.

    The environment variable ``ROIWIDGETS_DATA``, if it names a folder; else
    ``../shared/data`` beside the repository or the working directory.
    """
    named = os.environ.get(DATA_VARIABLE)
    if named:
        return Path(named) if Path(named).is_dir() else None
    repository = Path(__file__).parents[3]
    candidates = [folder.parent / "shared" / "data" for folder in (repository, Path.cwd())]
    return next((folder for folder in candidates if folder.is_dir()), None)


def fetch(name: str) -> Path:
    """Return the path of a real volume: of this machine's copy, or downloaded once.

    Parameters
    ----------
    name
        ``ct_tooth`` (103 x 94 x 161, industrial CT), ``ct_bonsai`` (256^3, CT) or
        ``mri_mni152`` (197 x 233 x 189, MRI template); all uint8.

    Returns
    -------
    Path
        In ``data_folder()``, or else in the cache of pooch, where the checksum has
        been verified.

    Raises
    ------
    ImageError
        If there is no volume of this name, or it can be found neither here nor at
        its address.
    """
    if name not in _REAL_VOLUMES:
        raise ImageError(f"there is no volume {name!r}; known are {', '.join(_REAL_VOLUMES)}")
    volume = _REAL_VOLUMES[name]
    folder = data_folder()
    if folder is not None and (folder / volume.folder / volume.file).is_file():
        return folder / volume.folder / volume.file
    import pooch

    try:
        return Path(
            pooch.retrieve(
                volume.url,
                known_hash=f"sha256:{volume.sha256}",
                fname=volume.file,
                path=pooch.os_cache("roiwidgets"),
            )
        )
    except (OSError, ValueError) as error:  # no network, or another file than expected
        raise ImageError(
            f"{name} is not on this machine and could not be downloaded from {volume.url} "
            f"({error}); put {volume.folder}/{volume.file} in a folder and name that folder in "
            f"the environment variable {DATA_VARIABLE}"
        ) from error


def open_real(name: str) -> Multiscales:
    """Return a real volume as an image; ``name`` is as for ``fetch``."""
    from roiwidgets.images.readers import open_image

    return open_image(fetch(name), name=name)
