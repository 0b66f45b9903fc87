import json
from datetime import UTC, datetime

import pytest
from attrs import evolve
from PIL import Image, ImageOps

from pyimgano_core.artifacts import read_artifact
from pyimgano_core.contracts.report import DecidingImage
from pyimgano_core.errors import DataError, UsageError
from pyimgano_core.progress import SilentProgress
from pyimgano_core.recipes import load_run_config
from pyimgano_workbench.comparison import compare_results
from pyimgano_workbench.reproducing import Reproduction, compare, in_words, prepare_repetition
from pyimgano_workbench.training import run_job, train

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


@pytest.fixture
def first(dataset, make_config):
    """A run, of a data set that its config names by a relative path."""
    path = make_config(dataset)
    path.write_text(path.read_text().replace(json.dumps(str(dataset)), '"data/manifest.jsonl"'))
    config = load_run_config(path, ["model.name=subspace"])
    return train(config, path.parent, SilentProgress(), now=NOW, export_infer_config=True)


def repeat(first, target, *overrides):
    repetition = prepare_repetition(first.folder, overrides, {}, str(target), SilentProgress(), now=NOW)
    finished = run_job(repetition.job, SilentProgress())
    return finished, compare(repetition, finished)


def parts_of(result):
    return sorted({difference.part for difference in result.differences})


def contents_of(folder):
    return {path: path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def test_the_same_run_is_reproduced_from_any_folder_and_the_original_is_not_touched(
    first, tmp_path, monkeypatch
):
    before = contents_of(first.folder)
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    finished, result = repeat(first, tmp_path / "again")
    assert (True, (), 0) == (result.equal, result.differences, result.exit_code)
    assert before == contents_of(first.folder)
    assert (finished.folder / "artifacts/infer_config.json").exists()
    assert result == read_artifact(finished.folder / "reproduction.json", Reproduction)
    assert result.compared["results"] > 30
    assert "run: reproduced" in in_words(result)


def test_the_path_of_a_calibration_image_is_no_result(first):
    def named(path):
        found = DecidingImage(
            input=path, score=5.0, next_score=1.6, missed_count=9, found_without=8, false_alarms_without=1
        )
        return evolve(first.report, per_category={"part": evolve(part, deciding_image=found)})

    (part,) = first.report.per_category.values()
    assert () == compare_results(named("here/odd.png"), named("there/odd.png")).differences


def test_a_changed_image_is_a_difference_of_data_and_of_results(first, dataset, tmp_path):
    with Image.open(dataset.parent / "part_train0.png") as image:
        changed = ImageOps.flip(image)
    changed.save(dataset.parent / "part_train0.png")
    _, result = repeat(first, tmp_path / "again")
    assert (False, 3) == (result.equal, result.exit_code)
    assert ["data", "results"] == parts_of(result)
    assert "checkpoint.sha256" in {difference.what for difference in result.differences}
    text = in_words(result)
    assert "data: 1 of 1 value differs" in text
    assert "settings: equal" in text
    assert "run: not reproduced" in text


def test_a_changed_region_of_interest_is_a_difference_of_data(dataset, make_config, tmp_path):
    with Image.open(dataset.parent / "part_train0.png") as image:
        mask = Image.new("L", image.size, 255)
    mask.save(tmp_path / "region.png")
    path = make_config(dataset)
    overrides = ["model.name=subspace", f"dataset.regions.part={tmp_path / 'region.png'}"]
    first = train(
        load_run_config(path, overrides), path.parent, SilentProgress(), now=NOW, export_infer_config=False
    )
    mask.paste(0, (0, 0, mask.width // 2, mask.height))
    mask.save(tmp_path / "region.png")
    repetition = prepare_repetition(first.folder, [], {}, str(tmp_path / "again"), SilentProgress(), now=NOW)
    assert [("data", "region of part")] == [(each.part, each.what) for each in repetition.differences]


def test_another_setting_is_named_with_both_values(first, tmp_path):
    _, result = repeat(first, tmp_path / "again", "threshold.quantile=0.5")
    difference = result.differences[0]
    assert ("settings", "threshold.quantile") == (difference.part, difference.what)
    assert (0.995, 0.5) == (difference.original, difference.now)
    assert "threshold.value" in {each.what for each in result.differences if each.part == "results"}


def test_another_environment_with_equal_results_is_told_and_is_a_reproduction(first, tmp_path):
    path = first.folder / "report.json"
    report = json.loads(path.read_text())
    report["environment"]["packages"]["numpy"] = "1.0"
    report["environment"]["git"] = {"commit": "c0ffee", "dirty": True}
    path.write_text(json.dumps(report))
    _, result = repeat(first, tmp_path / "again")
    assert ["environment"] == parts_of(result)
    assert "packages.numpy" in {difference.what for difference in result.differences}
    assert (True, 0) == (result.equal, result.exit_code)


def test_a_category_that_failed_then_and_not_now_is_a_difference(first, tmp_path):
    path = first.folder / "report.json"
    report = json.loads(path.read_text())
    report["per_category"] = {}
    report["failed_categories"] = {"part": "out of memory"}
    path.write_text(json.dumps(report))
    _, result = repeat(first, tmp_path / "again")
    failed = next(each for each in result.differences if each.what == "failed.part")
    assert ("results", "out of memory", None) == (failed.part, failed.original, failed.now)
    assert 3 == result.exit_code


def test_data_that_is_gone_is_an_error_of_the_data_with_a_file_s_name(first, dataset, tmp_path):
    (dataset.parent / "part_good1.png").unlink()
    with pytest.raises(DataError, match=r"1 file is gone .*, such as .*part_good1\.png") as error:
        repeat(first, tmp_path / "again")
    assert 2 == error.value.exit_code
    dataset.unlink()
    with pytest.raises(DataError, match=r"manifest\.jsonl"):
        repeat(first, tmp_path / "again")
    assert not (tmp_path / "again").exists()


def test_data_that_has_moved_is_found_where_the_caller_says(first, dataset, tmp_path):
    dataset.parent.rename(tmp_path / "moved")
    _, result = repeat(
        first, tmp_path / "again", f"dataset.manifest_path={tmp_path / 'moved/manifest.jsonl'}"
    )
    assert ["settings"] == parts_of(result)


def test_an_unfinished_run_is_not_repeated(first, tmp_path):
    first.folder.rename(tmp_path / "run.partial")
    with pytest.raises(UsageError, match="finish it with --resume"):
        repeat(first, tmp_path / "again")
