import json
import shutil
from datetime import UTC, datetime

import pytest

from pyimgano_core.errors import ArtifactError, UsageError
from pyimgano_core.progress import SilentProgress
from pyimgano_core.recipes import load_run_config
from pyimgano_workbench.resuming import resume
from pyimgano_workbench.training import TrainingRun, run_job, train

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


def run(config_path):
    config = load_run_config(config_path, ["model.name=subspace"])
    return train(config, config_path.parent, SilentProgress(), now=NOW, export_infer_config=False)


def resumed(folder):
    left = resume(folder, SilentProgress(), now=NOW)
    return left if isinstance(left, TrainingRun) else run_job(left, SilentProgress())


def contents_of(folder):
    return {path: path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


@pytest.fixture
def with_broken_images(make_dataset, make_config):
    """A run whose category a has failed, because its train images are no images; and those images."""
    manifest = make_dataset(categories=("a", "b"))
    good = {path: path.read_bytes() for path in manifest.parent.glob("a_train*.png")}
    for path in good:
        path.write_bytes(b"broken " + path.name.encode())
    return run(make_config(manifest)), good


def test_a_category_whose_images_were_mended_is_run_and_the_other_is_kept(with_broken_images):
    first, good = with_broken_images
    assert ["a"] == list(first.report.failed_categories)
    kept = contents_of(first.folder / "categories" / "b")
    for path, content in good.items():
        path.write_bytes(content)
    second = resumed(first.folder)
    assert (first.folder, ("a", "b"), {}) == (
        second.folder,
        second.report.categories,
        second.report.failed_categories,
    )
    assert kept == contents_of(first.folder / "categories" / "b")


def test_a_finished_category_whose_data_has_changed_is_run_again(with_broken_images):
    first, good = with_broken_images
    for path, content in good.items():
        path.write_bytes(content)
    image = next(iter(good)).parent
    shutil.copy(image / "b_good1.png", image / "b_good0.png")
    second = resumed(first.folder)
    old, new = (each.report.per_category["b"].split_fingerprint for each in (first, second))
    assert old != new


def test_a_run_that_lacks_nothing_stays_as_it_is(make_config, dataset):
    first = run(make_config(dataset))
    before = contents_of(first.folder)
    second = resumed(first.folder)
    assert (first.report, first.folder, 0) == (second.report, second.folder, second.exit_code)
    assert before == contents_of(first.folder)


def test_an_unfinished_run_is_named_with_or_without_its_ending(make_config, dataset, tmp_path):
    first = run(make_config(dataset))
    for name in ("run", "run.partial"):
        first.folder.rename(tmp_path / "run.partial")
        assert first.folder == resumed(tmp_path / name).folder


def test_a_run_in_another_environment_is_not_finished_in_this_one(with_broken_images):
    first, _ = with_broken_images
    path = first.folder / "run.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "settings": "of other packages"}))
    before = contents_of(first.folder)
    with pytest.raises(UsageError, match="begin a new run"):
        resumed(first.folder)
    assert before == contents_of(first.folder)


def test_what_is_no_run_directory_is_refused(tmp_path):
    with pytest.raises(UsageError, match="no such run directory"):
        resumed(tmp_path / "run")
    (tmp_path / "run").mkdir()
    with pytest.raises(UsageError, match=r"it has no run\.json"):
        resumed(tmp_path / "run")
    (tmp_path / "run" / "run.json").write_text("{")
    with pytest.raises(ArtifactError, match=r"run\.json"):
        resumed(tmp_path / "run")
