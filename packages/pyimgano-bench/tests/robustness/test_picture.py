from xml.etree import ElementTree as ET

from pyimgano_bench.robustness._picture import svg_picture

TEXT = "{http://www.w3.org/2000/svg}text"
RECT = "{http://www.w3.org/2000/svg}rect"


def drawn(results):
    return ET.fromstring(svg_picture(results))  # noqa: S314 - our own picture


def texts(picture):
    return ["".join(element.itertext()) for element in picture.iter(TEXT)]


def test_each_detector_on_each_data_set_has_a_panel(results_of):
    shown = texts(drawn(results_of(datasets=("one", "two"), detectors=("a", "b"))))
    assert [f"{name} on {data}" for data in ("one", "two") for name in "ab"] == [
        text for text in shown if " on " in text and len(text) < 12
    ]


def test_a_panel_shows_every_number(results_of):
    shown = texts(drawn(results_of()))
    assert 12 == shown.count("0.900")  # two kinds, clean and five severities
    assert 12 == shown.count("15")  # 3 misses of 20
    for severity in range(1, 6):
        assert 2 == shown.count(str(10 * severity))  # false alarms of 10


def test_the_redder_the_worse(results_of):
    reds = [
        float(element.get("fill-opacity"))
        for element in drawn(results_of()).iter(RECT)
        if element.get("x")
        if element.get("class") == "bad"
    ]
    assert {0.1, 0.2, 0.3, 0.4, 0.5, 0.15} == set(reds)  # false alarms, lost AUROC twice over, misses


def test_what_is_undefined_is_grey_with_a_dash(results_of):
    picture = drawn(results_of(threshold=None, auroc=None, misses=None, reviews=None))
    grounds = {element.get("class") for element in picture.iter(RECT) if element.get("x")}
    assert {"unknown"} == grounds
    assert 36 == texts(picture).count("-")


def test_names_are_text_and_long_ones_are_cut(results_of):
    shown = texts(drawn(results_of(datasets=("<d>&\"'",), detectors=("x" * 80,))))
    assert any("…" in text and "<d>&\"'" in text for text in shown)


def test_a_trial_is_marked(results_of):
    assert any("TRIAL: at most 7" in text for text in texts(drawn(results_of(trial=7))))
    assert not any("trial" in text for text in texts(drawn(results_of())))


def test_everything_lies_inside_the_picture(results_of):
    picture = drawn(results_of(detectors=("a", "b", "c")))
    assert max(float(element.get("y")) for element in picture.iter(TEXT)) < float(picture.get("height"))
