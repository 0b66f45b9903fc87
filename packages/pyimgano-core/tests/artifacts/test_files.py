import hashlib
import os
import signal
import subprocess
import sys

import pytest

from pyimgano_core.artifacts import atomic_writer, sha256_file, write_bytes, write_text

POSIX_ONLY = pytest.mark.skipif(os.name != "posix", reason="signals and limits as POSIX has them")


def names(folder):
    return sorted(entry.name for entry in folder.iterdir())


def run_script(script, folder, **options):
    return subprocess.run(
        [sys.executable, "-c", script, str(folder)], capture_output=True, check=False, **options
    )


def test_a_file_is_written_whole_with_its_folders(tmp_path):
    write_text(tmp_path / "a" / "b" / "c.json", "ä\n")
    assert ["c.json"] == names(tmp_path / "a" / "b")
    assert "ä\n".encode() == (tmp_path / "a" / "b" / "c.json").read_bytes()


def test_a_new_file_has_the_permissions_of_any_other(tmp_path):
    (tmp_path / "plain").write_bytes(b"")
    write_bytes(tmp_path / "ours", b"")
    assert (tmp_path / "plain").stat().st_mode == (tmp_path / "ours").stat().st_mode


@pytest.mark.parametrize("there", [True, False], ids=["a file", "nothing yet"])
def test_a_link_stays_a_link_and_its_file_is_written(tmp_path, there):
    (tmp_path / "results").mkdir()
    if there:
        (tmp_path / "results" / "today.json").write_text("old")
    (tmp_path / "second.json").symlink_to("results/today.json")
    (tmp_path / "first.json").symlink_to("second.json")
    write_text(tmp_path / "first.json", "new")
    assert ["first.json", "results", "second.json"] == names(tmp_path)
    assert (tmp_path / "first.json").is_symlink()
    assert (tmp_path / "second.json").is_symlink()
    assert ["today.json"] == names(tmp_path / "results")
    assert "new" == (tmp_path / "results" / "today.json").read_text()


def test_an_error_leaves_the_old_file_and_nothing_else(tmp_path):
    path = tmp_path / "report.json"
    write_text(path, "old")

    def interrupted():
        with atomic_writer(path) as stream:
            stream.write(b"half of the new")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert ["report.json"] == names(tmp_path)
    assert "old" == path.read_text()


@pytest.mark.parametrize("name", ["x" * 255, "製" * 85])
def test_the_longest_file_name_can_be_written(tmp_path, name):
    write_text(tmp_path / name, "x")
    assert [name] == names(tmp_path)


@POSIX_ONLY
def test_a_process_killed_in_the_middle_leaves_the_old_file(tmp_path):
    write_text(tmp_path / "report.json", "old")
    script = """
import os, signal, sys
from pathlib import Path
from pyimgano_core.artifacts import atomic_writer
with atomic_writer(Path(sys.argv[1]) / "report.json") as stream:
    stream.write(b"half of the new")
    stream.flush()
    os.kill(os.getpid(), signal.SIGKILL)
"""
    assert -signal.SIGKILL == run_script(script, tmp_path).returncode
    assert "old" == (tmp_path / "report.json").read_text()
    assert all(name == "report.json" or name.endswith(".tmp") for name in names(tmp_path))


@POSIX_ONLY
def test_a_full_disk_leaves_the_old_file_and_nothing_else(tmp_path):
    write_text(tmp_path / "report.json", "old")
    script = """
import resource, signal, sys
from pathlib import Path
from pyimgano_core.artifacts import write_bytes
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, 10_000))
try:
    write_bytes(Path(sys.argv[1]) / "report.json", bytes(1_000_000))
except OSError:
    sys.exit(42)
"""
    result = run_script(script, tmp_path, env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"})
    assert (42, b"") == (result.returncode, result.stderr)
    assert ["report.json"] == names(tmp_path)
    assert "old" == (tmp_path / "report.json").read_text()


def test_text_that_is_no_unicode_is_escaped(tmp_path):
    write_text(tmp_path / "a.json", '"\udce9"')
    assert rb'"\udce9"' == (tmp_path / "a.json").read_bytes()


def test_a_hash_is_the_hash_of_the_bytes(tmp_path):
    content = bytes(range(256)) * 5000
    write_bytes(tmp_path / "model.onnx", content)
    assert hashlib.sha256(content).hexdigest() == sha256_file(tmp_path / "model.onnx")
