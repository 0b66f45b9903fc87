"""A model in other programs: from paths and from pixels, one by one and as a stream."""

import json
import re
import subprocess
import sys
import threading
from itertools import islice

import numpy as np
import pytest
from PIL import Image

import pyimgano_infer
from pyimgano_core.contracts.config import Tiling
from pyimgano_core.errors import ArtifactError, UsageError
from pyimgano_infer import Result, Session

LEFT = np.zeros((20, 30), np.bool_)
LEFT[:, :15] = True


@pytest.fixture
def session(config):
    with Session(config) as opened:
        yield opened


@pytest.fixture
def noise():
    """Return colour pixels (20, 30, 3)."""
    return np.random.default_rng(5).integers(0, 256, (20, 30, 3), dtype=np.uint8)


def save(pixels, path):
    Image.fromarray(pixels).save(path)
    return path


def test_a_path_gives_a_score_a_verdict_and_a_map_of_the_image_s_size(session, grey):
    result = session.score(grey("a.png", 204))
    assert (pytest.approx(0.8), "anomalous", None) == (result.score, result.label, result.error)
    assert ((20, 30), np.float32) == (result.anomaly_map.shape, result.anomaly_map.dtype)
    assert (str(grey("a.png", 204)), (20, 30)) == (result.prediction.input, result.prediction.image_size)


def test_a_bad_file_gives_an_error_and_no_exception(session, tmp_path):
    result = session.score(str(tmp_path / "absent.png"))
    assert ("error", "not_found") == (result.prediction.status, result.error.code)
    assert (None, None, None) == (result.score, result.label, result.anomaly_map)


@pytest.mark.parametrize(
    "options", [{}, {"tiling": Tiling(scale=0.8)}, {"region": LEFT}], ids=["whole", "tiles", "region"]
)
def test_pixels_have_the_score_and_the_map_of_their_file(make_config, noise, tmp_path, options):
    with Session(make_config(**options)) as session:
        for pixels in (noise, noise[:, :, 0], noise[::-1, :, ::-1]):
            from_file, from_pixels = session.score(save(pixels, tmp_path / "a.png")), session.score(pixels)
            assert from_file.error is None
            assert (from_file.score, from_file.label) == (from_pixels.score, from_pixels.label)
            np.testing.assert_array_equal(from_file.anomaly_map, from_pixels.anomaly_map)


def test_a_session_gives_the_lines_of_the_command(session, config, noise, tmp_path, run_infer):
    path = save(noise, tmp_path / "a.png")
    [line] = run_infer("--infer-config", config, path).lines
    prediction = session.score(path).prediction
    assert (line["score"], line["label"]) == (prediction.score, prediction.label)
    assert (line["threshold"], line["category"]) == (prediction.threshold, prediction.category)


@pytest.mark.parametrize(
    ("image", "said"),
    [
        (np.zeros((4, 4, 3), np.uint16), "must be uint8, not uint16: scale them to 0..255"),
        (np.zeros((4, 4, 3), np.float32), "must be uint8, not float32"),
        (np.zeros((4, 4, 4), np.uint8), "not (4, 4, 4): drop an alpha channel"),
        (np.zeros((2, 4, 4, 3), np.uint8), "not (2, 4, 4, 3)"),
        (np.zeros((0, 4), np.uint8), "not (0, 4)"),
        (np.uint8(3) * np.ones((), np.uint8), "not uint8"),
        (np.zeros((), np.uint8), "not ()"),
        (None, "not NoneType; could it not be read?"),
    ],
    ids=["deep", "float", "alpha", "batch", "empty", "scalar", "no-dimension", "none"],
)
def test_pixels_that_can_t_be_scored_are_refused_and_cost_a_stream_nothing(session, noise, image, said):
    with pytest.raises(ValueError, match=re.escape(said)):
        session.score(image)
    bad, good = session.stream([image, noise])
    assert ("unsupported_array", session.score(noise).score) == (bad.error.code, good.score)
    assert said in bad.error.message


@pytest.mark.parametrize("workers", [1, 3])
def test_a_stream_keeps_its_order_and_goes_on_after_bad_ones(session, grey, tmp_path, workers):
    paths = [grey(f"{value}.png", value) for value in range(0, 250, 10)]
    paths[7] = tmp_path / "absent.png"
    results = list(session.stream(paths, workers=workers))
    assert [str(path) for path in paths] == [result.prediction.input for result in results]
    assert list(range(len(paths))) == [result.prediction.index for result in results]
    assert [7] == [place for place, result in enumerate(results) if result.error is not None]


def test_a_stream_takes_a_few_images_ahead_and_never_all(session, noise):
    taken = []
    endless = (taken.append(place) or noise for place in iter(int, 1))
    assert 5 == len(list(islice(session.stream(endless, workers=2), 5)))
    assert len(taken) < 20


def test_threads_share_a_session(session, noise):
    expected = [session.score(np.roll(noise, place)).score for place in range(20)]
    found = [None] * 20

    def work(start):
        for place in range(start, 20, 4):
            found[place] = session.score(np.roll(noise, place)).score

    threads = [threading.Thread(target=work, args=(start,)) for start in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert expected == found


def test_the_thresholds_of_the_caller_decide_and_are_told(config, grey):
    with Session(config, threshold=0.9, review_threshold=0.7) as session:
        result = session.score(grey("a.png", 204))
    assert ("review", 0.9, 0.7) == (
        result.label,
        result.prediction.threshold,
        result.prediction.review_threshold,
    )


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"threshold": float("nan")}, "threshold=nan: must be a finite number"),
        ({"review_threshold": float("inf")}, "review_threshold=inf: must be a finite number"),
        ({"review_threshold": 0.5}, "review_threshold=0.5: must be below the threshold, 0.5"),
        ({"category": "nut"}, "no such category; choose from 'part'"),
        ({"device": "tpu"}, "device='tpu': choose from 'auto', 'cpu', "),
    ],
    ids=["nan", "inf", "no-band", "category", "device"],
)
def test_what_can_t_be_meant_is_refused(config, options, said):
    with pytest.raises(UsageError, match=re.escape(said)):
        Session(config, **options)


def test_a_stream_of_one_path_or_without_workers_is_refused_at_once(session, tmp_path):
    for one in (str(tmp_path), b"a.png", tmp_path):
        with pytest.raises(TypeError, match=r"is one path: give a list of images, or call score\(\)"):
            session.stream(one)
    for workers in (0, -1):
        with pytest.raises(ValueError, match=f"workers={workers}: must be 1 or more"):
            session.stream([tmp_path], workers=workers)


def test_several_categories_need_a_choice(make_config):
    config = make_config("bolt", "nut")
    assert ("bolt", "nut") == Session.categories(config)
    with pytest.raises(UsageError, match="'bolt', 'nut'"):
        Session(config)
    with Session(config, "nut") as session:
        assert "nut" == session.model.category


def test_a_changed_checkpoint_is_never_loaded(config):
    (checkpoint,) = config.parents[1].rglob("model.onnx")
    checkpoint.write_bytes(checkpoint.read_bytes()[:-1] + b"x")
    with pytest.raises(ArtifactError, match="sha256"):
        Session(str(config))


def test_a_closed_session_scores_nothing(config, noise):
    with Session(config) as session:
        pass
    for call in (session.score, lambda image: session.stream([image])):
        with pytest.raises(ValueError, match="the session is closed"):
            call(noise)


def test_the_example_of_the_package_runs(config, grey, tmp_path):
    for name in ("part.png", "a.png", "b.png"):
        grey(name, 204)
    example = "\n".join(
        line[4:] for line in pyimgano_infer.__doc__.splitlines() if line.startswith("    ")
    ).replace("bottle/infer_config.json", config.as_posix())
    done = subprocess.run(
        [sys.executable, "-c", example], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    score = json.loads(done.stdout.split()[0])
    assert pytest.approx(0.8) == score
    assert ["a.png anomalous", "b.png anomalous"] == done.stdout.splitlines()[1:]


def test_the_package_exports_what_it_names():
    assert Result is pyimgano_infer.Result
    assert all(hasattr(pyimgano_infer, name) for name in pyimgano_infer.__all__)
    with pytest.raises(AttributeError, match="load_model"):
        pyimgano_infer.load_model  # noqa: B018
