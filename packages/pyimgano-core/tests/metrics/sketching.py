"""Sketches of lists of images."""

from pyimgano_core.metrics import SketchAccumulator


def make_sketch(images, **options):
    accumulator = SketchAccumulator(**options)
    for image in images:
        accumulator.update(image)
    return accumulator.result()
