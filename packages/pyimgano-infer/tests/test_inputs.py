import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from pyimgano_core.errors import UsageError
from pyimgano_infer._inputs import LEFT_OUT, find_sources, read_inputs


def texts(*arguments):
    sources = find_sources([str(argument) for argument in arguments])
    return [item.text.replace(os.sep, "/") for item in read_inputs(sources, None, Counter())]


@pytest.fixture
def tree(tmp_path, monkeypatch):
    for name in ("b/2.PNG", "b/10.jpg", "a.png", "c.txt", "b/deep/x.tiff"):
        path = tmp_path / "images" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    monkeypatch.chdir(tmp_path)
    return Path("images")


def test_a_folder_is_searched_below_and_sorted(tree):
    assert ["images/a.png", "images/b/10.jpg", "images/b/2.PNG", "images/b/deep/x.tiff"] == texts(tree)


@pytest.mark.usefixtures("tree")
def test_a_path_stays_as_it_was_given():
    assert ["./images/a.png"] == texts("./images/a.png")
    assert "./images/a.png" == texts("./images")[0]


@pytest.mark.usefixtures("tree")
def test_arguments_keep_their_order_and_may_repeat():
    assert ["images/b/2.PNG", "images/a.png", "images/a.png"] == texts(
        "images/b/2.PNG", "images/a.png", "images/a.png"
    )


@pytest.mark.usefixtures("tree")
def test_a_pattern_takes_images_and_folders_only():
    assert ["images/a.png", "images/b/10.jpg", "images/b/2.PNG", "images/b/deep/x.tiff"] == texts("images/*")
    assert ["images/b/10.jpg"] == texts("images/**/*.jpg")


@pytest.mark.usefixtures("tree")
def test_a_pattern_that_matches_a_folder_and_its_files_takes_each_once():
    everything = texts("images")
    assert everything == sorted(texts("images/**"))
    assert everything == sorted(texts("images/**/*"))


@pytest.fixture
def shut(tree, request):
    """A folder that may not be listed, also where the tests are run by root."""
    texts(tree)  # loads what is loaded on demand, before the rights are gone
    name, rights = getattr(request, "param", ("shut", 0))
    folder = tree / "b" / name
    (folder / "in").mkdir(parents=True)
    (folder / "in" / "7.png").touch()
    Path().chmod(0o755)
    folder.chmod(rights)
    is_root = hasattr(os, "geteuid") and os.geteuid() == 0
    try:
        if is_root:
            os.seteuid(65534)
        if os.access(folder, os.R_OK, effective_ids=os.access in os.supports_effective_ids):
            pytest.skip("rights of folders mean nothing here")
        yield str(folder)
    finally:
        if is_root:
            os.seteuid(0)
        folder.chmod(0o755)


@pytest.mark.parametrize(
    "pattern",
    [
        "images",
        "images/**",
        "images/**/",
        "images/**/*",
        "images/**/*.png",
        "images/**/7.png",
        "images/b/*/7.png",
        "images/b/*/in/*.png",
        "images/*/shut/in/7.png",
        "images/b/*/*.png",
        "images/*/*/*.jpg",
        "./images/b/shut/*.png",
        "images/b/shut/**/*.png",
        "**/*.png",
    ],
)
def test_a_folder_that_can_t_be_listed_is_one_failure_for_a_pattern_too(shut, pattern):
    inputs = list(read_inputs(find_sources([pattern]), None, Counter()))
    failed = [(os.path.normpath(item.text), item.failure.code) for item in inputs if item.failure]
    assert [(shut, "not_readable")] == failed
    assert len(inputs) == len({item.text for item in inputs})


@pytest.mark.parametrize("shut", [("half_open", 0o711)], indirect=True)
def test_a_folder_that_can_t_be_listed_is_passed_through(shut):
    (found,) = read_inputs(find_sources(["images/b/*/in/7.png"]), None, Counter())
    assert (os.path.join(shut, "in", "7.png"), None) == (found.text, found.failure)  # noqa: PTH118 - text


@pytest.mark.usefixtures("shut")
@pytest.mark.parametrize("shut", [("lost+found", 0)], indirect=True)
@pytest.mark.parametrize("pattern", ["images", "images/**", "images/b/*", "images/**/*.jpg", "images/*/*/*"])
def test_the_shut_folder_of_a_file_system_is_no_failure(pattern):
    assert not [item for item in read_inputs(find_sources([pattern]), None, Counter()) if item.failure]


@pytest.mark.usefixtures("shut")
@pytest.mark.parametrize("pattern", ["images/*.png", "images/b/*.jpg", "none/*.png", "images/a.png/*"])
def test_a_folder_in_which_a_pattern_does_not_look_is_no_failure(pattern):
    inputs = read_inputs(find_sources([pattern]), None, Counter())
    assert not [item for item in inputs if item.failure]


@pytest.mark.parametrize("name", ["lost+found", "System Volume Information", "$RECYCLE.BIN", ".Trash-1000"])
@pytest.mark.parametrize("pattern", ["images", "images/**", "images/*", "images/**/*.png", "images/*/*.png"])
def test_what_a_file_system_keeps_for_itself_is_left_out(tree, name, pattern):
    (tree / name).mkdir()
    (tree / name / "deleted.png").touch()
    assert not [text for text in texts(pattern) if name in text]
    assert [f"images/{name}/deleted.png"] == texts(f"images/{name}/*.png") == texts(tree / name)


def test_a_file_whose_name_looks_like_a_pattern_is_that_file(tree):
    (tree / "[1].png").touch()
    (tree / "1.png").touch()
    assert ["images/[1].png"] == texts("images/[1].png")


@pytest.mark.usefixtures("tree")
def test_a_named_file_is_taken_whatever_its_name():
    assert ["images/c.txt", "images/absent"] == texts("images/c.txt", "images/absent")


@pytest.mark.usefixtures("tree")
def test_what_is_left_out_is_counted():
    notices = Counter()
    list(read_inputs(find_sources(["images", "images/*"]), None, notices))
    assert {LEFT_OUT: 2} == notices


def test_links_to_folders_are_followed_and_loops_end(tree, tmp_path):
    (tree / "b" / "loop").symlink_to(tmp_path / "images", target_is_directory=True)
    (tree / "linked").symlink_to(tmp_path / "images" / "b" / "deep", target_is_directory=True)
    assert [
        "images/a.png",
        "images/b/10.jpg",
        "images/b/2.PNG",
        "images/b/deep/x.tiff",
        "images/linked/x.tiff",
    ] == texts(tree)


@pytest.mark.usefixtures("tree")
def test_a_missing_manifest_is_wrong_usage():
    with pytest.raises(UsageError, match=r"absent\.jsonl"):
        find_sources(["absent.jsonl"])


@pytest.mark.usefixtures("tree")
def test_an_empty_argument_is_wrong_usage():
    with pytest.raises(UsageError, match="empty"):
        find_sources([""])


@pytest.mark.usefixtures("tree")
def test_a_byte_order_mark_of_a_manifest_is_a_notice():
    row = '{"image_path": "images\\\\a.png", "category": "part"}'
    Path("m.jsonl").write_bytes(b"\xef\xbb\xbf" + row.encode() + b"\r\n")
    notices = Counter()
    items = list(read_inputs(find_sources(["m.jsonl"]), None, notices))
    assert [(Path("images/a.png"), "part")] == [(item.path, item.category) for item in items]
    assert 1 == notices.total()


# In a process of its own: the table of interned names that other tests leave behind grows at a bad moment.
MEMORY = """
import sys, tracemalloc
from collections import Counter
from pyimgano_infer._inputs import find_sources, read_inputs

sources = find_sources(sys.argv[1:2])
list(read_inputs(find_sources(sys.argv[2:]), None, Counter()))  # what is loaded at first use does not count
tracemalloc.start()
for number, item in enumerate(read_inputs(sources, None, Counter())):
    assert f"images/{number:07d}.png" == item.text
print(number + 1, tracemalloc.get_traced_memory()[1])
"""


def memory_of(source, small, stdin=None):
    """Return how many inputs a source has, and the most memory, in bytes, that they take at a time."""
    command = [sys.executable, "-c", MEMORY, str(source), str(small)]
    done = subprocess.run(command, stdin=stdin, capture_output=True, text=True, check=True)
    return tuple(map(int, done.stdout.split()))


def test_a_long_list_keeps_its_order_and_takes_no_memory(tmp_path):
    names = tmp_path / "names.txt"
    names.write_text("".join(f"images/{number:07d}.png\n" for number in range(100_000)))
    with names.open() as stream:
        count, peak = memory_of("-", __file__, stream)
    assert 100_000 == count
    assert peak < 8_000_000  # all at a time take some 40 MB


def write_rows(manifest, count):
    rows = (f'{{"image_path": "images/{number:07d}.png", "category": "a"}}\n' for number in range(count))
    manifest.write_text("".join(rows))
    return manifest


def test_a_long_manifest_keeps_its_order_and_takes_no_memory(tmp_path):
    long, short = write_rows(tmp_path / "long.jsonl", 20_000), write_rows(tmp_path / "short.jsonl", 1)
    count, peak = memory_of(long, short)
    assert 20_000 == count
    assert peak < 2_000_000


@pytest.mark.skipif(sys.platform in {"darwin", "win32"}, reason="names are Unicode there")
def test_a_name_that_is_not_utf_8_is_found(tree):
    name = os.fsdecode(b"\xff\xfe.png")
    (tree / "b" / name).touch()
    assert f"images/b/{name}" in texts(tree)
