import re

from pyimgano_workbench.histogram import score_histogram

LINES = [{"score": float(score), "y_true": score // 5} for score in range(10)]


def heights_of(svg, color):
    return [
        float(h) for h in re.findall(rf'height="([\d.]+)" fill="var\(--{color}\)" fill-op', svg) if h != "12"
    ]


def test_without_scores_there_is_no_picture():
    assert "" == score_histogram([{"score": None, "y_true": 0}], 1.0)


def test_every_score_is_in_a_bar_of_its_label():
    svg = score_histogram(LINES, 4.5)
    assert [5, 5] == [len(heights_of(svg, color)) for color in ("normal", "anomalous")]


def test_a_threshold_beyond_all_scores_is_within_the_picture():
    svg = score_histogram(LINES, 20.0)
    assert "threshold 20" in svg
    assert all(0 <= float(x) <= 800 for x in re.findall(r'x1="([\d.]+)"', svg))


def test_the_review_band_is_shaded_from_its_threshold_to_the_other():
    svg = score_histogram(LINES, 6.0, 3.0)
    (band,) = re.findall(r'<rect x="([\d.]+)" y="34" width="([\d.]+)" height="152"', svg)
    lines = sorted(float(x) for x in re.findall(r'<line x1="([\d.]+)" x2="\1"', svg))
    left, width = map(float, band)
    assert [left, round(left + width, 1)] == lines
    assert "review 3" in svg


def test_without_a_band_nothing_is_shaded():
    assert "review" not in score_histogram(LINES, 6.0)
