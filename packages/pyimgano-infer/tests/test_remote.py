"""Addresses, with storages that need no network: files, archives of files, and a server on loopback."""

import functools
import http.server
import importlib.util
import json
import shutil
import subprocess
import sys
import threading
import zipfile
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyimgano_core.contracts.image_file import RemoteFile
from pyimgano_core.errors import UsageError
from pyimgano_infer import Session
from pyimgano_infer._inputs import LEFT_OUT, find_sources, read_inputs
from pyimgano_infer._normals import _sha256

pytestmark = pytest.mark.skipif(importlib.util.find_spec("fsspec") is None, reason="fsspec is not installed")

NAMES = ("a.png", "b/10.jpg", "b/2.PNG", "b/deep/x.tiff", "c.txt", "d.png/e.png")
NAMES += (".hidden/f.png", "b/.g.png", "lost+found/h.png")


def inputs_of(*arguments, root=None, notices=None):
    return list(read_inputs(find_sources(arguments), root, Counter() if notices is None else notices))


@pytest.fixture(params=["file", "zip"])
def store(request, tmp_path):
    """Return a function that gives the address of a path in a storage that holds `NAMES`."""
    folder = tmp_path / "store"
    for name in NAMES:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()
    if request.param == "file":
        return lambda path: f"file://{folder}/{path}"
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        for name in NAMES:
            archive.write(folder / name, name)
    return lambda path: f"zip://{path}::file://{tmp_path}/a.zip"


def paths_of(store, *paths):
    before, _, after = store("|").partition("|")
    found = inputs_of(*map(store, paths))
    assert [item.text for item in found] == [item.path.address for item in found]
    return [item.text.removeprefix(before).removesuffix(after) for item in found]


def test_a_folder_is_searched_below_and_sorted(store):
    assert ["a.png", "b/10.jpg", "b/2.PNG", "b/deep/x.tiff", "d.png/e.png"] == paths_of(store, "")
    assert ["b/deep/x.tiff"] == paths_of(store, "b/deep/")


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("*", ["a.png", "b/10.jpg", "b/2.PNG", "b/deep/x.tiff", "d.png/e.png"]),
        ("*.png", ["a.png", "d.png/e.png"]),
        ("**/*.jpg", ["b/10.jpg"]),
        ("b/*", ["b/10.jpg", "b/2.PNG", "b/deep/x.tiff"]),
        ("*/d*/", ["b/deep/x.tiff"]),
        ("b/**/x.*", ["b/deep/x.tiff"]),
        ("absent*", []),
    ],
)
def test_a_pattern_takes_images_and_folders(store, pattern, expected):
    assert expected == paths_of(store, pattern)


def test_arguments_keep_their_order(store):
    assert ["b/2.PNG", "a.png", "b/deep/x.tiff"] == paths_of(store, "b/2.PNG", "a.png", "b/deep/")


def test_what_is_left_out_is_counted(store):
    notices = Counter()
    inputs_of(store(""), notices=notices)
    assert {LEFT_OUT: 4} == notices


@given(
    st.lists(st.text("ab", min_size=1, max_size=2), min_size=1, max_size=4),
    st.lists(st.sampled_from(["*", "**", "a*", "*b", "ab"]), min_size=1, max_size=3),
)
def test_a_folder_on_the_way_to_a_match_is_always_entered(parts, pattern):
    from pyimgano_infer._remote import _matches, _may_match  # noqa: PLC0415 - it needs fsspec

    if _matches(parts, pattern):
        assert all(_may_match(parts[:depth], pattern) for depth in range(1, len(parts)))


def test_a_folder_that_is_not_there_is_a_failure_among_the_others(store, tmp_path):
    missing, good = inputs_of(f"file://{tmp_path}/absent/", store("a.png"))
    assert ("not_found", None) == (missing.failure.code, good.failure)


def test_a_loop_of_links_ends(tmp_path):
    (tmp_path / "a.png").touch()
    (tmp_path / "loop").symlink_to(tmp_path, target_is_directory=True)
    assert [f"file://{tmp_path}/a.png"] == [item.text for item in inputs_of(f"file://{tmp_path}/")]


def test_a_name_that_would_lead_to_another_storage_is_not_followed(tmp_path):
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("x.png::file:", b"")
        archive.writestr("a.png", b"")
    failed, good = sorted(
        inputs_of(f"zip://::file://{tmp_path}/a.zip"), key=lambda item: item.failure is None
    )
    assert ("unsafe_name", None) == (failed.failure.code, good.failure)


def test_a_manifest_is_a_file_of_this_machine():
    with pytest.raises(UsageError, match=r"copy it here") as caught:
        find_sources(["ftp://me:secret@host/m.jsonl"])
    assert "secret" not in str(caught.value)


def test_rows_name_addresses_or_lie_below_a_root(manifest, tmp_path):
    (tmp_path / "here.png").touch()
    rows = ["s3://b/a.png", "f\\g.png", "here.png", "/absolute.png"]
    path = manifest(*({"image_path": row, "category": "part"} for row in rows))
    found = inputs_of(str(path), root=RemoteFile("s3://bucket/root/"))
    assert [
        RemoteFile("s3://b/a.png"),
        RemoteFile("s3://bucket/root/f/g.png"),
        tmp_path / "here.png",
        Path("/absolute.png").absolute(),
    ] == [item.path for item in found]
    assert rows == [item.text for item in found]


# The whole command, whose processes read the addresses themselves.


@pytest.fixture
def images(grey, tmp_path):
    for name, value in {"a.png": 51, "b.png": 204, "f/c.png": 51}.items():
        grey(f"images/{name}", value)
    return tmp_path / "images"


def test_addresses_score_as_files_do_with_all_products(run_infer, config, images, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    def products(name, place):
        options = [f"--maps={name}/maps", f"--overlays={name}/overlays", f"--output={name}/lines.jsonl"]
        done = run_infer("--infer-config", config, *options, place)
        lines = [json.loads(line) for line in Path(name, "lines.jsonl").read_text().splitlines()]
        files = {str(p.relative_to(name)): p.read_bytes() for p in Path(name).rglob("*") if p.is_file()}
        assert 0 == done.code
        return [{**line, "input": Path(line["input"]).name} for line in lines], {
            path: content for path, content in files.items() if path != "lines.jsonl"
        }

    expected = products("near", images)
    assert ["normal", "anomalous", "normal"] == [line["label"] for line in expected[0]]
    assert expected == products("far", f"file://{images}/")


def test_images_behind_addresses_are_told_apart_by_their_content(images):
    assert _sha256(images / "a.png") == _sha256(RemoteFile(f"file://{images}/a.png"))


def test_a_session_scores_an_address(config, images):
    with Session(config) as session:
        result = session.score(f"file://{images}/b.png")
    assert (f"file://{images}/b.png", "anomalous") == (result.prediction.input, result.label)


def test_a_list_on_stdin_may_name_addresses(config, images):
    command = [
        sys.executable,
        "-c",
        "from pyimgano_infer.cli import main; main()",
        "--infer-config",
        config,
        "-",
    ]
    names = f"{images}/a.png\nfile://{images}/b.png\nfile://{images}/absent.png\n"
    done = subprocess.run(command, input=names, capture_output=True, text=True, check=False)
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert 4 == done.returncode
    assert ["normal", "anomalous", None] == [line["label"] for line in lines]
    assert "not_found" == lines[2]["error"]["code"]


def test_an_unfinished_run_over_addresses_is_finished(run_infer, config, images, tmp_path):
    output = tmp_path / "out.jsonl"
    arguments = ["--infer-config", config, "--output", output, f"file://{images}/"]
    jobs = ["--num-shards", "2", "--shard-index", "1"]
    assert 0 == run_infer(*arguments, *jobs).code
    assert not output.exists()
    assert 0 == run_infer(*arguments).code
    assert 3 == len(output.read_text().splitlines())


def test_no_password_is_written_or_printed(run_infer, config, grey, tmp_path):
    address = "nosuch://me:secret@host/a.png?token=hidden"
    output, summary = tmp_path / "out.jsonl", tmp_path / "summary.json"
    arguments = ["--output", output, "--summary", summary, address, grey("a.png", 9)]
    done = run_infer("--infer-config", config, *arguments)
    written = done.out + done.err + output.read_text() + summary.read_text()
    assert 4 == done.code
    assert "nosuch://me:***@host/a.png?token=***" in written
    assert "secret" not in written
    assert "hidden" not in written


def test_no_images_below_an_address_tell_no_password(run_infer, config, tmp_path):
    done = run_infer("--infer-config", config, f"file://{tmp_path}/*.nothing?token=hidden")
    assert 64 == done.code
    assert "*.nothing?token=***" in done.err


def test_a_missing_fsspec_is_told_with_its_command(config, tmp_path):
    hide = "import sys; sys.modules['fsspec'] = None; sys.modules['fsspec.core'] = None; "
    main = "from pyimgano_infer.cli import main; main()"
    for argument in ("s3://bucket/a.png", "s3://bucket/*.png"):
        command = [sys.executable, "-c", hide + main, "--infer-config", config, argument]
        done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path)
        assert (74, 1) == (done.returncode, done.stderr.count("\n"))
        assert "pip install 'pyimgano-infer[remote]'" in done.stderr


@pytest.mark.skipif(importlib.util.find_spec("s3fs") is not None, reason="s3fs is installed")
def test_a_missing_package_of_a_protocol_is_told_with_its_command(run_infer, config):
    for argument in ("s3://bucket/a.png", "s3://bucket/"):
        done = run_infer("--infer-config", config, argument)
        assert (74, 1) == (done.code, done.err.count("\n"))
        assert "pip install s3fs" in done.err


@pytest.mark.skipif(importlib.util.find_spec("s3fs") is not None, reason="s3fs is installed")
def test_one_odd_address_in_a_manifest_costs_the_others_nothing(run_infer, config, grey, manifest):
    rows = ["s3://bucket/a.png", grey("a.png", 51).name]
    done = run_infer(
        "--infer-config", config, manifest(*({"image_path": row, "category": "part"} for row in rows))
    )
    odd, good = done.lines
    assert (4, "missing_package", "normal") == (done.code, odd["error"]["code"], good["label"])


class _Server(http.server.SimpleHTTPRequestHandler):
    def send_head(self):
        if "forbidden" in self.path:
            self.send_error(403)
            return None
        return super().send_head()

    def log_message(self, *arguments):
        """Stay silent."""


@pytest.fixture
def serve(images):
    handler = functools.partial(_Server, directory=images)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def test_a_server_gives_images_folders_and_reasons(run_infer, config, serve, images):
    pytest.importorskip("aiohttp")
    shutil.copy(images / "a.png", images / "query.png")
    names = ["/", "/query.png?id=7", "/absent.png", "/forbidden.png"]
    done = run_infer("--infer-config", config, *(serve + name for name in names), "http://127.0.0.1:9/a.png")
    told = [
        (line["input"].removeprefix(serve), line["label"] or line["error"]["code"]) for line in done.lines
    ]
    assert [
        ("/a.png", "normal"),
        ("/b.png", "anomalous"),
        ("/f/c.png", "normal"),
        ("/query.png", "normal"),
        ("/query.png?id=7", "normal"),
        ("/absent.png", "not_found"),
        ("/forbidden.png", "not_readable"),
        ("http://127.0.0.1:9/a.png", "storage_error"),
    ] == told


def test_files_of_this_machine_need_no_fsspec(config, grey, tmp_path):
    code = (
        "import sys\n"
        "from pyimgano_infer.cli import main\n"
        "try: main()\n"
        "finally: print('fsspec' in sys.modules)\n"
    )
    command = [sys.executable, "-c", code, "--infer-config", config, grey("a.png", 9), "--output", "o.jsonl"]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=tmp_path)
    assert "False\n" == done.stdout
