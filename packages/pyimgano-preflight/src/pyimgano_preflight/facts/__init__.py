"""What a single look at each file tells, gathered before any rule is applied."""

from pyimgano_preflight.facts._cache import FactCache
from pyimgano_preflight.facts._contract import (
    Depth,
    FileError,
    FileFacts,
    FileRole,
    HeaderFacts,
    MaskFacts,
    PixelFacts,
)
from pyimgano_preflight.facts._decode import PICTURE_STEP
from pyimgano_preflight.facts._files import file_key
from pyimgano_preflight.facts._plain import FACTS_VERSION, from_plain, to_plain
from pyimgano_preflight.facts._read import read_facts, read_picture
from pyimgano_preflight.facts._store import FactStore

__all__ = [
    # what is known of a file
    "Depth",
    "FileError",
    "FileFacts",
    "FileRole",
    "HeaderFacts",
    "MaskFacts",
    "PixelFacts",
    # gathering it
    "FactCache",
    "FactStore",
    "file_key",
    "read_facts",
    "read_picture",
    "PICTURE_STEP",
    # writing it down
    "FACTS_VERSION",
    "from_plain",
    "to_plain",
]
