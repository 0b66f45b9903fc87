"""A second reading of configs and lines, as plain as can be, which `fuzz.py` compares the program with."""

from __future__ import annotations

import json
import math
import os
from typing import Any, NoReturn

from small_world import SCORES


def read_strictly(content: bytes) -> Any:
    """Return a JSON document, in which no key stands twice and all numbers are finite."""

    def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        assert len(dict(pairs)) == len(pairs), "a key stands twice"
        return dict(pairs)

    def refuse(constant: str) -> NoReturn:
        raise AssertionError(constant)

    text = content.decode("utf-8-sig")
    return json.loads(text, object_pairs_hook=unique, parse_constant=refuse, parse_float=_finite)


def _finite(text: str) -> float:
    assert math.isfinite(float(text)), text
    return float(text)


def check_line(index: int, line: Any, config: Any) -> None:
    """Check a line of results: an error gives no verdict, and a verdict is what the config says."""
    assert line["index"] == index
    if line["status"] == "error":
        assert (line["score"], line["label"]) == (None, None)
        assert line["error"]["message"]
        return
    entry = config["per_category"][line["category"]]
    value = entry["threshold"].get("value")
    assert line["threshold"] == (None if value is None else float(value))
    assert math.isclose(line["score"], SCORES[os.path.basename(line["input"])], rel_tol=1e-6)  # noqa: PTH119
    assert line["label"] == label_of(line["score"], entry)


def label_of(score: float, entry: Any) -> str | None:
    """Return the verdict that a category of a config gives."""
    threshold = entry["threshold"].get("value")
    review = (entry.get("review_threshold") or {}).get("value")
    if threshold is None:
        return None
    if score >= threshold:
        return "anomalous"
    return "review" if review is not None and score >= review else "normal"
