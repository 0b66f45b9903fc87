import numpy as np
import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from pyimgano_core.artifacts import write_bytes
from pyimgano_core.contracts.config import DatasetConfig, ModelConfig, RunConfig, TilingConfig
from pyimgano_core.errors import ArtifactError, ConfigError
from pyimgano_core.pipeline import Addition, load_state, run_category
from pyimgano_core.pipeline._state import state_file
from pyimgano_core.preparation import prepare_dataset
from pyimgano_core.progress import SilentProgress

_ARRAYS = st.sampled_from([np.float64, np.int64]).flatmap(
    lambda dtype: arrays(dtype, array_shapes(min_dims=0))
)
_NAMES = st.text("abcdefgh._", min_size=1, max_size=12).filter(lambda name: name != "file")


@given(state=st.dictionaries(_NAMES, _ARRAYS, max_size=4))
def test_a_state_is_read_as_it_was_written_and_equal_states_give_equal_bytes(tmp_path_factory, state):
    named, content = state_file(state, "part")
    assert (named, content) == state_file(state, "part")
    folder = tmp_path_factory.mktemp("run")
    write_bytes(folder / named.path, content)
    found = load_state(folder, named)
    assert list(state) == list(found)
    for name, array in state.items():
        assert array.dtype == found[name].dtype
        np.testing.assert_array_equal(array, found[name])


def test_without_a_state_there_is_no_file():
    assert (None, None) == state_file(None, "part")


def test_a_state_that_is_missing_or_changed_is_not_trusted(tmp_path):
    named, content = state_file({"count": np.array(3)}, "part")
    with pytest.raises(ArtifactError, match=r"state\.npz: can't be read: No such file"):
        load_state(tmp_path, named)
    write_bytes(tmp_path / named.path, content[:-1])
    with pytest.raises(ArtifactError, match="SHA-256 is not the one in the report"):
        load_state(tmp_path, named)


def prepared_run(manifest, detector):
    dataset = DatasetConfig(manifest_path=manifest.name, resize=(64, 64))
    config = RunConfig(dataset=dataset, model=ModelConfig(name=detector, device="cpu"))
    return config, prepare_dataset(config, manifest.parent, SilentProgress())


def test_a_detector_that_can_t_go_on_says_so(write_dataset):
    manifest = write_dataset(train=4, val=2, normal=1, anomalous=1)
    config, prepared = prepared_run(manifest, "padim")
    [category] = prepared.categories
    addition = Addition(state={}, images=category.split.train)
    with pytest.raises(ConfigError, match="'padim' can't be updated"):
        run_category(category, prepared, config, manifest.parent, SilentProgress(), addition=addition)


def test_a_run_that_adds_learns_from_the_new_images_and_the_state_alone(write_dataset):
    manifest = write_dataset(train=8, val=2, normal=2, anomalous=2)
    config, prepared = prepared_run(manifest, "subspace")
    [category] = prepared.categories
    arguments = (category, prepared, config, manifest.parent, SilentProgress())
    whole = run_category(*arguments)
    addition = Addition(state=whole.graph.state, images=category.split.train[:3])
    more = run_category(*arguments, addition=addition)
    patches = [run.report.detector["patches"] for run in (whole, more)]
    assert patches[1] * 8 == patches[0] * 11
    assert more.report.state.sha256 != whole.report.state.sha256
    named, content = state_file(whole.graph.state, "part")
    assert (named, content) == (whole.report.state, whole.files[named.path])


def test_the_tiles_of_an_update_are_added_to_those_of_the_earlier_fit(write_dataset):
    manifest = write_dataset(train=5, val=2, normal=1, anomalous=1)
    config, prepared = prepared_run(manifest, "subspace")
    config = evolve(
        config, dataset=evolve(config.dataset, resize=(32, 32), tiling=TilingConfig(max_train_tiles=15))
    )
    [category] = prepared.categories
    arguments = (category, prepared, config, manifest.parent, SilentProgress())
    whole = run_category(*arguments)
    addition = Addition(
        state=whole.graph.state, images=category.split.train[:2], tiles=whole.report.train_tiles
    )
    once = run_category(*arguments, addition=addition)
    twice = run_category(*arguments, addition=evolve(addition, tiles=once.report.train_tiles))
    counts = [
        (run.report.train_tiles.fitted, run.report.train_tiles.available) for run in (whole, once, twice)
    ]
    assert [(15, 45), (21, 63), (27, 81)] == counts
