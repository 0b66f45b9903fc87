import pytest

from pyimgano_bench.flags import overrides_of, read_suite
from pyimgano_core.contracts.config import ModelConfig
from pyimgano_core.errors import ConfigError, UsageError

NONE = {"detectors": (), "categories": (), "seeds": ()}
SUITE = """
seeds = [4]
categories = ["bolt"]
[[detectors]]
label = "one"
[[detectors]]
label = "two"
[[datasets]]
label = "d"
"""


@pytest.fixture
def suite_path(tmp_path):
    path = tmp_path / "suite.toml"
    path.write_text(SUITE, encoding="utf-8")
    return path


def test_options_alone_make_a_suite_of_one_data_set():
    given = {"dataset.manifest_path": "some/parts.jsonl"}
    suite = read_suite(None, given, **{**NONE, "detectors": ("padim", "patchcore"), "seeds": (1, 2)})
    assert ["padim", "patchcore"] == [entry.label for entry in suite.detectors]
    assert ["parts"] == [entry.label for entry in suite.datasets]
    assert (1, 2) == suite.seeds


@pytest.mark.parametrize(
    ("given", "label"),
    [
        ({"dataset.name": "demo"}, "demo"),
        ({"dataset.name": "mvtec", "dataset.root": "data/mvtec_ad/"}, "mvtec_ad"),
        ({"dataset.name": "mvtec", "dataset.root": "."}, "mvtec"),
        ({"dataset.manifest_path": "a\nb.jsonl"}, "ab"),
        ({"dataset.manifest_path": "x" * 200 + ".jsonl"}, "x" * 80),
    ],
)
def test_a_data_set_is_called_by_its_file_or_folder(given, label):
    assert label == read_suite(None, given, **NONE).datasets[0].label


def test_without_a_data_set_the_ways_to_name_one_are_told():
    with pytest.raises(UsageError, match="--config SUITE"):
        read_suite(None, {}, **NONE)


def test_options_narrow_a_suite(suite_path):
    suite = read_suite(suite_path, {}, detectors=("two",), categories=("nut", "pin"), seeds=(7,))
    assert ["two"] == [entry.label for entry in suite.detectors]
    assert ("nut", "pin") == suite.categories
    assert (7,) == suite.seeds


def test_a_suite_stays_as_it_is_without_options(suite_path):
    suite = read_suite(suite_path, {"model.device": "cpu"}, **NONE)
    assert ((4,), ("bolt",), 2) == (suite.seeds, suite.categories, len(suite.detectors))


def test_an_unknown_label_names_the_nearest(suite_path):
    with pytest.raises(ConfigError, match="'twoo': unknown label; did you mean 'two'"):
        read_suite(suite_path, {}, **{**NONE, "detectors": ("twoo",)})


def test_a_suite_names_its_own_data_sets(suite_path):
    with pytest.raises(UsageError, match="--dataset, --backbone can't go with --config"):
        read_suite(suite_path, {"dataset.name": "demo", "model.features.backbone": "filters"}, **NONE)


def test_a_repeated_seed_is_refused():
    with pytest.raises(ConfigError, match="3 is repeated"):
        read_suite(None, {"dataset.name": "demo"}, **{**NONE, "seeds": (3, 3)})


def test_settings_lie_over_options():
    given = {"dataset.resize": (64, 64), "model.device": "cpu"}
    document = overrides_of(given, ("model.device=auto", "threshold.quantile=0.9"))
    expected = {
        "dataset": {"resize": (64, 64)},
        "model": {"device": "auto"},
        "threshold": {"quantile": 0.9},
    }
    assert expected == document


def test_the_detector_of_a_run_is_that_of_training_where_none_is_named():
    (entry,) = read_suite(None, {"dataset.name": "demo"}, **NONE).detectors
    assert ModelConfig().name == entry.label == entry.model["name"]
