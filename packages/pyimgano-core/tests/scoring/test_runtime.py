import os
import subprocess
import sys

import onnxruntime
import pytest

from pyimgano_core.contracts.infer_config import Runtime
from pyimgano_core.errors import ArtifactError, ExitCode, MachineError
from pyimgano_core.scoring import DEVICES, open_scorer

ON_CPU = Runtime(package="onnxruntime", version=onnxruntime.__version__, provider="CPUExecutionProvider")
HAS_CARD = "CUDAExecutionProvider" in onnxruntime.get_available_providers()
QUIET = {"CI", "ORT_DISABLE_TELEMETRY"}  # which would keep a runtime from reporting anyway
without_card = pytest.mark.skipif(HAS_CARD, reason="this onnxruntime is for graphics cards")


def test_the_processor_is_the_default_and_the_scorer_says_so(make_graph, grey_image):
    scorer = open_scorer(make_graph())
    assert ON_CPU == scorer.runtime
    assert pytest.approx(0.2) == scorer.score(grey_image(51)).score


@without_card
@pytest.mark.parametrize("device", ["cuda", "tensorrt"])
def test_a_card_that_was_asked_for_and_is_missing_is_an_error_that_tells_what_to_install(make_graph, device):
    with pytest.raises(
        MachineError, match=rf"--device {device}: .* pip uninstall -y onnxruntime && pip"
    ) as caught:
        open_scorer(make_graph(), device)
    assert ExitCode.ENVIRONMENT == caught.value.exit_code


@without_card
def test_auto_takes_the_processor_where_there_is_no_card(make_graph):
    assert ON_CPU == open_scorer(make_graph(), "auto").runtime


@pytest.mark.skipif(not HAS_CARD, reason="this onnxruntime is for the processor alone")
@pytest.mark.parametrize("device", ["cuda", "tensorrt"])
def test_a_card_runs_the_graph_or_its_driver_or_libraries_are_told_to_be_missing(
    make_graph, grey_image, device
):
    try:
        scorer = open_scorer(make_graph(), device)
    except MachineError as exc:
        assert "driver" in str(exc)  # noqa: PT017 either may happen, depending on the machine
    else:
        assert device in scorer.runtime.provider.lower()
        assert pytest.approx(0.2, rel=1e-2) == scorer.score(grey_image(51)).score


def test_two_distributions_of_the_runtime_are_refused_for_a_card_alone(make_graph, tmp_path, monkeypatch):
    for name in ("onnxruntime", "onnxruntime-gpu"):
        folder = tmp_path / f"{name.replace('-', '_')}-1.31.0.dist-info"
        folder.mkdir()
        (folder / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.31.0\n")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(
        MachineError, match="--device cuda: onnxruntime and onnxruntime-gpu are installed in one"
    ):
        open_scorer(make_graph(), "cuda")
    assert ON_CPU == open_scorer(make_graph()).runtime


def test_openvino_that_is_missing_is_an_error_that_tells_what_to_install(make_graph, monkeypatch):
    monkeypatch.delitem(sys.modules, "pyimgano_core.scoring._openvino", raising=False)
    monkeypatch.setitem(sys.modules, "openvino", None)  # as if it were not installed
    with pytest.raises(MachineError, match=r"pip install 'pyimgano-infer\[openvino\]'"):
        open_scorer(make_graph(), "openvino")


@without_card
@pytest.mark.parametrize("device", [device for device in DEVICES if device in {"cpu", "auto"}])
def test_a_torn_file_is_refused_on_every_device(make_graph, device):
    with pytest.raises(ArtifactError, match="can't be trusted"):
        open_scorer(make_graph()[:-9], device)


@pytest.fixture(params=["cpu", "openvino"])
def on_processor(request):
    """A device that is the processor, by whichever runtime."""
    if request.param == "openvino":
        pytest.importorskip("openvino")
    return request.param


def run_limited(code, **environment):
    """Run code in a process of its own that may take 8 GB, and as if nobody had asked for quiet."""
    before = (
        "import os, resource, sys, numpy as np\n"
        "from pyimgano_core.scoring import open_scorer\n"
        "resource.setrlimit(resource.RLIMIT_AS, (8 << 30, 8 << 30))\n"
        "black = np.zeros((8, 8, 3), np.uint8)\n"
    )
    return subprocess.run(
        [sys.executable, "-c", before + code],
        capture_output=True,
        text=True,
        check=False,
        env={name: os.environ[name] for name in os.environ if name not in QUIET} | environment,
        timeout=60,
    )


@pytest.mark.skipif(os.name != "posix", reason="limits as POSIX has them")
def test_a_graph_that_asks_for_more_memory_than_there_may_be_is_refused(make_graph, tmp_path, on_processor):
    huge = "sides = Constant<value_ints = [200000, 200000]>() huge = ConstantOfShape(sides)"
    sums = f"{huge} sum = ReduceSum<keepdims = 0>(huge) largest = ReduceMax"
    path = tmp_path / "model.onnx"
    path.write_bytes(make_graph(("score = ReduceMax", sums), ("\n}", "score = Add(largest, sum)\n}")))
    done = run_limited(f"open_scorer({str(path)!r}, {on_processor!r}).score(black)")
    assert "ArtifactError: the model can't be " in done.stderr.splitlines()[-1]


@pytest.mark.skipif(os.name != "posix", reason="limits as POSIX has them")
def test_no_runtime_reports_to_anybody_or_writes_a_file(make_graph, tmp_path, on_processor):
    for name in ("home", "here"):
        (tmp_path / name).mkdir()
    (tmp_path / "model.onnx").write_bytes(make_graph())
    code = (
        f"os.chdir({str(tmp_path / 'here')!r})\n"
        f"open_scorer('../model.onnx', {on_processor!r}).score(black)\n"
        "print(sorted(name for name in sys.modules if name.startswith('openvino_telemetry')))"
    )
    done = run_limited(code, HOME=str(tmp_path / "home"))
    assert ("[]\n", "") == (done.stdout, done.stderr)
    assert [] == [*(tmp_path / "home").rglob("*"), *(tmp_path / "here").rglob("*")]
