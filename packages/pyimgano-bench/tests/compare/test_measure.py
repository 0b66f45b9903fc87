from pyimgano_bench.compare import load_sides
from pyimgano_bench.compare._measure import measure
from pyimgano_bench.compare._pairing import Facing


def test_equal_sides_differ_by_nothing_whatever_the_images(side):
    fits = load_sides(side("same", categories=("bolt",)))["padim"].fits
    found = measure(Facing(category="bolt", contender=fits, baseline=fits), ["image_auroc", "aupro"])
    assert [(True, 0.0, 0.0)] * 2 == [
        (each.identical, each.effect.difference, each.effect.image_variance) for each in found.values()
    ]
