import pytest

from pyimgano_core.environment import (
    describe_environment,
    distribution_conflict,
    installed_version,
    onnxruntime_distributions,
)


@pytest.fixture
def install(tmp_path, monkeypatch):
    """Return a function that makes nothing but these distributions installed."""
    monkeypatch.setattr("sys.path", [str(tmp_path)])

    def make(*names):
        for name in names:
            folder = tmp_path / f"{name.replace('-', '_')}-1.31.0.dist-info"
            folder.mkdir()
            (folder / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.31.0\n")

    return make


@pytest.mark.parametrize("name", ["onnxruntime", "onnxruntime-gpu", "onnxruntime-directml"])
def test_one_distribution_of_the_runtime_is_no_conflict(install, name):
    install(name, "onnxruntime-extensions", "onnx")
    assert (name,) == onnxruntime_distributions()
    assert distribution_conflict(onnxruntime_distributions()) is None


def test_none_is_no_conflict(install):
    install("numpy")
    assert () == onnxruntime_distributions()
    assert distribution_conflict(()) is None


@pytest.mark.parametrize("other", ["onnxruntime-gpu", "onnxruntime-directml", "onnxruntime-openvino"])
def test_two_distributions_are_named_with_the_commands_that_leave_one(install, other):
    install("onnxruntime", other)
    conflict = distribution_conflict(onnxruntime_distributions())
    assert f"onnxruntime and {other} are installed in one environment and overwrite each other" in conflict
    assert f"pip uninstall -y onnxruntime {other} && pip install {other}" in conflict


def test_the_version_of_what_is_installed_is_told_and_none_of_what_is_not(install):
    install("onnxruntime-gpu")
    assert ("1.31.0", None) == (installed_version("onnxruntime-gpu"), installed_version("onnxruntime"))


def test_equal_environments_have_equal_fingerprints_and_others_do_not(install):
    before = describe_environment()["fingerprint_sha256"]
    assert before == describe_environment()["fingerprint_sha256"]
    install("torch")
    assert before != describe_environment()["fingerprint_sha256"]
