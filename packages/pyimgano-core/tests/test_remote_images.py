import importlib.util
import os
import zipfile

import numpy as np
import pytest
from PIL import Image

from pyimgano_core.contracts.image_file import RemoteFile
from pyimgano_core.errors import ImageError, MachineError
from pyimgano_core.images import read_image, remote
from pyimgano_core.images.remote import require_packages, storage_errors


@pytest.fixture
def picture(tmp_path):
    pixels = np.random.default_rng(1).integers(0, 256, (12, 17, 3), dtype=np.uint8)
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.fromarray(pixels).save(tmp_path / "a.png", exif=exif)
    return tmp_path / "a.png"


def zipped(folder, **members):
    with zipfile.ZipFile(folder / "a.zip", "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return f"::file://{folder}/a.zip"


def failure_of(address):
    with pytest.raises(ImageError) as caught:
        read_image(RemoteFile(address))
    return caught.value


@pytest.mark.parametrize("protocol", ["file", "local"])
def test_an_address_gives_the_pixels_of_the_file(picture, protocol):
    file = RemoteFile(f"{protocol}://{picture}")
    assert np.array_equal(read_image(picture), read_image(file))


def test_an_image_in_an_archive_has_the_same_pixels(picture, tmp_path):
    file = RemoteFile("zip://b.png" + zipped(tmp_path, **{"b.png": picture.read_bytes()}))
    assert np.array_equal(read_image(picture), read_image(file))


def test_text_is_never_taken_for_an_address(picture, monkeypatch):
    monkeypatch.chdir(picture.parent)
    with pytest.raises(ImageError) as caught:
        read_image(f"file://{picture}")
    assert "not_found" == caught.value.code


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
def test_what_is_no_readable_file_has_the_code_of_files(tmp_path):
    (tmp_path / "empty.png").touch()
    (tmp_path / "text.png").write_text("no image")
    os.mkfifo(tmp_path / "pipe.png")
    expected = {
        "absent.png": "not_found",
        "empty.png": "empty_file",
        "text.png": "unidentified",
        "pipe.png": "not_regular",
        "": "not_regular",
    }
    assert expected == {name: failure_of(f"file://{tmp_path}/{name}").code for name in expected}


def test_a_broken_archive_and_a_missing_member_are_failures_of_the_image(picture, tmp_path):
    inside = zipped(tmp_path, **{"b.png": picture.read_bytes()})
    assert "not_found" == failure_of("zip://c.png" + inside).code
    (tmp_path / "broken.zip").write_bytes(b"no archive")
    assert "storage_error" == failure_of(f"zip://b.png::file://{tmp_path}/broken.zip").code
    assert "not_found" == failure_of(f"zip://b.png::file://{tmp_path}/absent.zip").code


def test_damaged_bytes_are_told_by_the_address(picture, tmp_path):
    content = picture.read_bytes()
    error = failure_of("zip://b.png" + zipped(tmp_path, **{"b.png": content[: len(content) // 2]}))
    assert "truncated" == error.code
    assert str(error).startswith("zip://b.png::file://")


def test_an_unknown_protocol_is_a_failure_without_the_password():
    error = failure_of("nosuch://me:secret@host/a.png")
    assert "storage_error" == error.code
    assert "secret" not in str(error)
    assert "nosuch" in str(error)


def test_a_file_that_is_too_large_is_not_fetched(picture, monkeypatch):
    monkeypatch.setattr(remote, "MAX_BYTES", 100)
    error = failure_of(f"file://{picture}")
    assert "too_large" == error.code
    assert "100 are read" in str(error)


def test_what_gives_no_size_is_read_up_to_the_limit(monkeypatch):
    monkeypatch.setattr(remote, "MAX_BYTES", 100)
    with open("/dev/zero", "rb") as endless:  # noqa: PTH123 - a stream
        assert 100 < len(remote._read_limited(endless)) <= 100 + remote._CHUNK


class _Answer(Exception):  # noqa: N818 - as in aiohttp and botocore, of no common base
    def __init__(self, status, text="no"):
        super().__init__(text)
        self.status = status


class _BotoAnswer(Exception):  # noqa: N818 - likewise
    response = {"ResponseMetadata": {"HTTPStatusCode": 403}}  # noqa: RUF012 - never changed


def chained(error, cause):
    error.__cause__ = cause
    return error


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (FileNotFoundError("b/a.png"), "not_found"),
        (chained(FileNotFoundError("b/a.png"), _Answer(404)), "not_found"),
        (chained(FileNotFoundError("b/a.png"), _Answer(403)), "not_readable"),
        (chained(FileNotFoundError("b/a.png"), _Answer(500)), "storage_error"),
        (chained(FileNotFoundError("b/a.png"), ConnectionRefusedError("no")), "storage_error"),
        (PermissionError("Access Denied"), "not_readable"),
        (_BotoAnswer("AccessDenied"), "not_readable"),
        (_Answer(401), "not_readable"),
        (TimeoutError(), "storage_error"),
        (IsADirectoryError("b"), "not_regular"),
        (zipfile.BadZipFile("no archive"), "storage_error"),
    ],
)
def test_what_a_storage_raises_becomes_a_code(error, code):
    with pytest.raises(ImageError) as caught, storage_errors(RemoteFile("s3://b/a.png")):
        raise error
    assert code == caught.value.code
    assert "\n" not in str(caught.value)


def test_what_a_storage_says_tells_no_secret():
    with pytest.raises(ImageError) as caught, storage_errors(RemoteFile("https://h/a.png")):
        raise _Answer(500, "url='https://me:secret@h/a.png?sig=hidden'")
    assert not {"secret", "hidden"} & set(str(caught.value).replace("=", " ").replace(":", " ").split())
    assert "https://me:***@h/a.png?sig=***" in str(caught.value)


def test_memory_that_runs_out_is_no_fault_of_the_image():
    with pytest.raises(MemoryError), storage_errors(RemoteFile("s3://b/a.png")):
        raise MemoryError


def test_a_missing_package_is_told_with_its_command():
    with (
        pytest.raises(ImageError, match="pip install s3fs") as caught,
        storage_errors(RemoteFile("s3://b/a")),
    ):
        raise ImportError("Install s3fs to access S3")
    assert "missing_package" == caught.value.code


@pytest.mark.skipif(importlib.util.find_spec("s3fs") is not None, reason="s3fs is installed")
@pytest.mark.parametrize("address", ["s3://b/a.png", "zip://a.png::s3://b/a.zip"])
def test_a_missing_package_is_seen_before_anything_is_done(address):
    with pytest.raises(MachineError, match="pip install s3fs"):
        require_packages(RemoteFile(address))


@pytest.mark.parametrize("address", ["file:///a.png", "nosuch://a.png", "zip://a.png::file:///a::b.zip"])
def test_what_needs_no_package_or_is_unknown_is_left_to_the_reading(address):
    require_packages(RemoteFile(address))
