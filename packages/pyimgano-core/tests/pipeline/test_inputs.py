"""A run whose images are tiled and looked at in part."""

import hashlib
import json

import numpy as np
import pytest
from attrs import evolve
from PIL import Image

from pyimgano_core.artifacts import to_json
from pyimgano_core.contracts.config import DatasetConfig, ModelConfig, RunConfig, Tiling, TilingConfig
from pyimgano_core.contracts.infer_config import Preprocessing, required_features
from pyimgano_core.images import decode_interest
from pyimgano_core.pipeline import category_model, run_category
from pyimgano_core.preparation import prepare_dataset
from pyimgano_core.progress import SilentProgress
from pyimgano_core.scoring import OnnxScorer
from pyimgano_core.scoring.files import score_file

INTEREST = np.ones((64, 64), np.bool_)
INTEREST[:, :8] = False


def run(manifest, **dataset):
    config = RunConfig(
        dataset=DatasetConfig(manifest_path=manifest.name, resize=(32, 32), **dataset),
        model=ModelConfig(name="padim", device="cpu"),
    )
    prepared = prepare_dataset(config, manifest.parent, SilentProgress())
    [category] = prepared.categories
    return category, run_category(category, prepared, config, manifest.parent, SilentProgress())


@pytest.fixture(scope="module")
def shared():
    return {}


@pytest.fixture
def finished(write_dataset, shared):
    """One run with tiles and a region for all tests that only look at it."""
    if not shared:
        manifest = write_dataset(train=6, val=4, normal=3, anomalous=4)
        Image.fromarray(~INTEREST).save(manifest.parent / "ignore.png")
        tiling = TilingConfig(overlap=0.5, max_train_tiles=30)
        category, result = run(manifest, tiling=tiling, ignore={"*": "ignore.png"})
        shared.update(manifest=manifest, category=category, run=result)
    return shared


def test_it_finds_what_is_plain_to_see(finished):
    results = finished["run"].report.results
    assert 1.0 == results.auroc
    assert results.pixel_metrics.pixel_auroc > 0.9


def test_the_tiles_of_a_fit_are_bounded_and_counted(finished):
    tiles = finished["run"].report.train_tiles
    assert (6 * 5, 6 * 9) == (tiles.fitted, tiles.available)


def test_the_graph_with_what_the_report_names_gives_the_scores_to_the_bit(finished):
    report = finished["run"].report
    assert Preprocessing(resize=(32, 32), tiling=Tiling(overlap=0.5)) == report.preprocessing
    interest = decode_interest(finished["run"].files["checkpoints/part/region.png"], "region.png")
    assert np.array_equal(INTEREST, interest)
    scorer = OnnxScorer(finished["run"].graph.model)
    for sample, line in zip(finished["category"].split.test, finished["run"].predictions, strict=True):
        result = score_file(
            sample.image, scorer=scorer, preprocessing=report.preprocessing, interest=interest
        )
        assert line.score == result.score


def test_the_report_says_which_part_is_looked_at_and_names_the_file_by_its_content(finished):
    region = finished["run"].report.region
    content = finished["run"].files[region.path]
    assert ("checkpoints/part/region.png", hashlib.sha256(content).hexdigest(), len(content), 56 / 64) == (
        region.path,
        region.sha256,
        region.size_bytes,
        region.share,
    )


def test_deployment_is_given_the_region_and_an_old_reader_refuses(finished):
    model = category_model(finished["run"].report, "..")
    assert "../checkpoints/part/region.png" == model.region.path
    assert {"region", "tiling"} <= set(required_features([model]))
    plain = evolve(model, region=None, preprocessing=Preprocessing(resize=(32, 32)))
    assert {"region", "tiling"}.isdisjoint(required_features([plain]))
    document = json.loads(to_json(plain))
    assert "region" not in document
    assert "tiling" not in document["preprocessing"]


def test_what_changes_outside_changes_no_number(finished, write_dataset):
    manifest = write_dataset(train=6, val=4, normal=3, anomalous=4, name="changed")
    Image.fromarray(~INTEREST).save(manifest.parent / "ignore.png")
    for number, path in enumerate(sorted(manifest.parent.glob("part/*/*.png"))):
        if path.parent.name != "masks":
            pixels = np.asarray(Image.open(path)).copy()
            pixels[:, :8] = number
            Image.fromarray(pixels).save(path)
    _, changed = run(
        manifest,
        tiling=TilingConfig(overlap=0.5, max_train_tiles=30),
        ignore={"*": "ignore.png"},
    )
    original = finished["run"]
    assert original.graph.model == changed.graph.model
    assert [line.score for line in original.predictions] == [line.score for line in changed.predictions]
    assert original.report.results == changed.report.results


def test_a_run_without_them_says_nothing_of_them(write_dataset):
    _, plain = run(write_dataset(train=3, normal=1, anomalous=1))
    document = json.loads(to_json(plain.report))
    assert ["checkpoints/part/model.onnx"] == list(plain.files)
    assert {"region", "train_tiles"}.isdisjoint(document)
