"""The accuracy that the detectors reach on real images, with the weights and splits of the shared data."""

import pytest

from pyimgano_core.configfile import structure_config
from pyimgano_core.contracts.config import RunConfig
from pyimgano_core.pipeline import run_category
from pyimgano_core.preparation import prepare_dataset
from pyimgano_core.progress import SilentProgress

pytestmark = pytest.mark.real_data

RESNET18 = {
    "backbone": "resnet18",
    "weights": "weights/resnet18_tvkeys_no_layer4.pth",
    "layers": ["layer2", "layer3"],
}
FILTERS = {"backbone": "filters"}


def results_of(root, dataset, detector, features, **policy):
    """Run the only category of a shared data set and return its results."""
    config = structure_config(
        {
            "dataset": {"manifest_path": f"{dataset}/manifest.jsonl", "split_policy": policy},
            "model": {"name": detector, "features": features, "device": "cpu"},
            "evaluation": {"pixel_subset": "masked", "bootstrap_replicates": 0},
        },
        RunConfig,
    )
    prepared = prepare_dataset(config, root, SilentProgress())
    (category,) = prepared.categories
    return run_category(category, prepared, config, root, SilentProgress()).report.results


@pytest.mark.parametrize(
    ("dataset", "detector", "features", "image_auroc", "pixel_auroc"),
    [
        ("cookies", "patchcore", RESNET18, 0.98, 0.95),
        ("cookies", "padim", RESNET18, 0.95, 0.92),
        ("cookies", "padim", FILTERS, 0.93, None),
        ("cookies", "dictionary", FILTERS, 0.91, 0.89),
        ("aliens", "patchcore", RESNET18, 0.98, None),
        ("aliens", "padim", RESNET18, 0.93, None),
        ("aliens", "dictionary", FILTERS, 0.92, None),
    ],
)
def test_image_and_pixel_auroc_reach_their_bars(
    real_data, dataset, detector, features, image_auroc, pixel_auroc
):
    results = results_of(real_data, dataset, detector, features)
    assert results.auroc >= image_auroc
    if pixel_auroc is not None:
        assert results.pixel_metrics.pixel_auroc >= pixel_auroc


def test_small_defects_on_large_images_are_located(real_data):
    results = results_of(
        real_data, "ballscrew_pitting", "patchcore", RESNET18, group_conflict="allow", leakage="allow"
    )
    assert results.pixel_metrics.pixel_auroc >= 0.985
