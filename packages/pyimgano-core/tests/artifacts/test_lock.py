import subprocess
import sys

from pyimgano_core.artifacts import try_lock


def test_a_lock_is_held_by_one_at_a_time_and_released_with_its_file(tmp_path):
    first = try_lock(tmp_path / "lock")
    assert first is not None
    assert try_lock(tmp_path / "lock") is None
    first.close()
    again = try_lock(tmp_path / "lock")
    assert again is not None
    again.close()


def test_a_lock_ends_with_the_process_that_held_it(tmp_path):
    code = (
        "import os, sys; from pathlib import Path; from pyimgano_core.artifacts import try_lock; "
        "lock = try_lock(Path(sys.argv[1])); os._exit(9)"
    )
    assert subprocess.run([sys.executable, "-c", code, tmp_path / "lock"], check=False).returncode == 9
    lock = try_lock(tmp_path / "lock")
    assert lock is not None
    lock.close()
