"""Packed frames hold every pixel, in fewer bytes."""

from __future__ import annotations

import base64
import json
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from numpy.typing import NDArray

from roiwidgets.widgets._frame_packing import is_packable, pack

FIXTURE = Path(__file__).parents[1] / "fixtures" / "frame_messages.json"
EXAMPLES = json.loads(FIXTURE.read_text(encoding="utf-8"))["packed"]
TYPES = ("uint8", "int8", "uint16", "int16", "uint32", "int32")


def unpacked(packed: bytes, dtype: str, shape: tuple[int, int]) -> NDArray[np.generic]:
    """Return the pixels: planes of bytes put together, then summed along rows, modulo 2**bits."""
    size = np.dtype(dtype).itemsize
    planes = np.frombuffer(zlib.decompress(packed), np.uint8).reshape(size, *shape)
    weights = 256 ** np.arange(size, dtype=np.uint64)
    differences = np.tensordot(weights, planes.astype(np.uint64), axes=1)
    sums = np.cumsum(differences, axis=1, dtype=np.uint64) % np.uint64(256**size)
    return sums.astype(f"u{size}").view(dtype)


@given(
    pixels=st.sampled_from(TYPES).flatmap(
        lambda dtype: arrays(dtype, array_shapes(min_dims=2, max_dims=2, max_side=9))
    )
)
def test_every_pixel_comes_back(pixels: NDArray[np.generic]) -> None:
    packed = pack(pixels)

    np.testing.assert_array_equal(unpacked(packed, pixels.dtype.name, pixels.shape), pixels)


def test_views_and_other_byte_orders_are_packed_as_their_values() -> None:
    pixels = np.arange(60, dtype=">u2").reshape(6, 10)[:, ::2] * 700

    packed = pack(pixels.astype("u2"))

    np.testing.assert_array_equal(unpacked(packed, "uint16", (6, 5)), pixels)


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example["dtype"])
def test_the_examples_that_the_browser_reads_are_true(example: dict[str, Any]) -> None:
    packed = base64.b64decode(example["packed"])

    pixels = unpacked(packed, example["dtype"], tuple(example["shape"]))

    np.testing.assert_array_equal(pixels, example["pixels"])


def test_a_noisy_frame_of_few_grey_levels_takes_less_than_half_its_bytes() -> None:
    noise = np.random.default_rng(0).poisson(1.5, (480, 752)).astype(np.uint8)

    assert pack(noise).nbytes < noise.nbytes / 2


def test_only_integers_of_up_to_32_bits_are_packed() -> None:
    assert all(is_packable(np.dtype(name)) for name in TYPES)
    assert not any(is_packable(np.dtype(name)) for name in ("float32", "float64", "int64"))
