import shutil
from pathlib import Path

import numpy as np
from attrs import evolve
from PIL import Image

from pyimgano_bench.cost._cases import make_cases
from pyimgano_core.errors import DataError
from pyimgano_core.images import decode_interest
from pyimgano_core.progress import SilentProgress


def cases_of(plan, folder, protocol):
    return list(make_cases(plan, folder, protocol, SilentProgress()))


def test_every_contender_meets_every_category_under_the_first_seed_alone(plan_of, protocol, tmp_path):
    plan = plan_of("pass_by", "fail", categories=(), seeds=(5, 6))
    cases = cases_of(plan, tmp_path, protocol)
    expected = [(category, act, 5) for category in ("bolt", "nut") for act in ("pass_by", "fail")]
    assert expected == [(case.category, case.detector, case.seed) for case in cases]
    assert 4 == len({case.fit.model for case in cases})


def test_images_are_test_images_of_the_category_no_more_than_asked_for(plan_of, protocol, tmp_path):
    plan = plan_of("pass_by", categories=("nut",))
    (few,) = cases_of(plan, tmp_path, evolve(protocol, images=2))
    (many,) = cases_of(plan, tmp_path, evolve(protocol, images=100))
    assert 2 == len(few.score.images)
    assert 8 == len(set(many.score.images))
    assert all("nut_good" in name or "nut_bad" in name for name in many.score.images)


def test_images_that_can_not_be_read_are_passed_over(plan_of, protocol, tmp_path, maker):
    maker.add_category("bolt")
    manifest = maker.write()
    manifest.with_name("bolt_good0.png").write_bytes(b"\x89PNG")
    (case,) = cases_of(plan_of("pass_by", categories=(), manifest=manifest), tmp_path, protocol)
    assert case.score.images
    assert not any(name.endswith("bolt_good0.png") for name in case.score.images)


def test_a_category_without_a_readable_test_image_is_told_and_the_others_go_on(
    plan_of, protocol, tmp_path, maker
):
    maker.add_category("bolt")
    maker.add_category("nut")
    manifest = maker.write()
    for path in manifest.parent.glob("bolt_*[0-9].png"):
        if "train" not in path.name:
            path.write_bytes(b"torn " + path.name.encode())
    bolt, nut = cases_of(plan_of("pass_by", categories=(), manifest=manifest), tmp_path, protocol)
    assert "no test image" in str(bolt.error)
    assert nut.error is None


def test_a_data_set_with_errors_fails_each_of_its_cases(plan_of, protocol, tmp_path, maker):
    maker.add_category("bolt")
    manifest = maker.write()
    shutil.copy(manifest.with_name("bolt_train0.png"), manifest.with_name("bolt_good0.png"))  # a leak
    (case,) = cases_of(plan_of("pass_by", categories=(), manifest=manifest), tmp_path, protocol)
    assert isinstance(case.error, DataError)
    assert case.fit is None


def test_a_region_of_interest_lies_beside_the_graph(plan_of, protocol, tmp_path):
    mask = np.zeros((64, 64), np.uint8)
    mask[8:, 8:] = 255
    Image.fromarray(mask).save(tmp_path / "mask.png")
    plan = plan_of("pass_by", categories=(), regions={"bolt": str(tmp_path / "mask.png")})
    bolt, nut = cases_of(plan, tmp_path, protocol)
    kept = decode_interest(Path(bolt.score.region).read_bytes(), Path(bolt.score.region))
    assert (mask > 0).tolist() == kept.tolist()
    assert nut.score.region is None
