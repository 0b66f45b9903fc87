import pickle
from pathlib import Path

import pytest

from pyimgano_core.contracts.image_file import (
    RemoteFile,
    cut_address,
    image_file,
    is_address,
    masked,
)


@pytest.mark.parametrize(
    "text",
    ["s3://b/a.png", "zip://a.png::s3://b/a.zip", "simplecache::gs://b/a.png", "abfs+x://c@h/a", "HTTP://h"],
)
def test_what_begins_with_a_protocol_is_an_address(text):
    assert is_address(text)
    assert RemoteFile(text) == image_file(text)


@pytest.mark.parametrize(
    "text", ["a.png", "./s3://b/a.png", "C:\\a.png", "C://a.png", "a::b.png", "/s3://b", ""]
)
def test_all_else_is_a_file_of_this_machine(text):
    assert not is_address(text)
    assert Path(text) == image_file(text)


@pytest.mark.parametrize(
    ("address", "pieces"),
    [
        ("s3://b/f/a.png", ("s3://", "b/f/a.png", "")),
        ("zip://f/a.png::s3://b/a.zip", ("zip://", "f/a.png", "::s3://b/a.zip")),
        ("zip://::file:///a.zip", ("zip://", "", "::file:///a.zip")),
        ("simplecache::s3://b/*.png", ("simplecache::s3://", "b/*.png", "")),
        ("s3://b/two\nlines.png", ("s3://", "b/two\nlines.png", "")),
    ],
)
def test_an_address_is_cut_around_its_path(address, pieces):
    assert pieces == cut_address(address)
    assert address == "".join(pieces)


def test_a_path_is_not_cut():
    with pytest.raises(ValueError, match="no address"):
        cut_address("a.png")


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("ftp://me:pass@host/a.png", "ftp://me:***@host/a.png"),
        ("ftp://me:p@ss@host/a.png", "ftp://me:***@host/a.png"),
        ("abfs://container@account/a.png", "abfs://container@account/a.png"),
        ("https://host:80/a@b.png", "https://host:80/a@b.png"),
        (
            "https://h/a.png?id=7&X-Amz-Signature=ab12&sig=xy",
            "https://h/a.png?id=7&X-Amz-Signature=***&sig=***",
        ),
        ("zip://a.png::ftp://me:pass@host/a.zip", "zip://a.png::ftp://me:***@host/a.zip"),
    ],
)
def test_passwords_and_signatures_are_never_shown(address, shown):
    assert shown == masked(address) == str(RemoteFile(address))
    assert f"RemoteFile(address={shown})" == repr(RemoteFile(address))


@pytest.mark.parametrize(
    "address", ["s3://b/f/part 7.tar.png?versionId=1", "zip://part 7.tar.png::s3://b/x.zip"]
)
def test_the_stem_is_that_of_the_file(address):
    assert "part 7.tar" == RemoteFile(address).stem


def test_the_whole_address_travels_to_another_process():
    file = RemoteFile("ftp://me:pass@host/a.png")
    assert file.address == pickle.loads(pickle.dumps(file)).address  # noqa: S301 - as processes do
