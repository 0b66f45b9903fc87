from pyimgano_bench.fewshot._tables import markdown_report, text_report


def cells(line):
    return [cell.strip() for cell in line.split("  ") if cell.strip()]


def test_a_line_holds_a_detector_with_a_number_of_images(results_of, row_of):
    rows = [row_of(draw=draw, image_auroc=value) for draw, value in ((0, 0.8), (1, 1.0))]
    header, line = text_report(results_of(rows)).splitlines()[:2]
    assert ["detector", "normals", "draws", "categories", "AUROC", "px AUROC", "AUPRO"] == cells(header)[:7]
    expected = ["padim", "4", "2", "1", "0.9000 ± 0.1414", "0.9500 ± 0.0000", "0.8000 ± 0.0000"]
    assert [*expected, "10.0 %", "15.0 %"] == cells(line)


def test_detectors_keep_their_order_and_numbers_rise(results_of, row_of):
    rows = [row_of(detector=name, count=count) for count in (8, 2) for name in ("z", "a")]
    lines = text_report(results_of(rows)).splitlines()[1:5]
    assert [["z", "2"], ["z", "8"], ["a", "2"], ["a", "8"]] == [cells(line)[:2] for line in lines]


def test_several_data_sets_are_named(results_of, row_of):
    lines = text_report(results_of([row_of(), row_of(dataset="other")])).splitlines()
    assert ["dataset", "parts", "other"] == [line.split()[0] for line in lines[:3]]


def test_what_is_undefined_is_a_dash(results_of, row_of):
    row = row_of(image_auroc=None, false_alarms=None, normal_count=None)
    shown = cells(text_report(results_of([row])).splitlines()[1])
    assert ("-", "-", "15.0 %") == (shown[4], shown[7], shown[8])


def test_a_trial_is_marked_first(results_of, row_of):
    for report in (text_report, markdown_report):
        notes = [line for line in report(results_of([row_of()], trial=4)).splitlines() if line[:2] == "- "]
        assert "TRIAL: at most 4 test images" in notes[0]
        assert "trial" not in report(results_of([row_of()]))


def test_no_name_breaks_the_markdown(results_of, row_of):
    report = markdown_report(results_of([row_of(), row_of(detector="a|b\\", dataset="<i>|")]))
    bare = [
        line.replace("\\\\", "").replace("\\|", "") for line in report.splitlines() if line.startswith("| ")
    ]
    assert {bare[0].count("|")} == {line.count("|") for line in bare}
    assert "- a\\|note" in report.splitlines()
