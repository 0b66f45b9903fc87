import pytest

from pyimgano_bench.flags import read_suite
from pyimgano_bench.plan import make_plan
from pyimgano_bench.shipped import load_shipped, shipped_names
from pyimgano_core.errors import UsageError

NONE = {"detectors": (), "categories": (), "seeds": ()}
OWN_COPY = ("btad", "mvtec-ad", "visa")


def test_the_suites_of_the_documentation_are_shipped():
    assert {*OWN_COPY, "demo", "smoke"} == set(shipped_names())


@pytest.mark.parametrize("name", shipped_names())
def test_a_shipped_suite_describes_itself_and_has_all_detectors(name):
    suite = load_shipped(name)
    assert suite.description
    assert ["dictionary", "padim", "patchcore", "subspace"] == [entry.label for entry in suite.detectors]


def test_an_unknown_name_tells_the_nearest():
    with pytest.raises(UsageError, match="'mvtec': unknown suite; did you mean 'mvtec-ad'"):
        load_shipped("mvtec")


@pytest.mark.parametrize("name", ["demo", "smoke"])
def test_a_suite_of_the_built_in_data_can_be_planned_as_it_is(name, tmp_path):
    plan = make_plan(load_shipped(name), {}, tmp_path)
    assert {"demo": 48, "smoke": 4}[name] == plan.cell_count


@pytest.mark.parametrize("name", OWN_COPY)
def test_a_suite_of_the_user_s_copy_asks_where_it_is(name):
    with pytest.raises(UsageError, match=f"--suite {name} needs --root"):
        read_suite(None, {}, name=name, **NONE)
    read_suite(None, {"dataset.root": "data"}, name=name, **NONE)


def test_a_shipped_suite_names_its_own_data_set():
    with pytest.raises(UsageError, match="--dataset can't go with --suite"):
        read_suite(None, {"dataset.name": "btad"}, name="demo", **NONE)


def test_two_suites_are_refused(tmp_path):
    with pytest.raises(UsageError, match="--config and --suite name two suites"):
        read_suite(tmp_path / "suite.toml", {}, name="demo", **NONE)
