from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from roiwidgets.widgets._messages import (
    CancelMessage,
    ChunkRequest,
    GetMessage,
    MessageError,
    ProbeMessage,
    chunk_message,
    empty_message,
    error_message,
    parse_message,
    value_message,
)

FIXTURES = json.loads((Path(__file__).parents[1] / "fixtures" / "messages.json").read_text())
INVALID = FIXTURES["from_browser"]["invalid"]


def test_valid_messages_of_the_shared_fixture_are_understood() -> None:
    get, cancel, probe = (parse_message(m) for m in FIXTURES["from_browser"]["valid"])

    assert isinstance(get, GetMessage)
    assert get.generation == 3
    assert get.requests[1] == ChunkRequest(
        18, "preview-4", 0, 0, 0, (5, 0, 0), (1, 64, 64), quick=True
    )
    assert cancel == CancelMessage((17, 18))
    assert probe == ProbeMessage(19, "image-1", 0, 1, (4, 5, 6))


@pytest.mark.parametrize("case", INVALID, ids=[case["why"] for case in INVALID])
def test_invalid_messages_of_the_shared_fixture_are_refused(case: dict[str, object]) -> None:
    with pytest.raises(MessageError):
        parse_message(case["message"])


def test_answers_have_the_fields_of_the_shared_fixture() -> None:
    request = ChunkRequest(17, "image-1", 2, 0, 0, (0, 0, 0), (2, 3, 4))
    voxels = np.linspace(0, 255, 24).reshape(2, 3, 4).astype(np.uint8)
    expected = FIXTURES["from_kernel"]["valid"]

    header, buffer = chunk_message(request, 3, voxels)

    assert header == expected[0]
    assert buffer == voxels.tobytes()
    assert empty_message(request, 3) == {**expected[1], "id": 17}
    assert error_message(19, "image-9 is not shown any more") == expected[2]
    assert value_message(19, "18446744073709551615") == expected[3]


def test_buffers_are_little_endian_and_in_c_order() -> None:
    request = ChunkRequest(1, "image-1", 0, 0, 0, (0, 0, 0), (2, 3, 4))
    voxels = np.asfortranarray(np.arange(24, dtype=">u2").reshape(2, 3, 4))

    header, buffer = chunk_message(request, 0, voxels)

    assert header["dtype"] == "uint16"
    np.testing.assert_array_equal(np.frombuffer(buffer, "<u2").reshape(2, 3, 4), voxels)
