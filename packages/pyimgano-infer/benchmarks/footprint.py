"""What deployment takes: disk, start-up and memory of an environment with pyimgano-infer alone. On Linux.

    uv run python packages/pyimgano-infer/benchmarks/footprint.py --images 100000

Wheels are built and installed into a fresh environment, and all is measured there: the size on disk; CPU
seconds of `--help` and from the start to the score of one image, best of a few; the peak memory of the
program and its workers while ResNet-18 `patchcore` with a bank of 10,240 patches scores 256 x 256 images; and
with a graph of a few nodes the peaks of a long run beside those of one a tenth as long. Prints Markdown.
"""

from __future__ import annotations

import argparse
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path

from deployed_model import make_patchcore, write_config, write_images, write_weights

ROOT = Path(__file__).parents[3]
TINY = Path(__file__).parents[1] / "tests" / "data" / "mean.onnx"
REPEATS = 5
POLL = 0.05  # seconds
HELPERS = b"multiprocessing.resource_tracker"
ENVIRONMENT = os.environ | {"CUDA_VISIBLE_DEVICES": ""}


def install(folder: Path) -> Path:
    """Make an environment that holds pyimgano-infer and what it needs; return its folder."""
    uv = shutil.which("uv")
    assert uv is not None, "uv makes the environment"
    for package in ("pyimgano-core", "pyimgano-infer"):
        options = ["--wheel", "--package", package, "--out-dir", str(folder / "wheels")]
        subprocess.run([uv, "build", *options], cwd=ROOT, check=True, capture_output=True)
    environment = folder / "environment"
    subprocess.run([uv, "venv", "--python", sys.executable, environment], check=True, capture_output=True)
    python = environment / "bin" / "python"
    command: list[str | Path] = [uv, "pip", "install", "--python", python, *(folder / "wheels").glob("*.whl")]
    subprocess.run(command, check=True, capture_output=True)
    return environment


def megabytes(folder: Path) -> float:
    """Return the size of all files below a folder."""
    return sum(path.lstat().st_size for path in folder.rglob("*") if path.is_file()) / 1e6


def cpu_seconds(command: list[str | Path]) -> float:
    """Return the CPU seconds of a program and its workers, the best of a few runs."""
    best = float("inf")
    for _ in range(REPEATS + 1):  # the first compiles modules
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run(command, env=ENVIRONMENT, check=True, capture_output=True)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        best = min(best, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    return best


def peaks(command: list[str | Path], stdin: Path) -> list[float]:
    """Return the peak memory in MB of a program, first, and of each of its workers."""
    found: dict[int, float] = {}
    with stdin.open("rb") as stream:
        process = subprocess.Popen(command, env=ENVIRONMENT, stdin=stream, stderr=subprocess.PIPE)
    while process.poll() is None:
        for pid in [process.pid, *children(process.pid)]:
            with suppress(FileNotFoundError, ProcessLookupError, IndexError):
                if HELPERS not in Path(f"/proc/{pid}/cmdline").read_bytes():
                    status = Path(f"/proc/{pid}/status").read_text()
                    found[pid] = int(status.split("VmHWM:")[1].split()[0]) * 1024 / 1e6
        time.sleep(POLL)
    assert process.returncode == 0, process.communicate()[1].decode()
    return list(found.values())


def children(pid: int) -> list[int]:
    """Return the processes that a process has started."""
    with suppress(FileNotFoundError, ProcessLookupError):
        return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    return []


def write_names(path: Path, images: list[Path], count: int) -> Path:
    """Write so many names of images, a line each."""
    path.write_text("".join(f"{images[index % len(images)]}\n" for index in range(count)))
    return path


def print_memory(name: str, command: list[str | Path], names: Path) -> None:
    """Print the peaks of a run."""
    main, *workers = peaks([*command, "-"], names)
    each = ", ".join(f"{worker:.0f}" for worker in workers)
    print(f"| {name} | {main:.0f} MB | {each} MB | {main + sum(workers):.0f} MB |", flush=True)


def main() -> None:
    """Print what is measured."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--images", type=int, default=20_000, help="of the long run")
    parser.add_argument("--workers", default="2")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        environment = install(folder)
        packages = next(environment.glob("lib/python*/site-packages"))
        print(
            f"site-packages: {megabytes(packages):.0f} MB, the environment: {megabytes(environment):.0f} MB"
        )
        program = environment / "bin" / "pyimgano-infer"
        write_weights(folder / "resnet18.pth")
        (folder / "large").mkdir()
        (folder / "tiny").mkdir()
        large = write_config(folder / "large", make_patchcore(folder / "resnet18.pth"))
        tiny = write_config(folder / "tiny", TINY.read_bytes())
        images = write_images(folder / "large", count=8, side=256, suffix=".png")
        small = write_images(folder / "tiny", count=8, side=32, suffix=".png")
        print(f"`--help`: {cpu_seconds([program, '--help']):.3f} CPU s")
        for config, image in ((large, images[0]), (tiny, small[0])):
            first = cpu_seconds([program, "--infer-config", config, "--workers", "1", image])
            print(f"start to the score of one image, {config.parent.name} graph: {first:.3f} CPU s")
        print("\n| peak memory | program | workers | all |\n|---|---|---|---|")
        end = ["--workers", options.workers, "--output", folder / "out.jsonl"]
        names = write_names(folder / "names", images, 40)
        print_memory("ResNet-18 patchcore", [program, "--infer-config", large, *end], names)
        for count in (options.images // 10, options.images):
            names = write_names(folder / "names", small, count)
            print_memory(f"few nodes, {count} images", [program, "--infer-config", tiny, *end], names)


if __name__ == "__main__":
    main()
