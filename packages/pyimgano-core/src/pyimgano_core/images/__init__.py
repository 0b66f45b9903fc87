"""The one loader of images and masks, for training, evaluation and inference alike.

What a detector sees is decided here and nowhere else: EXIF orientation is applied, palettes become colours,
alpha is dropped, grey is replicated, 16 bits become 8 by an explicit range, and resizing is Pillow's
antialiased bilinear filter. A file that can't be used raises `ImageError` with a stable code; no other
exception and no warning leaves this package.
"""

from pyimgano_core.images._file import (
    IMAGE_EXTENSIONS,
    MAX_PIXELS,
    SYSTEM_FOLDERS,
    decode,
    is_hidden,
    is_image,
    opened_stream,
    require_pixel_count,
)
from pyimgano_core.images._interest import (
    decode_interest,
    encode_interest,
    fit_interest,
    lower_outside,
    paint_outside,
)
from pyimgano_core.images._mask import marks_of, read_mask, read_mask_for
from pyimgano_core.images._orientation import find_orientation
from pyimgano_core.images._pixels import (
    FULL_RANGE,
    Frame,
    grey_of,
    image_size,
    is_sixteen_bit_colour,
    is_sixteen_bit_grey,
    read_frame,
    read_image,
    require_eight_bit,
    require_full_range,
)
from pyimgano_core.images._resize import resize_image, resize_map
from pyimgano_core.images._score_map import MAP_EXTENSIONS, ScoreMap, read_map

__all__ = [
    # What is an image
    "IMAGE_EXTENSIONS",
    "MAX_PIXELS",
    "SYSTEM_FOLDERS",
    "is_hidden",
    "is_image",
    # Images
    "FULL_RANGE",
    "Frame",
    "image_size",
    "read_frame",
    "read_image",
    # Masks
    "read_mask",
    "read_mask_for",
    # Regions of interest
    "decode_interest",
    "encode_interest",
    "fit_interest",
    "lower_outside",
    "paint_outside",
    # Anomaly maps in files
    "MAP_EXTENSIONS",
    "ScoreMap",
    "read_map",
    # Sizes
    "resize_image",
    "resize_map",
    # Steps of the loader, for a caller who has opened the file already
    "decode",
    "find_orientation",
    "grey_of",
    "is_sixteen_bit_colour",
    "is_sixteen_bit_grey",
    "marks_of",
    "opened_stream",
    "require_eight_bit",
    "require_full_range",
    "require_pixel_count",
]
