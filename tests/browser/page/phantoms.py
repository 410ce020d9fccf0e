"""Small synthetic layers and the numpy oracle for what the planes show of them."""

from __future__ import annotations

import base64
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

Triple = tuple[float, float, float]
_AXES = ("z", "y", "x")


@dataclass(frozen=True, slots=True)
class LayerData:
    """A layer of the fake kernel; ``levels`` are arrays (t, c, z, y, x, component)."""

    id: str
    kind: str
    levels: tuple[NDArray[np.generic], ...]
    spacing: Triple = (1.0, 1.0, 1.0)
    origin: Triple = (0.0, 0.0, 0.0)
    value_range: tuple[float, float] = (0.0, 255.0)
    name: str = field(default="Image")

    @property
    def finest(self) -> NDArray[np.generic]:
        """First time and channel of the finest level, (z, y, x, component)."""
        return self.levels[0][0, 0]

    def level(self, scale: int) -> dict[str, list[float]]:
        """Shape, spacing and origin of a level as the protocol has them."""
        sizes = self.levels[scale].shape[2:5]
        factors = [self.levels[0].shape[2 + i] / sizes[i] for i in range(3)]
        spacing = [s * f for s, f in zip(self.spacing, factors, strict=True)]
        origin = [
            o + 0.5 * (coarse - fine)
            for o, coarse, fine in zip(self.origin, spacing, self.spacing, strict=True)
        ]
        return {"shape": list(sizes), "spacing": spacing, "origin": origin}

    def describe(self) -> dict[str, object]:
        """Return the entry of the ``scene`` trait."""
        times, channels = self.levels[0].shape[:2]
        return {
            "id": self.id,
            "kind": self.kind,
            "name": self.name,
            "dtype": self.levels[0].dtype.name,
            "exact": True,
            "components": self.levels[0].shape[5],
            "times": times,
            "channels": channels,
            "channel_names": [],
            "value_range": list(self.value_range),
            "levels": [self.level(scale) for scale in range(len(self.levels))],
        }

    def source(self) -> dict[str, object]:
        """Return what the fake kernel has to know to serve the layer."""
        return {
            "id": self.id,
            "dtype": self.levels[0].dtype.name,
            "components": self.levels[0].shape[5],
            "channels": self.levels[0].shape[1],
            "shapes": [level.shape[2:5] for level in self.levels],
        }

    def centre(self, index: tuple[int, int, int]) -> dict[str, float]:
        """Frame position of a voxel of the finest level, given as z, y, x."""
        values = zip(_AXES, self.origin, index, self.spacing, strict=True)
        return {axis: origin + i * step for axis, origin, i, step in values}

    def edge(self, axis: str, step: int) -> float:
        """Frame position of the edge below voxel ``step`` of the finest level."""
        i = _AXES.index(axis)
        return self.origin[i] + (step - 0.5) * self.spacing[i]


def layer(
    voxels: NDArray[np.generic], *, id: str = "image-1", kind: str = "image", scales: int = 1,
    **options: object,
) -> LayerData:  # fmt: skip
    """Return a layer of a volume (z, y, x), or (z, y, x, component) for RGB."""
    full = voxels if voxels.ndim == 4 else voxels[..., np.newaxis]
    levels = [full]
    for _ in range(scales - 1):
        levels.append(_halve(levels[-1], is_labels=kind == "labels"))
    return LayerData(
        id, kind, tuple(np.ascontiguousarray(a[None, None]) for a in levels), **options
    )  # type: ignore[arg-type] # options are fields


def _halve(voxels: NDArray[np.generic], *, is_labels: bool) -> NDArray[np.generic]:
    steps = [2 if size % 2 == 0 and size > 1 else 1 for size in voxels.shape[:3]]
    if is_labels:
        return voxels[:: steps[0], :: steps[1], :: steps[2]]
    z, y, x, n = (*(s // f for s, f in zip(voxels.shape[:3], steps, strict=True)), voxels.shape[3])
    blocks = voxels.reshape(z, steps[0], y, steps[1], x, steps[2], n)
    return blocks.mean(axis=(1, 3, 5)).astype(voxels.dtype)


def noise(shape: tuple[int, ...], dtype: str, low: float, high: float) -> NDArray[np.generic]:
    """Return seeded voxels between two values."""
    values = np.random.default_rng(7).uniform(low, high, shape)
    return values.astype(dtype)


def ct_phantom(size: int = 96) -> NDArray[np.int16]:
    """Return a head in Hounsfield units: skin, skull, brain, ventricles, a bright vessel."""
    z, y, x = (np.linspace(-1, 1, size),) * 3
    z, y, x = np.meshgrid(z, y, x, indexing="ij")

    def ellipsoid(rz: float, ry: float, rx: float, at: Triple = (0, 0, 0)) -> NDArray[np.bool_]:
        squares = ((z - at[0]) / rz) ** 2 + ((y - at[1]) / ry) ** 2 + ((x - at[2]) / rx) ** 2
        return squares < 1

    head = np.full((size,) * 3, -1000.0)
    head[ellipsoid(0.92, 0.86, 0.72)] = -60
    head[ellipsoid(0.88, 0.82, 0.68)] = 1100
    head[ellipsoid(0.82, 0.76, 0.61)] = 40
    for side in (-1, 1):
        head[ellipsoid(0.2, 0.34, 0.1, (0.05, 0.05, 0.17 * side))] = 5
        head[ellipsoid(0.14, 0.14, 0.16, (-0.3, -0.78, 0.3 * side))] = 10
    head[ellipsoid(0.09, 0.09, 0.09, (0.25, 0.3, -0.3))] = 420
    head[(np.hypot(x, y + 0.55) < 0.05) & (np.abs(z) < 0.5)] = 300
    rng = np.random.default_rng(3)
    return (head + rng.normal(0, 14, head.shape)).astype(np.int16)


def gray_table() -> NDArray[np.uint8]:
    """Return the colour table of the grey colormap."""
    return np.repeat(np.arange(256, dtype=np.uint8)[:, None], 3, axis=1)


def fire_table() -> NDArray[np.uint8]:
    """Return a colour table whose three channels differ everywhere."""
    t = np.arange(256)
    return np.stack([np.minimum(255, 2 * t), t, 255 - t], axis=1).astype(np.uint8)


def encode_table(table: NDArray[np.uint8]) -> str:
    """Return a colour table as the ``color_table`` trait has it."""
    return base64.b64encode(table.tobytes()).decode("ascii")


def expected_colors(
    voxels: NDArray[np.generic], table: NDArray[np.uint8], color_range: tuple[float, float]
) -> NDArray[np.uint8]:
    """Return the colours of voxels through a window and a colour table."""
    low, high = color_range
    index = np.floor((voxels.astype(np.float64) - low) * (255 / (high - low)) + 0.5)
    return table[np.clip(index, 0, 255).astype(int)]
