import json
import shutil
from datetime import UTC, datetime

import numpy as np
import pytest
from PIL import Image

from pyimgano_core.artifacts import read_artifact, sha256_file
from pyimgano_core.contracts.infer_config import InferConfig
from pyimgano_core.errors import ArtifactError, DataError, UsageError
from pyimgano_core.progress import SilentProgress
from pyimgano_core.recipes import load_run_config
from pyimgano_workbench.reproducing import prepare_repetition
from pyimgano_workbench.resuming import resume
from pyimgano_workbench.training import run_job, train
from pyimgano_workbench.updating import prepare_update

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


def run(config_path, *overrides):
    config = load_run_config(config_path, ["model.name=subspace", *overrides])
    return train(config, config_path.parent, SilentProgress(), now=NOW, export_infer_config=True)


def update(folder, manifest, target):
    return run_job(prepare_update(folder, manifest, str(target), SilentProgress(), now=NOW), SilentProgress())


def add_images(folder, category, count, *, first=0):
    """Write new normal images, and return their rows."""
    rng = np.random.default_rng(99 + first)
    names = [f"{category}_new{first + number}.png" for number in range(count)]
    folder.mkdir(exist_ok=True)
    for name in names:
        image = rng.normal(112, 6, (64, 64, 3)).clip(0, 255).astype(np.uint8)
        Image.fromarray(image).save(folder / name)
    return [{"image_path": name, "category": category} for name in names]


def write_manifest(path, rows):
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


@pytest.fixture
def first(write_dataset, write_config, tmp_path):
    """A run of two categories whose splits are explicit but for the train images."""
    return run(write_config(tmp_path, write_dataset(tmp_path / "data", categories=("a", "b"))))


@pytest.fixture
def new(tmp_path):
    """A manifest of three new images of category a."""
    return write_manifest(tmp_path / "new" / "new.jsonl", add_images(tmp_path / "new", "a", 3))


def contents_of(folder):
    return {
        path.relative_to(folder): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()
    }


def scores_of(folder, category):
    lines = (folder / "categories" / category / "per_image.jsonl").read_text().splitlines()
    return [json.loads(line)["score"] for line in lines]


def test_an_update_equals_a_fit_on_all_images_without_needing_the_old_ones(
    first, new, tmp_path, write_config
):
    rows = [json.loads(line) for line in (tmp_path / "data/manifest.jsonl").read_text().splitlines()]
    held_out = {
        json.loads(line)["input"]
        for name in ("a", "b")
        for line in (first.folder / "categories" / name / "calibration.jsonl").read_text().splitlines()
    }
    for row in rows:
        row["split"] = "val" if row["image_path"] in held_out else row["split"]
    added = [json.loads(line) | {"split": "train"} for line in new.read_text().splitlines()]
    shutil.copytree(new.parent, tmp_path / "data", dirs_exist_ok=True)
    everything = write_manifest(tmp_path / "data" / "all.jsonl", [*rows, *added])
    whole = run(write_config(tmp_path, everything, name="all.toml", output="whole"))

    for path in (tmp_path / "data").glob("*_train*.png"):
        if path.name not in held_out:
            path.unlink()
    updated = update(first.folder, new, tmp_path / "updated")

    assert scores_of(updated.folder, "a") == pytest.approx(scores_of(whole.folder, "a"), rel=1e-4)
    assert scores_of(updated.folder, "a") != pytest.approx(scores_of(first.folder, "a"), rel=1e-4)
    mine, theirs = (each.report.per_category["a"] for each in (updated, whole))
    assert theirs.threshold.value == pytest.approx(mine.threshold.value, rel=1e-4)
    assert theirs.split_fingerprint == mine.split_fingerprint
    assert 9 == mine.dataset_summary.train_count == theirs.dataset_summary.train_count


def test_an_update_names_its_parent_and_leaves_it_alone(first, new, tmp_path):
    before = contents_of(first.folder)
    updated = update(first.folder, new, tmp_path / "updated")
    parent = updated.report.parent
    assert ("run", {"a": 3}) == (parent.name, parent.added)
    assert sha256_file(first.folder / "report.json") == parent.report_sha256
    assert sha256_file(first.folder / "artifacts/infer_config.json") == parent.infer_config_sha256
    assert before == contents_of(first.folder)
    assert "update of run" in (updated.folder / "report.html").read_text()


def test_a_category_without_new_images_is_taken_over_as_it_is(first, new, tmp_path):
    updated = update(first.folder, new, tmp_path / "updated")
    for part in ("categories", "checkpoints"):
        assert contents_of(first.folder / part / "b") == contents_of(updated.folder / part / "b")
    models = read_artifact(updated.folder / "artifacts/infer_config.json", InferConfig).per_category
    checkpoint = updated.folder / "artifacts" / models["b"].checkpoint.path
    assert sha256_file(checkpoint) == models["b"].checkpoint.sha256


def test_an_updated_run_is_updated_again_and_copies_of_what_it_learnt_are_left_out(first, new, tmp_path):
    once = update(first.folder, new, tmp_path / "once")
    with pytest.raises(DataError, match="no image that was not learnt before"):
        update(once.folder, new, tmp_path / "twice")
    rows = [json.loads(line) for line in new.read_text().splitlines()]
    more = write_manifest(new.with_name("more.jsonl"), rows + add_images(new.parent, "a", 2, first=3))
    twice = update(once.folder, more, tmp_path / "twice")
    assert {"a": 2} == twice.report.parent.added
    assert 6 + 3 + 2 == twice.report.per_category["a"].dataset_summary.train_count


def test_what_must_not_be_learnt_is_refused_line_by_line(first, new, tmp_path):
    data = tmp_path / "data"
    held_out = json.loads((first.folder / "categories/a/calibration.jsonl").read_text().splitlines()[0])
    for name, original in (("t", "b_good0.png"), ("c", held_out["input"])):
        shutil.copy(data / original, new.parent / f"{name}.png")
    rows = [
        {"image_path": "a_new0.png", "category": "a"},
        {"image_path": "a_new1.png", "category": "a", "split": "test", "label": 1},
        {"image_path": "t.png", "category": "a"},
        {"image_path": "c.png", "category": "a"},
        {"image_path": "a_new2.png", "category": "a", "split": "val"},
    ]
    with pytest.raises(DataError) as error:
        update(first.folder, write_manifest(new, rows), tmp_path / "updated")
    found = [(issue.location.line, issue.code) for issue in error.value.issues]
    assert [(2, "PF705"), (2, "PF704"), (3, "PF602"), (4, "PF602"), (5, "PF704")] == found
    assert "a test image of 'b'" in error.value.issues[2].message
    assert not (tmp_path / "updated").exists()


def test_an_image_of_a_tested_group_is_refused(write_dataset, write_config, tmp_path):
    manifest = write_dataset(tmp_path / "data")
    rows = [json.loads(line) for line in manifest.read_text().splitlines()]
    rows[-1]["group_id"] = "lot 7"
    folder = run(write_config(tmp_path, write_manifest(manifest, rows))).folder
    new = [row | {"group_id": "lot 7"} for row in add_images(tmp_path / "data", "part", 1)]
    with pytest.raises(DataError) as error:
        update(folder, write_manifest(tmp_path / "data/new.jsonl", new), tmp_path / "updated")
    assert ["PF606"] == [issue.code for issue in error.value.issues]


def test_a_category_without_a_model_is_refused(first, new, tmp_path):
    rows = [row | {"category": "A"} for row in add_images(new.parent, "a", 1)]
    with pytest.raises(DataError, match=r"unknown category 'A'.*the run has no model of it"):
        update(first.folder, write_manifest(new, rows), tmp_path / "updated")


@pytest.mark.parametrize("name", ["a_good1.png", "a_bad2_mask.png"])
def test_an_update_is_measured_on_the_same_images_or_not_made(first, new, tmp_path, name):
    (tmp_path / "data" / name).unlink()
    with pytest.raises(
        DataError, match=r"category 'a': calibration and test images are not those of .*such as"
    ):
        update(first.folder, new, tmp_path / "updated")


def test_a_detector_that_can_t_be_updated_names_those_that_can(write_dataset, write_config, tmp_path, new):
    manifest = write_dataset(tmp_path / "data", categories=("a",))
    folder = run(write_config(tmp_path, manifest), "model.name=padim").folder
    with pytest.raises(UsageError, match=r"'padim' can't be updated, only .*subspace.* can"):
        update(folder, new, tmp_path / "updated")


def test_features_that_were_learnt_from_the_first_images_go_on(write_dataset, write_config, tmp_path, new):
    config = write_config(tmp_path, write_dataset(tmp_path / "data", categories=("a",)))
    folder = run(config, "model.features.backbone=dictionary").folder
    updated = update(folder, new, tmp_path / "updated")
    assert 9 == updated.report.per_category["a"].dataset_summary.train_count
    assert 1.0 == updated.report.per_category["a"].results.auroc


@pytest.mark.parametrize("damage", ["changed", "gone"])
def test_a_state_that_is_not_the_run_s_is_not_trusted(first, new, tmp_path, damage):
    state = first.folder / "checkpoints/a/state.npz"
    if damage == "gone":
        state.unlink()
    else:
        state.write_bytes((first.folder / "checkpoints/b/state.npz").read_bytes())
    with pytest.raises(ArtifactError, match=r"state\.npz"):
        update(first.folder, new, tmp_path / "updated")


def test_an_update_is_neither_resumed_nor_repeated_without_its_command(first, new, tmp_path):
    folder = update(first.folder, new, tmp_path / "updated").folder
    with pytest.raises(UsageError, match="repeat that command"):
        prepare_repetition(folder, (), {}, None, SilentProgress(), now=NOW)
    folder.rename(tmp_path / "updated.partial")
    with pytest.raises(UsageError, match="was made by --update"):
        resume(folder, SilentProgress(), now=NOW)
    assert folder == update(first.folder, new, folder).folder
