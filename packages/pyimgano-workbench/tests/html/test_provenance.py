from attrs import evolve, fields

from pyimgano_core.contracts.threshold import ThresholdProvenance
from pyimgano_workbench.html._provenance import provenance_table


def test_every_field_of_the_provenance_has_a_row(make_report):
    text = provenance_table(make_report())
    names = [attribute.name for attribute in fields(ThresholdProvenance)]
    assert [] == [name for name in names if f"<tr><td>{name}</td>" not in text]


def test_what_holds_for_all_thresholds_is_said_once(make_report):
    text = provenance_table(make_report())
    assert '<tr><td>comparison</td><td colspan="3">&gt;=</td></tr>' in text
    assert (
        "<tr><td>score_source</td><td>image_score</td><td>image_score</td><td>region_maximum</td></tr>"
        in text
    )


def test_without_a_review_band_there_is_no_column_for_it(make_report):
    text = provenance_table(make_report(review_threshold=None))
    assert "<th>field</th><th>image</th><th>pixel</th>" in text


def test_a_field_that_one_threshold_lacks_is_a_dash(make_report):
    report = make_report()
    provenance = evolve(report.threshold.provenance, versions={"torch": "2"})
    text = provenance_table(make_report(threshold=evolve(report.threshold, provenance=provenance)))
    assert "<tr><td>versions</td><td>torch 2</td><td>-</td><td>-</td></tr>" in text
