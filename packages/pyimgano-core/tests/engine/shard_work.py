"""What the tests have other processes do: these import it by its name, from the folder in `sys.path`."""

import os
import signal
import time
from pathlib import Path

from pyimgano_core.artifacts import atomic_writer, write_text
from pyimgano_core.engine import quarantine
from pyimgano_core.errors import ConfigError, DataError, ImageError


def part(folder, shard):
    return Path(folder) / f"part-{shard}.txt"


def write_part(folder, shard):
    """The honest one: leaves a whole part as it is."""
    if not part(folder, shard).exists():
        write_text(part(folder, shard), f"{shard} squared is {shard * shard}\n")


def write_part_slowly(folder, shard):
    if not part(folder, shard).exists():
        time.sleep(0.1)
        write_part(folder, shard)


def tell_process(folder, shard):
    """Write who runs the shard, and with how many threads."""
    write_text(part(folder, shard), f"{os.getpid()} {os.environ.get('OMP_NUM_THREADS')}\n")
    time.sleep(0.3)  # the other worker comes to its turn


def die_once(folder, shard):
    mark = Path(folder) / f"died-{shard}"
    if shard == 1 and not mark.exists():
        mark.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    write_part(folder, shard)


def die_by_signal(folder, shard):
    if shard == 1:
        os.kill(os.getpid(), signal.SIGSEGV)
    write_part(folder, shard)


def die_by_exit(folder, shard):
    if shard == 1:
        os._exit(7)
    write_part(folder, shard)


def die_always(folder, shard):
    with (Path(folder) / "tries").open("a") as stream:
        stream.write(f"{shard}\n")
    os.kill(os.getpid(), signal.SIGKILL)


def work_through(folder, shard):
    """Write which of six inputs were done; `killers` says which ones kill, and how many processes."""
    name, killers = shard
    deaths = Path(folder) / "deaths"
    done = ""
    for place, is_safe in quarantine(range(6), Path(folder) / f".part-{name}.journal"):
        if is_safe and killers.get(place, 0):
            _die_at_times(name, deaths, killers[place])
        done += str(place) if is_safe else "-"
    write_text(part(folder, name), done)


def _die_at_times(name, deaths, times):
    with deaths.open("a+") as stream:
        stream.seek(0)
        if stream.read().split().count(name) >= times:
            return
        stream.write(f"{name}\n")
    if name == "abort":
        os.abort()
    os.kill(os.getpid(), signal.SIGKILL)


ERRORS = (
    ImageError("truncated", "a.png", "ends early"),
    ConfigError(["$.a: is wrong", "$.b: too"], "run.toml"),
    DataError("no images", ()),
    OSError(28, "No space left on device", "facts.jsonl"),
    MemoryError(),
    ZeroDivisionError("a bug"),
)


def raise_error(folder, shard):
    if isinstance(shard, str):
        raise ERRORS[int(shard)]
    write_part(folder, shard)


def hang_while_writing(folder, shard):
    """Stand in the middle of a part file, having told which process it is."""
    with atomic_writer(part(folder, shard)) as stream:
        stream.write(b"half")
        stream.flush()
        (Path(folder) / f"pid-{os.getpid()}").touch()
        time.sleep(600)
