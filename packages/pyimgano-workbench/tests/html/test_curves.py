import re

import numpy as np
import pytest
from attrs import evolve

from pyimgano_core.metrics import ScoredImage, SketchAccumulator, save_sketch
from pyimgano_workbench.html._chart import Frame
from pyimgano_workbench.html._curves import curve_figures

LINES = [{"score": float(score), "y_true": score // 5} for score in range(10)]
UNIT = Frame((0.0, 1.0), (0.0, 1.0))


@pytest.fixture
def report(make_report):
    report = make_report()
    counts = {"recall": 0.8, "precision": 0.75, "specificity": 0.6}
    return evolve(report, results=evolve(report.results, metrics=counts))


@pytest.fixture
def folder(tmp_path):
    """A run directory with the sketch of a category whose pixel threshold flags a tenth of all else."""
    accumulator = SketchAccumulator(pixel_threshold=0.9)
    scores = np.linspace(0, 1, 400, dtype=np.float32).reshape(20, 20)
    mask = np.zeros((20, 20), np.bool_)
    mask[5:9, 5:9] = True
    accumulator.update(ScoredImage(name="a", score=1.0, anomalous=True, scores=scores, mask=mask))
    save_sketch(tmp_path / "categories" / "part" / "metric_sketch.npz", accumulator.result())
    return tmp_path


def titles(figures):
    return [re.findall("<h4>(.*?)</h4>", figure)[0] for figure in figures]


def dots(figure):
    return [
        tuple(map(float, place)) for place in re.findall(r'class="dot" cx="([\d.]+)" cy="([\d.]+)"', figure)
    ]


def test_there_are_curves_of_images_and_of_regions(report, folder):
    expected = ["ROC curve", "Precision and recall", "Per-region overlap (PRO)"]
    assert expected == titles(curve_figures(LINES, report, folder))


def test_the_numbers_beside_the_curves_are_those_of_the_report(report, folder):
    roc, precision, overlap = curve_figures(LINES, report, folder)
    assert "image AUROC: 0.9860" in roc
    assert "image AP: 0.9900" in precision
    assert "AUPRO: 0.9100" in overlap


def test_the_deployed_threshold_is_a_dot_on_each_curve_of_images(report, folder):
    roc, precision, _ = curve_figures(LINES, report, folder)
    assert [(UNIT.at_x(0.4), UNIT.at_y(0.8))] == [pytest.approx(place, abs=0.1) for place in dots(roc)]
    assert [(UNIT.at_x(0.8), UNIT.at_y(0.75))] == [pytest.approx(place, abs=0.1) for place in dots(precision)]


def test_without_a_threshold_there_is_no_dot(report, folder):
    bare = evolve(report, results=evolve(report.results, metrics=None))
    assert [[], []] == [dots(figure) for figure in curve_figures(LINES, bare, folder)[:2]]


def test_a_pixel_threshold_beyond_the_limit_is_told_in_words(report, folder):
    pixel = evolve(report.results.pixel_metrics, aupro_limit=0.05)
    near = evolve(report, results=evolve(report.results, pixel_metrics=pixel))
    assert 1 == len(dots(curve_figures(LINES, report, folder)[2]))
    overlap = curve_figures(LINES, near, folder)[2]
    assert [] == dots(overlap)
    assert "lies beyond, at a false-positive rate of 0.1" in overlap


def test_images_of_one_kind_and_no_masks_leave_no_curves(report, folder):
    bare = evolve(report, results=evolve(report.results, pixel_metrics=None))
    assert [] == curve_figures(LINES[:5], bare, folder)


def test_a_sketch_that_can_not_be_read_costs_its_curve_only(report, tmp_path):
    assert ["ROC curve", "Precision and recall"] == titles(curve_figures(LINES, report, tmp_path))
