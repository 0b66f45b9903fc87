import json
from pathlib import Path

import pytest

from pyimgano_core.artifacts import read_artifact
from pyimgano_core.contracts.infer_config import InferConfig
from pyimgano_core.errors import ArtifactError, UsageError
from pyimgano_infer._plan import Settings, claim_folder, settings_of
from pyimgano_infer._request import Request

CHANGES = [
    {"arguments": ("b.png",)},
    {"category": "part"},
    {"root": Path("images")},
    {"threshold": 0.25},
    {"review_threshold": 0.125},
    {"device": "openvino"},
    {"maps": Path("maps")},
    {"masks": Path("masks")},
    {"overlays": Path("overlays")},
    {"regions": True},
    {"rle": True},
    {"keep": "anomalous"},
    {"map_format": "tiff"},
    {"map_size": "model"},
    {"null": True},
]
NO_CHANGES = [
    {"output": Path("o.jsonl"), "summary": Path("s.json"), "csv": Path("c.csv"), "parts": Path("p.jsonl")},
    {"workers": 7, "engine": "ray", "address": "auto", "num_shards": 3, "shard_index": 1},
    {"fail_on_anomaly": True},
    {"watch": Path("in"), "interval": 2.0, "settle": 3.0},
]


@pytest.fixture
def settings(config):
    """Return a function that gives the settings of a request with some changes."""
    document = read_artifact(config, InferConfig)

    def make(**changes):
        return settings_of(Request(**{"config_path": config, "arguments": ("a.png",), **changes}), document)

    return make


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "out.partial").mkdir()
    return tmp_path / "out.partial"


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: next(iter(change)))
def test_what_decides_lines_makes_another_plan(settings, change):
    assert settings().digest != settings(**change).digest


@pytest.mark.parametrize("change", NO_CHANGES)
def test_who_does_the_work_and_what_is_derived_makes_no_other_plan(settings, change):
    assert settings() == settings(**change)


def test_every_option_is_known_to_decide_lines_or_not():
    names = {name for change in (*CHANGES, *NO_CHANGES) for name in change}
    assert {"config_path", *names} == set(Request.__annotations__)


def test_the_content_of_the_config_decides_and_not_its_place(settings, config, tmp_path):
    moved = tmp_path / "elsewhere.json"
    moved.write_bytes(config.read_bytes())
    assert settings() == settings(config_path=moved)
    document = json.loads(config.read_text())
    document["per_category"]["part"]["threshold"]["value"] = 0.125
    config.write_text(json.dumps(document))
    request = Request(config_path=config, arguments=("a.png",))
    assert settings() != settings_of(request, read_artifact(config, InferConfig))


def test_relative_paths_are_those_of_the_current_folder(settings, tmp_path, monkeypatch):
    before = settings(maps=Path("maps"))
    monkeypatch.chdir(tmp_path)
    assert before != settings(maps=Path("maps"))
    assert settings(arguments=("a.png",)) == settings(arguments=(str(tmp_path / "a.png"),))


def test_a_list_on_stdin_is_the_same_argument_everywhere(settings, tmp_path, monkeypatch):
    before = settings(arguments=("-",))
    monkeypatch.chdir(tmp_path)
    assert before == settings(arguments=("-",))


def test_a_folder_is_claimed_again_by_the_same_settings(settings, folder):
    claim_folder(folder, settings())
    (folder / "part-000000.jsonl").write_text("x")
    claim_folder(folder, settings())
    assert settings() == read_artifact(folder / "plan.json", Settings)


def test_other_settings_are_refused_with_what_differs(settings, folder):
    claim_folder(folder, settings(threshold=0.5, regions=True))
    (folder / "part-000000.jsonl").write_text("x")
    with pytest.raises(UsageError) as refused:
        claim_folder(folder, settings(threshold=0.75))
    assert "--regions was given and is not given now; --threshold was 0.5 and is 0.75 now" in str(
        refused.value
    )


def test_long_settings_that_differ_far_behind_are_said_to_differ(settings, folder):
    names = [f"{number}.png" for number in range(1000)]
    claim_folder(folder, settings(arguments=tuple(names)))
    (folder / "part-000000.jsonl").write_text("x")
    with pytest.raises(UsageError, match="INPUT differs"):
        claim_folder(folder, settings(arguments=(*names, "x.png")))


def test_settings_that_led_to_nothing_bind_nobody(settings, folder):
    claim_folder(folder, settings(threshold=0.5))
    claim_folder(folder, settings(threshold=0.75))
    assert settings(threshold=0.75) == read_artifact(folder / "plan.json", Settings)


def test_a_folder_of_something_else_is_left_alone(settings, folder):
    (folder / "photo.png").write_text("x")
    with pytest.raises(UsageError, match="in the way"):
        claim_folder(folder, settings())
    assert [folder / "photo.png"] == list(folder.iterdir())


def test_a_damaged_plan_is_told_as_such(settings, folder):
    (folder / "plan.json").write_text("{")
    with pytest.raises(ArtifactError, match=r"plan\.json"):
        claim_folder(folder, settings())
