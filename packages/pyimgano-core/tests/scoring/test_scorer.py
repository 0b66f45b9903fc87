import contextlib
import hashlib
import pickle
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyimgano_core.errors import ArtifactError, ExitCode
from pyimgano_core.scoring import NonFiniteScoreError, OnnxScorer

LAST = "score = ReduceMax<keepdims = 0>(anomaly_map, plane)"


def test_the_score_and_the_map_are_those_of_the_graph(scorer, grey_image):
    image = grey_image(0)
    image[2, 5] = 51
    result = scorer.score(image)
    assert float(np.float32(0.2)) == result.score
    expected = np.zeros((8, 8), np.float32)
    expected[2, 5] = 0.2
    np.testing.assert_array_equal(expected, result.anomaly_map)
    assert np.float32 == result.anomaly_map.dtype


def test_a_file_scores_as_its_bytes_do(tmp_path, make_graph, scorer, grey_image):
    path = tmp_path / "model.onnx"
    path.write_bytes(make_graph())
    assert scorer.score(grey_image(77)).score == OnnxScorer(path).score(grey_image(77)).score


def test_size_and_metadata_are_the_graph_s_own(parse):
    model = parse(("[N, 8, 8, 3]", "[N, 6, 9, 3]"), ("[N, 8, 8]", "[N, 6, 9]"))
    entry = model.metadata_props.add()
    entry.key, entry.value = "pyimgano.detector", "grey"
    scorer = OnnxScorer(model.SerializeToString())
    assert (6, 9) == scorer.size
    assert {"pyimgano.detector": "grey"} == scorer.metadata


def test_a_missing_file_can_t_be_trusted(tmp_path):
    with pytest.raises(ArtifactError, match=r"gone\.onnx: can't be read"):
        OnnxScorer(tmp_path / "gone.onnx")


def test_the_expected_hash_is_accepted(make_graph):
    content = make_graph()
    OnnxScorer(content, expected_sha256=hashlib.sha256(content).hexdigest())


def test_another_hash_is_refused_before_anything_is_parsed():
    with pytest.raises(ArtifactError, match=r"the model's sha256 is .* expected 0000") as caught:
        OnnxScorer(b"no model at all", expected_sha256="0" * 64)
    assert ExitCode.UNTRUSTED_ARTIFACT == caught.value.exit_code


def test_a_torn_file_is_refused_wherever_it_is_torn(make_graph):
    content = make_graph()
    for length in range(len(content)):
        with pytest.raises(ArtifactError):
            OnnxScorer(content[:length])


def test_a_pickle_is_refused():
    with pytest.raises(ArtifactError, match="no ONNX file"):
        OnnxScorer(pickle.dumps({"state_dict": list(range(100))}))


@given(st.binary(max_size=200))
def test_no_bytes_cause_anything_but_a_refusal(content):
    with pytest.raises(ArtifactError):
        OnnxScorer(content)


def test_a_changed_byte_causes_a_refusal_or_no_harm_and_nothing_is_printed(make_graph, capfd):
    content = make_graph()
    for position in range(len(content)):
        changed = bytearray(content)
        changed[position] ^= 0x80  # which makes broken text of names
        with contextlib.suppress(ArtifactError):
            OnnxScorer(bytes(changed))
    assert ("", "") == capfd.readouterr()


@pytest.mark.parametrize(
    "edit",
    [
        ("(uint8[N, 8, 8, 3] image)", "(uint8[N, 8, 8, 3] image, float[1] other)"),
        ("uint8[N, 8, 8, 3]", "float[N, 8, 8, 3]"),
        ("uint8[N, 8, 8, 3]", "uint8[N, H, 8, 3]"),
        ("uint8[N, 8, 8, 3]", "uint8[N, 8, 8, 4]"),
        ("uint8[N, 8, 8, 3]", "uint8[N, 8, 8, 3, 1]"),
        ("float[N] score, ", ""),
        ("float[N] score", "float[N] score, float[N, 8, 8] mean"),
        ("float[N] score, float[N, 8, 8] anomaly_map", "float[N] score, float[N, 8, 8] mean"),
        (LAST, "score = ReduceMax<keepdims = 1>(anomaly_map, plane)"),
    ],
    ids=lambda edit: edit[1][:40],
)
def test_another_signature_is_refused(make_graph, edit):
    with pytest.raises(ArtifactError, match=r"no scorer graph|can't be loaded"):
        OnnxScorer(make_graph(edit))


def test_another_name_of_the_input_is_refused(parse):
    model = parse()
    model.graph.input[0].name = model.graph.node[0].input[0] = "pixels_in"
    with pytest.raises(ArtifactError, match="no scorer graph"):
        OnnxScorer(model.SerializeToString())


def test_a_newer_format_is_refused(parse):
    model = parse()
    entry = model.metadata_props.add()
    entry.key, entry.value = "pyimgano.format_version", "2"
    with pytest.raises(ArtifactError, match="format version 2, this program reads 1; update it"):
        OnnxScorer(model.SerializeToString())


def test_an_answer_of_another_shape_than_declared_is_refused(make_graph, grey_image):
    scorer = OnnxScorer(
        make_graph(
            ("float[N, 8, 8] anomaly_map", "float[N, H, W] anomaly_map"),
            ("mean, white)", "mean, white) cut = Constant<value_ints = [0, 0, 0]>()"),
            ("anomaly_map = Div", "whole = Div"),
            (LAST, ""),
            (
                "plane = Constant<value_ints = [1, 2]>()",
                "plane = Constant<value_ints = [1, 2]>() ends = Constant<value_ints = [1, 4, 4]>()",
            ),
            ("\n}", "anomaly_map = Slice(whole, cut, ends) score = ReduceMax<keepdims = 0>(whole, plane)\n}"),
        )
    )
    with pytest.raises(ArtifactError, match=r"'anomaly_map' \(1, 4, 4\) .* instead of .* \(1, 8, 8\)"):
        scorer.score(grey_image(1))


@pytest.mark.parametrize("sides", ["1125899906842624", "1125899906842624, 1125899906842624"])
def test_a_graph_that_fails_while_it_runs_is_reported_in_one_line(make_graph, grey_image, sides):
    number = "number = Shape<start = 0, end = 1>(image)"  # known when it runs alone, so nothing fails earlier
    asked = f"{number} fixed = Constant<value_ints = [{sides}]>() sides = Mul(number, fixed)"
    huge = f"{asked} huge = ConstantOfShape(sides)"
    scorer = OnnxScorer(
        make_graph(
            ("score = ReduceMax", f"{huge} sum = ReduceSum<keepdims = 0>(huge) largest = ReduceMax"),
            ("\n}", "score = Add(largest, sum)\n}"),
        )
    )
    with pytest.raises(ArtifactError, match="the model can't be run: ") as caught:
        scorer.score(grey_image(1))
    assert 1 == len(str(caught.value).splitlines())


def test_a_score_that_is_no_number_is_no_result(nan_scorer, grey_image):
    assert 1 == nan_scorer.score(grey_image(9)).score
    with pytest.raises(NonFiniteScoreError, match="not a finite number"):
        nan_scorer.score(grey_image(0))


def test_a_map_with_one_value_that_is_no_number_is_no_result(make_graph, grey_image):
    one = (LAST, "score = ReduceMin<keepdims = 0>(mean, plane)")
    scorer = OnnxScorer(make_graph(("Div(mean, white)", "Div(white, mean)"), one))
    image = grey_image(5)
    scorer.score(image)
    image[3, 3] = 0
    with pytest.raises(NonFiniteScoreError):
        scorer.score(image)


@pytest.mark.parametrize(
    "image",
    [np.zeros((8, 9, 3), np.uint8), np.zeros((8, 8), np.uint8), np.zeros((8, 8, 3), np.float32)],
    ids=["size", "grey", "type"],
)
def test_an_image_of_another_shape_or_type_is_the_caller_s_mistake(scorer, image):
    with pytest.raises(ValueError, match="images must be uint8"):
        scorer.score(image)


def test_threads_get_the_same_answers_as_one_after_the_other(scorer):
    images = np.random.default_rng(0).integers(0, 256, (64, 8, 8, 3), dtype=np.uint8)
    expected = [scorer.score(image) for image in images]
    with ThreadPoolExecutor(8) as threads:
        found = list(threads.map(scorer.score, images))
    assert [result.score for result in expected] == [result.score for result in found]
    for one, other in zip(expected, found, strict=True):
        np.testing.assert_array_equal(one.anomaly_map, other.anomaly_map)


def test_a_batch_gives_each_image_what_it_gets_alone(scorer):
    images = np.random.default_rng(1).integers(0, 256, (5, 8, 8, 3), dtype=np.uint8)
    scores, maps = scorer.run(images)
    for image, score, anomaly_map in zip(images, scores, maps, strict=True):
        alone = scorer.score(image)
        assert alone.score == score
        np.testing.assert_array_equal(alone.anomaly_map, anomaly_map)
