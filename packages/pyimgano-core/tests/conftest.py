"""Core is tested bare as well as with its extras: a test that needs an extra is left out where it lacks."""

from importlib.util import find_spec

NEEDS = {
    "skimage": ("metrics/test_pixel.py", "test_components.py", "test_regions.py", "test_evaluation.py"),
    "onnxruntime": ("scoring/*", "pipeline/*", "test_pipeline.py"),
    "torch": ("detectors/*", "pipeline/*", "test_pipeline.py", "test_testing.py"),
}
MISSING = tuple(name for name in NEEDS if find_spec(name) is None)

collect_ignore_glob = [pattern for name in MISSING for pattern in NEEDS[name]]


def pytest_report_header():
    return [f"{name} is not installed: {', '.join(NEEDS[name])} left out" for name in MISSING]
