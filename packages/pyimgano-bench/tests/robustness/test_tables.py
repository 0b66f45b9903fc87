from pyimgano_bench.robustness._tables import lines_of, markdown_report, text_report


def test_a_line_holds_a_kind_from_clean_to_the_highest_severity(results_of):
    lines = text_report(results_of()).splitlines()
    assert ["kind", "detector", "clean", "severity", "1"] == lines[0].split()[:5]
    cells = [f".900 {alarms}/10 3/20" for alarms in range(6)]
    assert ["shot noise", "padim", *cells] == [cell.strip() for cell in lines[1].split("  ") if cell.strip()]
    assert lines[2].startswith("shift")


def test_detectors_stand_together_under_a_kind(results_of):
    found = [(kind, line[0].detector) for kind, line in lines_of(results_of(detectors=("a", "b")))]
    assert [("shot_noise", "a"), ("shot_noise", "b"), ("shift", "a"), ("shift", "b")] == found


def test_several_data_sets_are_named_and_stand_apart(results_of):
    lines = text_report(results_of(datasets=("one", "two"))).splitlines()
    assert ["dataset", "one", "one", "two", "two"] == [line.split()[0] for line in lines[:5]]


def test_what_is_undefined_is_a_dash(results_of):
    results = results_of(threshold=None, auroc=None, misses=None, reviews=None)
    assert "- - -" in text_report(results).splitlines()[1]


def test_a_trial_is_marked_first(results_of):
    results = results_of(trial=4)
    for report in (text_report(results), markdown_report(results)):
        notes = [line for line in report.splitlines() if line.startswith("- ")]
        assert "TRIAL: at most 4 test images" in notes[0]
    assert "trial" not in text_report(results_of())


def test_no_name_breaks_the_markdown(results_of):
    report = markdown_report(results_of(datasets=("a", "d|x"), detectors=("p\\|`*_<b>",)))
    table = [line for line in report.splitlines() if line.startswith("| ")]
    bare = [line.replace("\\\\", "").replace("\\|", "") for line in table]
    assert {bare[0].count("|")} == {line.count("|") for line in bare}
    assert "<b>" not in report.replace("\\<b\\>", "")
    assert "- a\\|note" in report.splitlines()
