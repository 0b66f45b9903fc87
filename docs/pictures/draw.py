"""Draws pictures of the documentation with the functions that they explain.

    uv run --group docs python docs/pictures/draw.py
    uv run --group docs python docs/pictures/draw.py --check

`--check` draws them again and compares, line by line, what is drawn with what the files hold, by the rule of
`docs/produce.py` for what may differ between machines. It ends with exit code 1 where a picture is stale.
"""

from __future__ import annotations

import argparse
import io
import math
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import matplotlib as mpl
import numpy as np
from matplotlib import pyplot as plt
from shown import changes

from pyimgano_core.contracts.config import CalibrationRule
from pyimgano_core.metrics import PixelAccumulator
from pyimgano_core.thresholds import CalibrationOrigin, calibrate

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from numpy.typing import NDArray

FOLDER = Path(__file__).parent
BLUE, ORANGE, GREY, GREEN = "#2f7fb8", "#d2622a", "#5d6876", "#3c8d5a"
ALPHA = 0.01
NORMALS = CalibrationOrigin(source="val")
# Names that matplotlib makes of hashes, and its zeros below zero, are others in another version of it.
UNSEEN = re.compile(r"\b[mp][0-9a-f]{10}\b|-(?=0(?![.\d]))")


def main() -> None:
    """Draw every picture beside this file, or check it."""
    parser = argparse.ArgumentParser(description="Draw pictures of the documentation, or check them.")
    parser.add_argument("--check", action="store_true", help="exit with 1 where a picture is stale")
    check = parser.parse_args().check
    mpl.rcParams.update({"svg.hashsalt": "pyimgano", "svg.fonttype": "none", "font.family": "sans-serif"})
    mpl.rcParams.update({"font.size": 10, "axes.spines.top": False, "axes.spines.right": False})
    stale = []
    for name, draw in (("aupro", draw_overlap), ("thresholds", draw_thresholds), ("guarantees", draw_rates)):
        path, drawn = FOLDER / f"{name}.svg", _drawn(draw())
        if check:
            stale += changes(_seen(path.read_text(encoding="utf-8")), _seen(drawn), path.name)
        else:
            path.write_text(drawn, encoding="utf-8")
    if stale:
        sys.exit("\n".join([*stale, "draw them anew: uv run --group docs python docs/pictures/draw.py"]))


def _drawn(figure: Figure) -> str:
    """Return a figure as SVG."""
    text = io.StringIO()
    figure.savefig(text, format="svg", metadata={"Date": None, "Creator": None}, bbox_inches="tight")
    plt.close(figure)
    return text.getvalue()


def _seen(drawn: str) -> list[str]:
    return UNSEEN.sub("", drawn).splitlines()


def draw_overlap() -> Figure:
    """Draw the per-region overlap curve of a small map, and the area that AUPRO is."""
    rng = np.random.default_rng(3)
    scores = rng.normal(0, 1, (48, 48)).astype(np.float32)
    regions = [np.zeros(scores.shape, bool) for _ in range(2)]
    regions[0][8:20, 8:16] = regions[1][30:34, 28:33] = True
    mask = regions[0] | regions[1]
    scores[mask] += 1.2
    limit = 0.3
    area = PixelAccumulator(limit)
    area.update(scores, mask)
    rate, overlap = _overlap_curve(scores, regions)
    figure, axes = plt.subplots(figsize=(6.4, 3.2))
    inside = rate <= limit
    axes.fill_between(rate[inside], overlap[inside], color=BLUE, alpha=0.25, linewidth=0)
    axes.plot(rate, overlap, color=BLUE)
    axes.axvline(limit, color=GREY, linestyle="--", linewidth=1)
    axes.text(limit + 0.01, 0.05, f"limit {limit}", color=GREY)
    axes.text(0.34, 0.35, f"AUPRO = area / limit = {area.result().aupro.value:.3f}", color=GREY)
    axes.set(
        xlim=(0, 1),
        ylim=(0, 1.02),
        xlabel="false-positive rate of normal pixels",
        ylabel="overlap, mean of regions",
    )
    return figure


def draw_thresholds() -> Figure:
    """Draw calibration scores and where each method puts the threshold, with a review band."""
    rng = np.random.default_rng(5)
    normals = rng.gamma(9, 0.11, 600).astype(np.float32)
    anomalous = rng.gamma(9, 0.11, 150) + rng.gamma(3, 0.5, 150)
    rules = {
        "conformal 10 %: review from here": CalibrationRule(alpha=0.1),
        "conformal 1 %": CalibrationRule(alpha=ALPHA),
        "fpr 1 % @ 95 %": CalibrationRule(method="fpr", alpha=ALPHA),
        "mean + 3 std": CalibrationRule(method="gaussian"),
        "F1-max (an oracle: never used)": None,
    }
    figure, axes = plt.subplots(figsize=(6.4, 3.4))
    bins = np.linspace(0, 4, 70).tolist()
    axes.hist(normals, bins, color=BLUE, alpha=0.6, label="calibration normals")
    axes.hist(anomalous, bins, color=ORANGE, alpha=0.6, label="anomalous test images")
    values = [
        _best_f1(normals, anomalous) if rule is None else _threshold(normals, rule) for rule in rules.values()
    ]
    axes.axvspan(values[0], values[1], color=GREEN, alpha=0.12, linewidth=0)
    for place, (name, value) in enumerate(zip(rules, values, strict=True)):
        color, style = (ORANGE, ":") if rules[name] is None else (GREY, "-")
        axes.axvline(value, color=color, linestyle=style, linewidth=1.2)
        height = 58 - 6 * place
        line = {"arrowstyle": "-", "color": color, "linewidth": 0.6}
        axes.annotate(
            name, (value, height), (2.6, height), color=color, fontsize=8.5, va="center", arrowprops=line
        )
    axes.set(xlim=(0, 4), ylim=(0, 62), xlabel="image score", ylabel="images")
    axes.legend(frameon=False, fontsize=8.5, loc="upper right", bbox_to_anchor=(1.0, 0.52))
    return figure


def draw_rates() -> Figure:
    """Draw the true false-positive rates of thresholds from many calibration sets."""
    methods = {
        "quantile .995 of 40 normals": (40, CalibrationRule(method="quantile")),
        "conformal 1 % of 100": (100, CalibrationRule(alpha=ALPHA)),
        "conformal 1 % of 500": (500, CalibrationRule(alpha=ALPHA)),
        "fpr 1 % @ 95 % of 500": (500, CalibrationRule(method="fpr", alpha=ALPHA)),
    }
    figure, axes = plt.subplots(figsize=(6.4, 3.0))
    rates = [_true_rates(count, rule) for count, rule in methods.values()]
    parts = axes.violinplot(rates, orientation="horizontal", showextrema=False, widths=0.8)
    for body in parts["bodies"]:  # type: ignore[attr-defined]
        body.set_facecolor(BLUE)
    for place, values in enumerate(rates, start=1):
        _mark(axes, place, values)
    axes.axvline(ALPHA, color=GREY, linestyle="--", linewidth=1)
    axes.text(ALPHA, len(rates) + 0.62, "asked for: 1 %", color=GREY, fontsize=8.5, ha="center")
    axes.set(xlim=(0, 0.06), yticks=range(1, len(rates) + 1), yticklabels=list(methods))
    axes.set_xlabel("true false-positive rate of the threshold, over 2,000 calibration sets")
    axes.xaxis.set_major_formatter(mpl.ticker.PercentFormatter(1.0, decimals=0, symbol=" %"))
    return figure


def _mark(axes: Axes, place: int, values: NDArray[np.float64]) -> None:
    axes.plot([values.mean()], [place], "o", color=ORANGE, markersize=5)
    mean, share = 100 * values.mean(), 100 * (values > ALPHA).mean()
    above = f"mean {mean:.1f} %, above 1 % in {share:.0f} % of the sets"
    axes.text(0.0595, place + 0.24, above, ha="right", fontsize=8.5, color=GREY)


def _threshold(scores: NDArray[np.floating], rule: CalibrationRule) -> float:
    value = calibrate(scores, rule, NORMALS).value
    return math.nan if value is None else value


def _true_rates(count: int, rule: CalibrationRule) -> NDArray[np.float64]:
    """Return the true rates (2000,) of thresholds from `count` scores that are uniform in 0 to 1."""
    rng = np.random.default_rng(0)
    thresholds = [_threshold(rng.random(count), rule) for _ in range(2000)]
    return 1.0 - np.array(thresholds, np.float64)


def _overlap_curve(
    scores: NDArray[np.float32], regions: list[NDArray[np.bool_]]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return false-positive rates and mean overlaps, from the highest threshold down."""
    normal = ~np.logical_or.reduce(regions)
    thresholds = np.unique(scores)[::-1]
    rate = [(scores[normal] >= value).mean() for value in thresholds]
    overlap = [np.mean([(scores[region] >= value).mean() for region in regions]) for value in thresholds]
    return np.array([0.0, *rate]), np.array([0.0, *overlap])


def _best_f1(normals: NDArray[np.float32], anomalous: NDArray[np.float64]) -> float:
    candidates = np.sort(anomalous)
    found = np.array([(anomalous >= value).sum() for value in candidates])
    alarms = np.array([(normals >= value).sum() for value in candidates])
    return float(candidates[np.argmax(2 * found / (found + alarms + len(anomalous)))])


if __name__ == "__main__":
    main()
