import sys
from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import version

import numpy as np
import pytest

from pyimgano_core.contracts.infer_config import Runtime, SelfTest
from pyimgano_core.errors import ArtifactError
from pyimgano_core.scoring import NonFiniteScoreError, open_scorer, run_self_test, self_test_problems

LAST = "score = ReduceMax<keepdims = 0>(anomaly_map, plane)"


@pytest.fixture
def open_edited(make_graph):
    """Return a function from edits of the graph's text to its scorer in OpenVINO."""
    return lambda *edits: open_scorer(make_graph(*edits), "openvino")


def test_score_map_size_and_metadata_are_those_of_the_other_runtime(parse):
    model = parse(("[N, 8, 8, 3]", "[N, 6, 9, 3]"), ("[N, 8, 8]", "[N, 6, 9]"))
    entry = model.metadata_props.add()
    entry.key, entry.value = "pyimgano.detector", "grey"
    image = np.random.default_rng(0).integers(0, 256, (6, 9, 3), dtype=np.uint8)
    expected, found = (open_scorer(model.SerializeToString(), device) for device in ("cpu", "openvino"))
    assert ((6, 9), {"pyimgano.detector": "grey"}) == (expected.size, expected.metadata)
    assert (expected.size, expected.metadata) == (found.size, found.metadata)
    assert pytest.approx(expected.score(image).score, rel=1e-6) == found.score(image).score
    np.testing.assert_allclose(found.score(image).anomaly_map, expected.score(image).anomaly_map, rtol=1e-6)


def test_the_runtime_is_told(open_edited):
    assert Runtime(package="openvino", version=version("openvino"), provider="CPU") == open_edited().runtime


def test_a_batch_gives_each_image_exactly_what_it_gets_alone(open_edited):
    images = np.random.default_rng(1).integers(0, 256, (5, 8, 8, 3), dtype=np.uint8)
    scorer = open_edited()
    scores, maps = scorer.run(images)
    for image, score, anomaly_map in zip(images, scores, maps, strict=True):
        alone = scorer.score(image)
        assert alone.score == score
        np.testing.assert_array_equal(alone.anomaly_map, anomaly_map)


def test_an_answer_is_not_overwritten_by_the_next_one(open_edited, grey_image):
    scorer = open_edited()
    first = scorer.score(grey_image(51))
    scorer.score(grey_image(255))
    assert pytest.approx(np.full((8, 8), 0.2)) == first.anomaly_map


def test_threads_get_the_same_answers_as_one_after_the_other(open_edited):
    images = np.random.default_rng(0).integers(0, 256, (64, 8, 8, 3), dtype=np.uint8)
    scorer = open_edited()
    expected = [scorer.score(image).score for image in images]
    with ThreadPoolExecutor(8) as threads:
        assert expected == [result.score for result in threads.map(scorer.score, images)]


def test_a_torn_file_is_refused_wherever_it_is_torn(make_graph):
    content = make_graph()
    for length in range(0, len(content), 7):
        with pytest.raises(ArtifactError):
            open_scorer(content[:length], "openvino")


@pytest.mark.parametrize(
    "edit",
    [
        ("uint8[N, 8, 8, 3]", "float[N, 8, 8, 3]"),
        ("uint8[N, 8, 8, 3]", "uint8[N, H, 8, 3]"),
        ("uint8[N, 8, 8, 3]", "uint8[N, 8, 8, 4]"),
        ("float[N] score, ", ""),
        ("float[N] score", "float[N] score, float[N, 8, 8] mean"),
        (LAST, "score = ReduceMax<keepdims = 1>(anomaly_map, plane)"),
        (LAST, "score = NoSuchOperator(anomaly_map, plane)"),
    ],
    ids=lambda edit: edit[1][:40],
)
def test_another_signature_or_an_unknown_operator_is_refused_in_one_line(open_edited, edit):
    with pytest.raises(ArtifactError, match=r"no scorer graph|can't be loaded by OpenVINO: ") as caught:
        open_edited(edit)
    assert 1 == len(str(caught.value).splitlines())


def test_a_score_that_is_no_number_is_no_result(open_edited, grey_image):
    ratio = "largest = ReduceMax<keepdims = 0>(anomaly_map, plane) score = Div(largest, largest)"
    with pytest.raises(NonFiniteScoreError):
        open_edited((LAST, ratio)).score(grey_image(0))


def test_what_reports_to_the_maker_can_be_imported_by_others_afterwards(make_graph):
    open_scorer(make_graph(), "openvino")
    assert sys.modules.get("openvino_telemetry", sys) is not None


def test_the_self_test_of_the_other_runtime_is_passed_within_its_tolerance(make_graph):
    expected = SelfTest(**run_self_test(open_scorer(make_graph())))
    assert [] == self_test_problems(open_scorer(make_graph(), "openvino"), expected)
