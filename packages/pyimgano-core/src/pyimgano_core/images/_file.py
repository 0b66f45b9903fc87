"""Open an image file safely: regular files, known formats, every failure an `ImageError` with a code.

The codes are `not_found`, `not_regular`, `not_readable`, `empty_file`, `storage_error`, `unidentified`,
`truncated`, `corrupt`, `too_large`, `unsupported_mode` and, for masks, `size_mismatch`.
"""

from __future__ import annotations

import io
import logging
import stat
import struct
import threading
import warnings
import zlib
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

from PIL import (
    BmpImagePlugin,
    Image,
    JpegImagePlugin,
    PngImagePlugin,
    PpmImagePlugin,
    TiffImagePlugin,
    UnidentifiedImageError,
    WebPImagePlugin,
)

from pyimgano_core.contracts.image_file import RemoteFile
from pyimgano_core.errors import ImageError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import BinaryIO

    from pyimgano_core.contracts.image_file import ImageFile

IMAGE_EXTENSIONS = (
    ".png", ".jpg", ".jpeg", ".bmp", ".tif", ".tiff", ".webp", ".pgm", ".ppm", ".pbm", ".pnm",
)  # fmt: skip
# What file systems keep for themselves at the root of a disk, often shut to all others; in lower case.
SYSTEM_FOLDERS = frozenset({"$recycle.bin", "lost+found", "system volume information"})
MAX_PIXELS = 178_956_970  # where Pillow, too, refuses an image as a decompression bomb

_NO_NAME = 123  # what Windows says of a name with characters that no file has there
_FORMATS = tuple(
    str(image_file.format)
    for image_file in (
        PngImagePlugin.PngImageFile,
        JpegImagePlugin.JpegImageFile,
        TiffImagePlugin.TiffImageFile,
        BmpImagePlugin.BmpImageFile,
        WebPImagePlugin.WebPImageFile,
        PpmImagePlugin.PpmImageFile,
    )
)
_KINDS = {
    stat.S_IFDIR: "a folder",
    stat.S_IFIFO: "a named pipe",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
    stat.S_IFSOCK: "a socket",
}
# What Pillow's decoders raise on damaged bytes, besides OSError without an errno.
_DAMAGE = (
    SyntaxError,
    ValueError,
    EOFError,
    LookupError,
    TypeError,
    ArithmeticError,
    struct.error,
    zlib.error,
)
# Pillow logs what it finds odd in a TIFF, and Python prints what is logged to no handler at all.
logging.getLogger("PIL").addHandler(logging.NullHandler())
# Filters of warnings belong to the process, so only one thread at a time may change them.
_WARNINGS_LOCK = threading.Lock()


def is_image(path: Path | str) -> bool:
    """Return whether the name of `path` says that it is an image; the file is not opened."""
    return Path(path).suffix.lower() in IMAGE_EXTENSIONS


def is_hidden(name: str) -> bool:
    """Return whether the name of a file or folder says that nobody put images there: `.git`, `lost+found`."""
    return name.startswith(".") or name.lower() in SYSTEM_FOLDERS


@contextmanager
def opened(path: ImageFile) -> Iterator[tuple[Image.Image, BinaryIO]]:
    """Open `path`, read its header, and give the lazy image and its stream.

    Raises:
        ImageError: whatever is wrong with the file, also while the caller decodes within the `with` block.
    """
    if isinstance(path, RemoteFile):
        from pyimgano_core.images.remote import read_remote  # noqa: PLC0415 - only addresses need fsspec

        content = io.BytesIO(read_remote(path))
        with opened_stream(path, content) as image:
            yield image, content
        return
    with _storage_errors(path):
        _require_regular(path)
        with path.open("rb") as stream, opened_stream(path, stream) as image:
            yield image, stream


@contextmanager
def opened_stream(path: ImageFile, stream: BinaryIO) -> Iterator[Image.Image]:
    """As `opened`, for a caller who has opened or read the file already; `path` is named in errors only.

    Raises:
        ImageError: whatever is wrong with the bytes, also while the caller decodes within the `with` block.
        OSError: the storage failed.
    """
    with _damage(path):
        image = _identify(path, stream)
        with image:
            yield image


@contextmanager
def quiet() -> Iterator[None]:
    """Keep Pillow's warnings from the user; for short steps, because other threads wait."""
    with _WARNINGS_LOCK, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def decode(image: Image.Image) -> None:
    """Read the pixels. Only TIFF warns here, and only TIFF pays for being quiet."""
    with quiet() if image.format == "TIFF" else nullcontext():
        image.load()


def _require_regular(path: Path) -> None:
    """Opening a pipe would wait for ever, so the kind of file is looked at before it is opened."""
    state = path.stat()
    if not stat.S_ISREG(state.st_mode):
        kind = _KINDS.get(stat.S_IFMT(state.st_mode), "something else")
        raise ImageError("not_regular", path, f"is {kind}, not a file")
    if state.st_size == 0:
        raise ImageError("empty_file", path, "is empty (0 bytes); copy it again from its source")


def _identify(path: ImageFile, stream: BinaryIO) -> Image.Image:
    try:
        with quiet():
            image = Image.open(stream, formats=_FORMATS)
    except UnidentifiedImageError:
        raise ImageError(
            "unidentified", path, "is no PNG, JPEG, TIFF, BMP, WebP or PNM image, or its header is damaged"
        ) from None
    except Image.DecompressionBombError:
        raise ImageError("too_large", path, _too_large_message()) from None
    require_pixel_count(path, image.width * image.height)
    return image


def require_pixel_count(path: ImageFile, pixels: int) -> None:
    """Refuse an image that would fill the memory.

    Raises:
        ImageError: `too_large`.
    """
    if pixels > MAX_PIXELS:
        raise ImageError("too_large", path, _too_large_message(pixels))


def _too_large_message(pixels: int | None = None) -> str:
    has = f"has {pixels:,} pixels, more than" if pixels else "has more pixels than"
    return f"{has} the {MAX_PIXELS:,} that are read; cut it into parts"


@contextmanager
def _storage_errors(path: Path) -> Iterator[None]:
    """Turn what the file system says into an `ImageError`."""
    try:
        yield
    except (FileNotFoundError, NotADirectoryError):
        raise ImageError("not_found", path, "does not exist") from None
    except PermissionError:
        raise ImageError("not_readable", path, "may not be read; check its permissions") from None
    except OSError as error:
        if getattr(error, "winerror", None) == _NO_NAME:
            raise ImageError("not_found", path, "does not exist: Windows has no such names") from None
        raise ImageError("storage_error", path, f"could not be read: {error.strerror or error}") from error
    except ValueError as error:  # a NUL in the path
        raise ImageError("not_found", path, f"is no path: {error}") from None


@contextmanager
def _damage(path: ImageFile) -> Iterator[None]:
    """Turn what Pillow says of damaged bytes into an `ImageError`; an errno means storage, not damage."""
    try:
        yield
    except OSError as error:
        if error.errno is not None:
            raise
        raise _damaged(path, error) from error
    except _DAMAGE as error:
        raise _damaged(path, error) from error


def _damaged(path: ImageFile, error: Exception) -> ImageError:
    code = "truncated" if "truncated" in str(error).lower() else "corrupt"
    return ImageError(code, path, f"is {code} ({error}); copy it again from its source")
