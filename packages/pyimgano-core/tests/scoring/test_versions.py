import onnxruntime
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyimgano_core.scoring import lowest_versions, version_problems
from pyimgano_core.scoring._versions import _is_older


def test_a_graph_of_ours_needs_no_more_than_what_is_installed(make_graph):
    found = lowest_versions(make_graph())
    assert {"pyimgano-core": "0.1.0", "onnxruntime": "1.22"} == found
    assert [] == version_problems(found)


def test_a_format_that_the_lowest_runtime_does_not_read_needs_the_present_one(make_graph):
    for edit in (("ir_version: 10", "ir_version: 11"), ('"" : 18', '"" : 23')):
        assert onnxruntime.__version__ == lowest_versions(make_graph(edit))["onnxruntime"]


def test_all_packages_that_are_too_old_are_told_with_the_command_that_mends_it():
    core, runtime, own = version_problems(
        {"pyimgano-core": "99.0", "onnxruntime": "98", "numpy": "1", "click": "7"}
    )[:3]
    assert "pyimgano-core 0.1.0 is installed, 99.0 or later is needed" in core
    assert "pip install --upgrade 'pyimgano-core>=99.0'" in core
    assert f"onnxruntime {onnxruntime.__version__} is installed, 98 or later is needed" in runtime
    assert "'numpy' '1' is asked for, which this version knows nothing of; update pyimgano-infer" == own


def installed(folder, name, version):
    """Make the folder that says that a distribution is installed."""
    place = folder / f"{name.replace('-', '_')}-{version}.dist-info"
    place.mkdir()
    (place / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")


@pytest.mark.parametrize(
    ("found", "needed", "is_too_old"),
    [
        ("1.9.0", "1.10", True),
        ("1.10", "1.10.0", False),
        ("1.10.0", "1.10", False),
        ("1.10.1.post1", "1.10.1", False),
        ("1.10.0rc1", "1.10", False),
        ("1.10+cpu", "1.10.1", True),
        ("2026.4.1-22982-e213", "2026.4", False),
        ("2", "1.99.99", False),
    ],
)
def test_versions_are_compared_number_by_number(tmp_path, monkeypatch, found, needed, is_too_old):
    installed(tmp_path, "openvino", found)
    monkeypatch.syspath_prepend(tmp_path)
    assert is_too_old == bool(version_problems({"openvino": needed}))


@pytest.mark.parametrize("needed", ["", "latest", "1'; rm -rf ~; '", "1\n2", "-1"])
def test_what_is_no_version_is_refused_and_gets_into_no_command(needed):
    [problem] = version_problems({"onnxruntime": needed})
    assert "knows nothing of" in problem
    assert "pip" not in problem


def test_a_package_that_is_missing_is_told(monkeypatch):
    monkeypatch.setattr("sys.path", [])
    assert ["openvino is not installed, 1 or later is needed: pip install --upgrade 'openvino>=1'"] == (
        version_problems({"openvino": "1"})
    )


@given(
    st.lists(st.integers(0, 30), min_size=1, max_size=4), st.lists(st.integers(0, 30), min_size=1, max_size=4)
)
def test_of_two_versions_that_differ_exactly_one_is_older(first, second):
    one, other = (".".join(map(str, numbers)) for numbers in (first, second))
    differ = (first + [0] * 4)[:4] != (second + [0] * 4)[:4]
    assert differ == (_is_older(one, other) != _is_older(other, one))
    assert not (_is_older(one, other) and _is_older(other, one))
