"""The one loader of images and masks, for training, evaluation and inference alike.

What a detector sees is decided here and nowhere else: EXIF orientation is applied, palettes become colours,
alpha is dropped, grey is replicated, 16 bits become 8 by an explicit range, and resizing is Pillow's
antialiased bilinear filter. A file that can't be used raises `ImageError` with a stable code; no other
exception and no warning leaves this package.
"""

from pyimgano_core.images._file import IMAGE_EXTENSIONS, MAX_PIXELS, is_image
from pyimgano_core.images._mask import read_mask, read_mask_for
from pyimgano_core.images._pixels import image_size, load_input, read_image
from pyimgano_core.images._resize import resize_image, resize_map
from pyimgano_core.images._score_map import MAP_EXTENSIONS, ScoreMap, read_map

__all__ = [
    # What is an image
    "IMAGE_EXTENSIONS",
    "MAX_PIXELS",
    "is_image",
    # Images
    "image_size",
    "load_input",
    "read_image",
    # Masks
    "read_mask",
    "read_mask_for",
    # Anomaly maps in files
    "MAP_EXTENSIONS",
    "ScoreMap",
    "read_map",
    # Sizes
    "resize_image",
    "resize_map",
]
