"""What `--device` and the packages that are installed do to a run."""

import json

import pytest


@pytest.fixture
def summary_of(run_infer, config, grey, tmp_path):
    """Return a function from a device to exit code, scores, summary and what was told."""

    def call(device):
        path = tmp_path / "summary.json"
        images = [grey("a.png", 51), grey("b.png", 204)]
        done = run_infer("--infer-config", config, "--device", device, "--summary", path, *images)
        return done.code, [line["score"] for line in done.lines], json.loads(path.read_text()), done.err

    return call


@pytest.mark.parametrize(("device", "package"), [("cpu", "onnxruntime"), ("auto", "onnxruntime")])
def test_the_summary_tells_what_ran_the_model(summary_of, device, package):
    code, scores, summary, _ = summary_of(device)
    assert (0, [pytest.approx(0.2), pytest.approx(0.8)]) == (code, scores)
    assert (device, [package]) == (summary["device"], [runtime["package"] for runtime in summary["runtimes"]])


def test_openvino_scores_like_the_default(summary_of):
    pytest.importorskip("openvino")
    code, scores, summary, _ = summary_of("openvino")
    assert (0, [pytest.approx(0.2), pytest.approx(0.8)]) == (code, scores)
    assert [("openvino", "CPU")] == [(found["package"], found["provider"]) for found in summary["runtimes"]]


@pytest.mark.parametrize("device", ["cuda", "tensorrt"])
def test_a_device_that_is_missing_ends_the_run_with_what_to_install(run_infer, config, grey, device):
    done = run_infer("--infer-config", config, "--device", device, grey("a.png", 51))
    assert (74, "") == (done.code, done.out)
    assert f"Error: --device {device}: " in done.err
    assert "onnxruntime-gpu" in done.err


def test_a_graph_that_scores_otherwise_on_the_device_gives_no_verdict(run_infer, edit_config, grey):
    pytest.importorskip("openvino")

    def shift(part):
        part["self_test"]["score"] *= 1.01

    config, image = edit_config(shift), grey("a.png", 51)
    done = run_infer("--infer-config", config, "--device", "openvino", image)
    assert (5, "") == (done.code, done.out)
    assert "openvino (CPU) does not give the scores that the thresholds were set for" in done.err
    assert 0 == run_infer("--infer-config", config, image).code


def test_two_distributions_of_the_runtime_are_noted_and_scored_with_all_the_same(
    summary_of, tmp_path, monkeypatch
):
    for name in ("onnxruntime", "onnxruntime_gpu"):
        folder = tmp_path / f"{name}-1.31.0.dist-info"
        folder.mkdir()
        (folder / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.31.0\n")
    monkeypatch.syspath_prepend(tmp_path)
    code, _, summary, err = summary_of("cpu")
    [(note, count)] = summary["notices"].items()
    assert (0, 1) == (code, count)
    assert note.startswith("onnxruntime and onnxruntime-gpu are installed in one environment")
    assert note in err
