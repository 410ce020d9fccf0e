"""What a page says on its console that no viewer should give it reason to say."""

from __future__ import annotations

from playwright.sync_api import ConsoleMessage

OUR_OWN_DOING = "GPU stall due to ReadPixels"
"""Chromium's remark, on a busy machine, on tests that read the volume's pixels back."""


def complaint(message: ConsoleMessage) -> str | None:
    """Return an error or a warning as text, None for what is neither."""
    if message.type not in ("error", "warning") or OUR_OWN_DOING in message.text:
        return None
    return f"{message.type}: {message.text}"
