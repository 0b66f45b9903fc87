import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pyimgano_bench.robustness._blur import blur, disk, line

KERNELS = [disk(0.0), disk(1.3), disk(3.0), line(0.0, 0.4), line(5.0, 0.0), line(6.5, 1.1)]


def slow_blur(image, kernel):
    """Convolution, a pixel at a time, of an image whose border is repeated outwards."""
    margin = kernel.shape[0] // 2
    height, width, _ = image.shape
    result = np.zeros(image.shape)
    for row in range(height):
        for column in range(width):
            for dy in range(-margin, margin + 1):
                for dx in range(-margin, margin + 1):
                    y, x = np.clip(row - dy, 0, height - 1), np.clip(column - dx, 0, width - 1)
                    result[row, column] += kernel[dy + margin, dx + margin] * image[y, x]
    return result


@pytest.mark.parametrize("kernel", KERNELS, ids=lambda kernel: f"{kernel.shape[0]}")
def test_a_blur_is_the_convolution_with_a_repeated_border(kernel):
    image = np.random.default_rng(0).integers(0, 256, (9, 12, 3), np.uint8)
    np.testing.assert_allclose(slow_blur(image, kernel), blur(image, kernel), atol=1e-2)


@settings(max_examples=50)
@given(st.floats(0, 9), st.floats(0, np.pi))
def test_a_kernel_is_odd_and_symmetric_and_keeps_the_light(reach, angle):
    for kernel in (disk(reach), line(reach, angle)):
        assert 1 == kernel.shape[0] % 2
        assert kernel.min() >= 0
        assert pytest.approx(1, abs=1e-5) == kernel.sum()
        np.testing.assert_allclose(kernel, kernel[::-1, ::-1], atol=1e-6)


def test_a_kernel_without_reach_leaves_the_image_as_it_is():
    image = np.random.default_rng(0).integers(0, 256, (5, 6, 3), np.uint8)
    np.testing.assert_allclose(image, blur(image, disk(0.0)), atol=1e-2)
    np.testing.assert_allclose(image, blur(image, line(0.0, 0.0)), atol=1e-2)


def test_a_motion_blurs_along_its_angle_alone():
    image = np.zeros((21, 21, 1), np.uint8)
    image[:, 10] = 255  # a vertical line
    np.testing.assert_allclose(image, blur(image, line(7.0, np.pi / 2)), atol=1e-2)
    assert blur(image, line(7.0, 0.0)).max() < 100
