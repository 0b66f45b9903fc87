from importlib.metadata import version

from pyimgano_core.contracts.config import ReviewConfig, ThresholdConfig
from pyimgano_core.contracts.infer_config import Runtime
from pyimgano_core.evaluation import ScoringFacts, calibrate_thresholds, with_scoring_facts
from pyimgano_core.thresholds import CalibrationOrigin

FACTS = ScoringFacts(
    checkpoint_sha256="c" * 64,
    runtime=Runtime(package="openvino", version="2026.4", provider="CPU"),
    score_reduction="mean of the top 2 %",
    calibration_sha256="a" * 64,
)


def test_every_threshold_tells_what_its_scores_depend_on():
    rule = ThresholdConfig(review=ReviewConfig())
    bare = calibrate_thresholds([1.0, 2.0], [3.0, 4.0], rule, CalibrationOrigin(source="site"))
    found = with_scoring_facts(bare, FACTS)
    for threshold in (found.image, found.pixel, found.review):
        origin = threshold.provenance
        assert ("c" * 64, "a" * 64, None, None) == (
            origin.checkpoint_sha256,
            origin.calibration_sha256,
            origin.split_sha256,
            origin.seed,
        )
        assert {
            "numpy": version("numpy"),
            "openvino": "2026.4",
            "pillow": version("pillow"),
            "pyimgano-core": version("pyimgano-core"),
        } == origin.versions
    assert (
        "mean of the top 2 %"
        == found.image.provenance.score_reduction
        == found.review.provenance.score_reduction
    )
    assert "largest value of the image's anomaly map" == found.pixel.provenance.score_reduction
    assert [bare.image.value, bare.pixel.value] == [found.image.value, found.pixel.value]
