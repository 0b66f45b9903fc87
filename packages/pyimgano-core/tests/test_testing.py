import uuid

import numpy as np
import onnx
import pytest
from attrs import define, evolve, field

from pyimgano_core.contracts.config import FeaturesConfig, ModelConfig
from pyimgano_core.detectors import MemoryEstimate, create_detector, detector_names
from pyimgano_core.detectors.padim import Padim
from pyimgano_core.detectors.patchcore import PatchCore
from pyimgano_core.detectors.subspace import Subspace
from pyimgano_core.progress import SilentProgress
from pyimgano_core.testing import ArrayImages, check_detector

pytestmark = pytest.mark.usefixtures("keep_exports")

IMAGES = np.random.default_rng(0).integers(0, 256, (4, 64, 64, 3), dtype=np.uint8)
RANDOM = FeaturesConfig(backbone="test_resnet", weights="random")


@pytest.mark.parametrize("name", detector_names())
def test_the_installed_detectors_keep_the_contract(name, tmp_path):
    check_detector(create_detector(ModelConfig(name=name), tmp_path), IMAGES)


@pytest.mark.parametrize(
    "detector",
    [PatchCore(features=RANDOM), Padim(features=RANDOM, covariance="shared"), Subspace(features=RANDOM)],
    ids=["patchcore", "padim", "subspace"],
)
def test_detectors_on_a_backbone_keep_the_contract(detector):
    check_detector(detector, IMAGES)


def test_a_single_image_that_is_not_square_is_enough():
    check_detector(PatchCore(), np.tile(IMAGES[:1, :48], (1, 1, 2, 1))[:, :, :72], seed=3)


_fitted = {}


def fit_patchcore(images, seed):
    """A fit of PatchCore; the same images and seed give the same graph, so it is fitted once."""
    pixels = np.stack(list(images))
    key = (pixels.tobytes(), pixels.shape, seed)
    if key not in _fitted:
        _fitted[key] = PatchCore().fit(
            ArrayImages(pixels), seed=seed, device="cpu", progress=SilentProgress()
        )
    return _fitted[key]


def keep(graph):
    return graph


@define
class Planted:
    """PatchCore with a fault planted into its graph."""

    features: FeaturesConfig = field(factory=FeaturesConfig)
    fault: object = keep

    def fit(self, images, *, seed, **_others):
        graph = fit_patchcore(images, seed)
        return self.fault(graph)


def complaints(detector):
    with pytest.raises(AssertionError) as caught:
        check_detector(detector, IMAGES)
    title, *problems = str(caught.value).splitlines()
    assert title.endswith("breaks the contract:")
    return problems


def edited(change):
    """Return a fault that changes the graph's message."""

    def fault(graph):
        model = onnx.ModelProto.FromString(graph.model)
        change(model)
        return evolve(graph, model=model.SerializeToString())

    return fault


def append(model, kind, inputs, outputs, **attributes):
    model.graph.node.append(onnx.helper.make_node(kind, inputs, outputs, **attributes))


def redirect(model, output, name):
    """Let what gives an output give `name` instead, so that a new node can give the output."""
    for node in model.graph.node:
        node.output[:] = [name if value == output else value for value in node.output]
        node.input[:] = [name if value == output else value for value in node.input]


def add_constant(model, name, value):
    model.graph.initializer.append(onnx.numpy_helper.from_array(value, name))


def test_a_detector_without_a_fault_passes():
    check_detector(Planted(), IMAGES)


def test_models_that_differ_are_noticed():
    def change(model):
        model.graph.doc_string = uuid.uuid4().hex

    (problem,) = complaints(Planted(fault=edited(change)))
    assert "two fits with the same seed give different models" in problem


def test_facts_that_differ_are_noticed():
    (problem,) = complaints(Planted(fault=lambda graph: evolve(graph, info={"run": uuid.uuid4().hex})))
    assert "different info" in problem


def test_times_may_differ():
    check_detector(
        Planted(fault=lambda graph: evolve(graph, info={"seconds": {"fit": uuid.uuid4().int}})), IMAGES
    )


@pytest.mark.parametrize("fact", [{1, 2}, float("nan")], ids=["set", "nan"])
def test_facts_that_json_can_t_hold_are_noticed(fact):
    assert "info is not ready for JSON" in "".join(
        complaints(Planted(fault=lambda graph: evolve(graph, info={"fact": fact})))
    )


@pytest.mark.parametrize("name", ["score_unit", "score_reduction"])
def test_what_deployed_configs_tell_must_be_text(name):
    (problem,) = complaints(Planted(fault=lambda graph: evolve(graph, info={name: 3.0})))
    assert f"info['{name}'] must be text, not 3.0" in problem


def test_a_path_of_the_machine_in_the_model_is_noticed():
    def change(model):
        model.graph.node[0].doc_string = f"made by {__file__}"

    assert any(
        "the model holds a trace of this machine" in text
        for text in complaints(Planted(fault=edited(change)))
    )


def test_a_path_of_the_machine_in_the_facts_is_noticed(tmp_path):
    found = complaints(Planted(fault=lambda graph: evolve(graph, info={"from": str(tmp_path / "x")})))
    assert all("the info holds a trace of this machine" in problem for problem in found)


def test_an_exporter_s_stack_trace_is_noticed():
    def change(model):
        entry = model.graph.node[0].metadata_props.add()
        entry.key = "pkg.torch.onnx.stack_trace"

    (problem,) = complaints(Planted(fault=edited(change)))
    assert "'stack_trace'" in problem


def test_a_map_of_another_shape_is_noticed():
    def change(model):
        redirect(model, "anomaly_map", "whole")
        add_constant(model, "starts", np.array([0, 0]))
        add_constant(model, "ends", np.array([32, 32]))
        add_constant(model, "axes", np.array([1, 2]))
        append(model, "Slice", ["whole", "starts", "ends", "axes"], ["anomaly_map"])
        (output,) = [output for output in model.graph.output if output.name == "anomaly_map"]
        output.type.tensor_type.shape.dim[1].dim_param = "H"
        output.type.tensor_type.shape.dim[2].dim_param = "W"

    (problem,) = complaints(Planted(fault=edited(change)))
    assert "'anomaly_map' (1, 32, 32)" in problem


def test_another_size_than_declared_is_noticed():
    problems = complaints(Planted(fault=lambda graph: evolve(graph, size=(32, 64))))
    assert "the graph says that it takes (32, 64), its images were (64, 64)" in problems[0]


@pytest.mark.parametrize("output", ["score", "anomaly_map"])
def test_a_value_that_is_no_number_is_noticed(output):
    def change(model):
        redirect(model, output, "finite")
        add_constant(model, "zero", np.float32(0))
        append(model, "Div", ["zero", "zero"], ["nothing"])
        append(model, "Add", ["finite", "nothing"], [output])

    (problem,) = complaints(Planted(fault=edited(change)))
    assert f"the model's '{output}' holds values that are no finite numbers" in problem


def test_a_score_that_depends_on_its_neighbours_is_noticed():
    def change(model):
        redirect(model, "score", "own")
        append(model, "ReduceMean", ["own"], ["mean"], keepdims=0)
        append(model, "Add", ["own", "mean"], ["both"])
        add_constant(model, "two", np.float32(2))
        append(model, "Div", ["both", "two"], ["score"])

    problems = complaints(Planted(fault=lambda graph: evolve(edited(change)(graph), reference=None)))
    (problem,) = problems
    assert "the model gives an image another 'score' in a batch than alone" in problem


def test_a_graph_that_is_not_its_reference_is_noticed():
    def fault(graph):
        def reference(images):
            scores, maps = graph.reference(images)
            return scores, maps * np.float32(1.01)

        return evolve(graph, reference=reference)

    (problem,) = complaints(Planted(fault=fault))
    assert "the model's 'anomaly_map' is not the reference's: they differ by 0.0" in problem


def test_missing_metadata_is_noticed():
    problems = complaints(Planted(fault=edited(lambda model: model.ClearField("metadata_props"))))
    assert ["detector", "format_version", "size", "version"] == [
        problem.partition("'pyimgano.")[2].partition("'")[0] for problem in problems
    ]


def test_a_model_that_can_t_be_trusted_is_noticed():
    (problem,) = complaints(Planted(fault=lambda graph: evolve(graph, model=b"torn")))
    assert "can't be trusted" in problem


def test_all_faults_are_told_at_once():
    def fault(graph):
        return evolve(graph, size=(1, 1), info={"run": uuid.uuid4().hex}, detector="other")

    assert {"different info", "(1, 1)", "'other'"} == {
        part
        for part in ("different info", "(1, 1)", "'other'")
        if any(part in problem for problem in complaints(Planted(fault=fault)))
    }


@define
class Learning(Planted):
    """Keeps what it has seen in its own fields."""

    seen: int = 0

    def fit(self, images, *, seed, **_others):
        self.seen += len(images)
        return fit_patchcore(images, seed)


def test_a_fit_that_changes_the_hyper_parameters_is_noticed():
    (problem,) = complaints(Learning())
    assert "fit changes the hyper-parameters" in problem


@define
class Blackening(Planted):
    """Writes into the images that it is given."""

    def fit(self, images, *, seed, **_others):
        for image in images:
            image[0] = 0
        return fit_patchcore(images, seed)


def test_a_fit_that_changes_its_images_is_noticed():
    before = IMAGES.copy()
    (problem,) = complaints(Blackening())
    assert "fit changes the images" in problem
    np.testing.assert_array_equal(before, IMAGES)


@define
class Demanding:
    """Can't be created from a config."""

    depth: int

    def fit(self, images, *, seed, **_others):
        return fit_patchcore(images, seed)


def test_a_detector_that_a_config_can_t_create_is_noticed():
    problems = complaints(Demanding(3))
    assert ["- it has no field 'features'", "- its option 'depth' has no default"] == problems


class Plain:
    def fit(self, images, *, seed, **_others):
        return fit_patchcore(images, seed)


def test_a_detector_without_fields_is_noticed():
    (problem,) = complaints(Plain())
    assert "it is no attrs class" in problem


def test_a_fit_that_returns_no_graph_is_noticed():
    with pytest.raises(AssertionError, match="fit must return a ScorerGraph, not None"):
        check_detector(Planted(fault=lambda _graph: None), IMAGES)


def test_images_in_memory_can_be_walked_again():
    source = ArrayImages(IMAGES)
    assert (4, (64, 64)) == (len(source), source.size)
    assert [image.tobytes() for image in source] == [image.tobytes() for image in source]


@define
class Updating(Subspace):
    """Subspace with a fault planted into its state, its update or its prediction."""

    spoil_state: object = keep
    spoil_update: object = keep
    predicted: float = 1.0

    def fit(self, images, *, seed, device, progress):
        graph = Subspace().fit(images, seed=seed, device=device, progress=progress)
        return evolve(graph, state=self.spoil_state(graph.state))

    def update(self, state, images, *, seed, device, progress):
        state = self.spoil_update(state)
        return Subspace().update(state, images, seed=seed, device=device, progress=progress)

    def predict_memory(self, image_count, size):
        words = f"a little for {image_count} images of {size}"
        return MemoryEstimate(fit_mb=self.predicted, model_mb=1.0, words=words)


def test_an_update_without_a_fault_passes():
    check_detector(Updating(), IMAGES)


def test_a_missing_state_is_noticed():
    (problem,) = complaints(Updating(spoil_state=lambda _state: None))
    assert "its graph holds no state to go on from" in problem


def test_a_state_of_objects_is_noticed():
    (problem,) = complaints(Updating(spoil_state=lambda state: state | {"what": np.array([object()])}))
    assert "the state 'what' holds objects" in problem


def test_an_update_that_forgets_the_old_images_is_noticed():
    def forget(state):
        return {name: np.zeros_like(value) for name, value in state.items()}

    assert any("updated with the second half" in text for text in complaints(Updating(spoil_update=forget)))


@pytest.mark.parametrize("value", [0.0, -1.0, float("nan"), float("inf")])
def test_a_prediction_that_is_no_size_is_noticed(value):
    (problem,) = complaints(Updating(predicted=value))
    assert "the predicted 'fit_mb' must be above zero" in problem
