import csv
import io

import pytest
from attrs import evolve

from pyimgano_bench.means import macro_means
from pyimgano_bench.references import Published, Reference
from pyimgano_bench.results import BenchResults
from pyimgano_bench.rows import Row
from pyimgano_bench.tables import csv_report, markdown_report, text_report

FULL = Row(
    dataset="d",
    category="bolt",
    detector="padim",
    seed=0,
    status="ok",
    image_auroc=0.98765432,
    image_ap=1.0,
    image_f1_max=0.5,
    pixel_auroc=0.97,
    aupro=0.9,
    threshold=-12.3456,
    false_alarms=1,
    misses=2,
    normal_count=10,
    anomaly_count=20,
    fit_seconds=3.21,
)
BARE = Row(dataset="d", category="nut", detector="padim", seed=0, status="failed", error="no device")


def results(*rows, notes=(), trial=None):
    return BenchResults(
        trial=trial,
        timestamp_utc="2026-01-02T03:04:05+00:00",
        pyimgano_version="0",
        rows=rows,
        means=macro_means(rows),
        notes=notes,
    )


def read_csv(document):
    return list(csv.DictReader(io.StringIO(csv_report(document))))


def test_the_terminal_table_has_a_line_per_cell():
    lines = text_report(results(FULL, BARE, notes=["d/nut: failed: no device"])).splitlines()
    assert ["bolt", "padim", "0.9877", "1.0000", "0.5000", "0.9700", "0.9000"] == lines[1].split()[:7]
    assert ["-12.35", "1/10", "2/20", "3.2"] == lines[1].split()[7:]
    assert ["nut", "padim", "failed", *["-"] * 8] == lines[2].split()
    assert "- d/nut: failed: no device" == lines[-1]


def test_image_auroc_stands_with_its_interval():
    row = evolve(FULL, image_auroc_low=0.9512, image_auroc_high=1.0)
    assert "0.9877 [.951, 1.000]  1.0000" in text_report(results(row)).splitlines()[1]
    assert r"| 0.9877 \[.951, 1.000\] |" in markdown_report(results(row))


def test_an_interval_with_one_end_is_none():
    assert "[" not in text_report(results(evolve(FULL, image_auroc_low=0.9))).splitlines()[1]


def test_the_columns_stay_few_whatever_a_row_holds():
    row = evolve(FULL, aupimo=0.5, tpr_at_fpr=0.9, miss_rate=0.1, certified_level=0.01)
    assert text_report(results(row)) == text_report(results(FULL))


def test_a_mean_over_some_categories_says_so():
    text = text_report(results(FULL, BARE))
    assert "0.9877 (1 of 2)" in text.split("\n\n")[1]


def test_a_mean_over_seeds_shows_their_spread():
    rows = [FULL, evolve(FULL, seed=1, image_auroc=0.97765432)]
    table, means, *_ = text_report(results(*rows)).split("\n\n")
    assert "seed" in table.splitlines()[0]
    assert "0.9827 ± 0.0071" in means
    assert means.startswith("mean over categories, ± std over 2 seeds")


def test_data_sets_are_named_where_there_are_several():
    assert "dataset" not in text_report(results(FULL))
    assert 2 == text_report(results(FULL, evolve(FULL, dataset="e"))).count("dataset")


def test_csv_keeps_every_digit_and_leaves_the_undefined_empty():
    full, bare = read_csv(results(FULL, BARE))
    assert 0.98765432 == float(full["image_auroc"])
    assert -12.3456 == float(full["threshold"])
    assert ("", "failed", "no device") == (bare["image_auroc"], bare["status"], bare["error"])


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t1", " =1", '=HYPERLINK("http://x","y")'])
def test_text_that_a_spreadsheet_would_compute_is_disarmed(text):
    line = read_csv(results(evolve(FULL, category=text, detector=text)))[0]
    assert f"'{text}" == line["category"] == line["detector"]


def test_a_line_end_in_a_message_never_breaks_the_csv():
    assert ["' =1", "a b"] == [
        read_csv(results(evolve(BARE, error=text)))[0]["error"] for text in ("\r\n=1", "a\r\nb")
    ]


@pytest.mark.parametrize("text", ["bolt", "a=b", "x-1", "kühl schrank"])
def test_ordinary_text_stays_as_it_is_in_csv(text):
    assert text == read_csv(results(evolve(FULL, category=text)))[0]["category"]


def test_reasons_stand_in_the_csv():
    line = read_csv(results(evolve(FULL, reasons={"aupro": "no_masks", "image_ap": "no_positives"})))[0]
    assert "aupro: no_masks; image_ap: no_positives" == line["reasons"]


def test_markdown_has_the_same_numbers_and_notes():
    text = markdown_report(results(FULL, BARE, notes=["d/nut: failed: no device"]))
    row = "| bolt | padim | 0.9877 | 1.0000 | 0.5000 | 0.9700 | 0.9000 | -12.35 | 1/10 | 2/20 | 3.2 |"
    assert row in text.splitlines()
    assert "- d/nut: failed: no device" in text.splitlines()


def test_markdown_names_can_not_break_the_table():
    text = markdown_report(results(evolve(FULL, category="a|b\n<img src=x>"), notes=["*x* | [y](z)"]))
    assert r"| a\|b \<img src=x\> |" in text
    assert r"- \*x\* \| \[y\](z)" in text


def test_a_review_band_stands_beside_the_misses_in_every_table():
    row = evolve(FULL, reviews=9, review_normal=3, review_anomalous=6)
    document = results(row, BARE)
    header, line, bare, *_ = text_report(document).splitlines()
    assert header.split()[-4:] == ["misses", "review", "fit", "s"]
    assert line.split()[-5:] == ["2/20", "3/10", "+", "6/20", "3.2"]
    assert ["-", "-"] == bare.split()[-2:]
    assert "| 2/20 | 3/10 + 6/20 | 3.2 |" in markdown_report(document)
    assert ("3", "6") == tuple(read_csv(document)[0][name] for name in ("review_normal", "review_anomalous"))


def test_without_a_review_band_there_is_no_column_for_it():
    assert "review" not in text_report(results(FULL))


def test_limits_are_named_and_au_spro_is_there_where_it_was_asked_for():
    row = evolve(FULL, aupro_limit=0.05, saturation=0.5, au_spro=0.8125)
    cells, means, *_ = text_report(results(row, BARE)).split("\n\n")
    assert "AUPRO@0.05  AU-sPRO@0.05" in cells.splitlines()[0]
    assert "AUPRO@0.05" in means.splitlines()[0]
    assert "0.8125" in cells.splitlines()[1]
    assert "0.8125 (1 of 2)" in means
    assert "AU-sPRO" not in text_report(results(evolve(row, saturation=None, au_spro=None)))


def test_limits_that_differ_are_not_told_as_one():
    rows = [evolve(FULL, aupro_limit=0.3), evolve(FULL, category="nut", aupro_limit=0.05)]
    assert "@" not in text_report(results(*rows))


def test_an_interval_without_width_is_not_taken_for_certainty():
    row = evolve(FULL, image_auroc=1.0, image_auroc_low=1.0, image_auroc_high=1.0)
    assert "[" not in text_report(results(row))


def test_a_mean_stands_with_its_interval_and_what_it_leaves_out():
    row = evolve(FULL, image_auroc=0.9, image_auroc_low=0.8, image_auroc_high=0.95, interval_level=0.95)
    document = results(row, BARE)
    expected = (
        "- d: means of image AUROC, image AP, image F1-max, pixel AUROC, AUPRO are over 1 of 2 categories, "
        "without nut: not every detector has a value there under every seed"
    )
    assert "0.9000 [.800, .950] (1 of 2)" in text_report(document).split("\n\n")[1]
    assert expected in text_report(document).splitlines()
    assert expected in markdown_report(document).splitlines()


def test_a_trial_is_marked_in_every_form():
    document = results(evolve(FULL, trial=6), trial=6)
    told = "TRIAL: at most 6 test images of a category were used; these numbers are no results"
    text = text_report(document)
    assert (told, f"- {told}") == (text.splitlines()[0], text.split("\n\n")[-1].splitlines()[0])
    assert f"**{told}**" == markdown_report(document).splitlines()[2]
    assert "6" == read_csv(document)[0]["trial"]
    assert "TRIAL" not in text_report(results(FULL)) + markdown_report(results(FULL))


def test_what_others_published_stands_apart_and_below():
    reference = Reference(dataset="mvtec", method="PaDiM", source="a paper", means={"image_auroc": 95.0})
    published = [Published(dataset="d", references=(reference,))]
    text, markdown = (render(results(FULL), published) for render in (text_report, markdown_report))
    assert text.index("0.9877") < text.index("Published by others, d: in per cent") < text.index("95.0")
    assert markdown.index("| padim |") < markdown.index("## Published by others: d") < markdown.index("95.0")
    assert "95.0" not in csv_report(results(FULL))
