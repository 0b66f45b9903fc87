"""What the steps of a fit took: a note in the report, which no result depends on."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


class Clock:
    """What each step took, in seconds."""

    def __init__(self) -> None:
        self.laps: dict[str, float] = {}
        self._last = time.perf_counter()

    def lap(self, name: str, parts: Mapping[str, float] | None = None) -> None:
        """Note what the step took that ends now, and its parts."""
        now = time.perf_counter()
        self.laps[name] = round(now - self._last, 3)
        self.laps |= {f"{name}.{part}": seconds for part, seconds in (parts or {}).items()}
        self._last = now
