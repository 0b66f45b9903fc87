import re

from attrs import evolve

from pyimgano_core.contracts.report import Variant
from pyimgano_workbench.html._precision import precision_table


def with_variant(report, **changes):
    """A report whose 8-bit graph is the same but for `changes`."""
    variant = Variant(
        checkpoint=evolve(report.checkpoint, path="checkpoints/part/model_int8.onnx", size_bytes=2_500_000),
        threshold=evolve(report.threshold, value=2.75),
        pixel_threshold=report.pixel_threshold,
        review_threshold=report.review_threshold,
        results=evolve(report.results, **changes),
        self_test=report.self_test,
    )
    return evolve(report, int8=variant)


def rows(text):
    return {
        cells[0]: cells[1:]
        for row in re.findall(r"<tr>(.*?)</tr>", text)
        if (cells := re.findall(r"<td[^>]*>(.*?)</td>", row))
    }


def test_both_graphs_stand_side_by_side(make_report):
    found = rows(precision_table(with_variant(make_report(), average_precision=0.75)))
    assert ["0.9900", "0.7500"] == found["image AP"]
    assert ["3", "2.75"] == found["threshold"]
    assert ["0.0 MB", "2.5 MB"] == found["model file"]
    assert ["1/40", "1/40"] == found["false alarms"]


def test_without_an_8_bit_graph_there_is_no_table(make_report):
    assert "" == precision_table(make_report())


def test_without_a_threshold_or_pixel_metrics_there_are_dashes(make_report):
    report = make_report()
    bare = with_variant(report, pixel_metrics=None, false_alarm_rate=None)
    found = rows(precision_table(evolve(bare, threshold=evolve(report.threshold, value=None))))
    assert ("-", "-") == (found["AUPRO"][1], found["threshold"][0])
