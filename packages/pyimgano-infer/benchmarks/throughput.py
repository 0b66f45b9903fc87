"""The whole program beside a bare loop of the same graph, and beside anomalib's TorchInferencer.

Prints Markdown. The bare loop decodes, resizes and runs the graph in as many processes of one thread, and
nothing else. Both start anew each time: CPU seconds for an image are told of the whole run, and without the
start, as the difference between a long and a short run. anomalib is taken from another environment:

    uv venv peers && uv pip install --python peers/bin/python anomalib
    uv run python packages/pyimgano-infer/benchmarks/throughput.py --peers peers/bin/python
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from attrs import define
from deployed_model import BANK_IMAGES, SIDE, make_patchcore, write_config, write_images, write_weights

HERE = Path(__file__).parent
TINY = HERE.parent / "tests" / "data" / "mean.onnx"
DISTINCT = 8
IMAGES = ((256, ".png"), (1024, ".jpg"), (1024, ".png"))
COMMAND = "from pyimgano_infer.cli import main\nif __name__ == '__main__':\n    main()\n"


@define(frozen=True, kw_only=True)
class Cost:
    """What a run took: CPU seconds of all its processes, and seconds on the wall."""

    cpu: float
    wall: float


def measure(command: list[str | Path]) -> Cost:
    """Run a program to its end."""
    environment = os.environ | {"OMP_NUM_THREADS": "1", "CUDA_VISIBLE_DEVICES": ""}
    before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run(
        [*map(str, command)], env=environment, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Cost(cpu=cpu, wall=time.perf_counter() - started)


class Place:
    """A folder with a deployed graph and a few images, which are named again and again."""

    def __init__(self, folder: Path, model: bytes, images: list[Path]) -> None:
        self.folder = folder
        self.config = write_config(folder, model)
        self._images = images
        (folder / "command.py").write_text(COMMAND)

    def names(self, count: int) -> Path:
        """Return a file with so many names of images, a line each."""
        path = self.folder / f"{count}.txt"
        path.write_text("".join(f"{self._images[index % len(self._images)]}\n" for index in range(count)))
        return path

    def ours(self, count: int, workers: int) -> Cost:
        """Run the whole program, as with `--output`."""
        rows = self.folder / f"{count}.jsonl"
        names = self.names(count).read_text().splitlines()
        rows.write_text("".join(json.dumps({"image_path": n, "category": "part"}) + "\n" for n in names))
        command: list[str | Path]
        command = [sys.executable, self.folder / "command.py", "--infer-config", self.config, rows]
        return measure([*command, "--workers", str(workers), "--output", self.folder / "out.jsonl"])

    def bare(self, count: int, workers: int) -> Cost:
        """Run the bare loop."""
        model = self.folder / "model.onnx"
        return measure([sys.executable, HERE / "bare_loop.py", model, str(workers), self.names(count)])


def print_row(name: str, place: Place, count: int, workers: int, rounds: int) -> float:
    """Print what an image costs in both programs, which take turns; return our seconds for one."""
    calls = [(kind, n) for n in (count // 4, count) for kind in (place.bare, place.ours)]
    turns = [[kind(n, workers) for kind, n in calls] for _ in range(rounds)]
    best: list[Cost] = [min(costs, key=lambda cost: cost.cpu) for costs in zip(*turns, strict=True)]
    few_bare, few_ours, bare, ours = best
    each = [(many.cpu - few.cpu) / (count - count // 4) for many, few in ((ours, few_ours), (bare, few_bare))]
    whole = [cost.cpu / count for cost in (ours, bare)]
    cells = [f"{1000 * a:.2f} ms | {1000 * b:.2f} ms | {b / a:.3f}" for a, b in (each, whole)]
    print("|", " | ".join([name, *cells, f"{bare.wall / ours.wall:.3f}"]), "|", flush=True)
    return each[0]


def print_peer(python: str, folder: Path, places: dict[str, Place], ours: list[float]) -> None:
    """Print what an image costs in anomalib, where it can be run."""
    (folder / "bank").mkdir()
    write_images(folder / "bank", count=BANK_IMAGES, side=SIDE, suffix=".png")
    lists = [str(place.names(DISTINCT)) for place in places.values()]
    command = [python, HERE / "anomalib_loop.py", folder / "resnet18.pth", folder / "bank", *lists]
    environment = os.environ | {"OMP_NUM_THREADS": "1", "CUDA_VISIBLE_DEVICES": ""}
    done = subprocess.run([*map(str, command)], env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        print(f"\nanomalib can't be run: {done.stderr.strip().splitlines()[-1]}")
        return
    found = json.loads(done.stdout.splitlines()[-1])
    print(
        f"\n| images; bank of {found['bank']} | ours | anomalib's TorchInferencer | images per CPU second |"
    )
    print("|---|---|---|---|")
    for name, own, theirs in zip(places, ours, found["seconds"], strict=True):
        print(f"| {name} | {1000 * own:.1f} ms | {1000 * theirs:.1f} ms | x {theirs / own:.2f} |")


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--images", type=int, default=60)
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--peers", help="the Python of an environment with anomalib")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_weights(folder / "resnet18.pth")
        patchcore = make_patchcore(folder / "resnet18.pth")
        places = {
            f"{side}x{side} {suffix[1:]}": make_place(folder / f"{side}{suffix}", patchcore, side, suffix)
            for side, suffix in IMAGES
        }
        print("| graph and images | ours | bare | ratio | with start: ours | bare | ratio | wall ratio |")
        print("|---|---|---|---|---|---|---|---|")
        measured = (options.workers, options.rounds)
        ours = [
            print_row(f"ResNet-18 patchcore, {text}", place, options.images, *measured)
            for text, place in places.items()
        ]
        tiny = make_place(folder / "tiny", TINY.read_bytes(), 32, ".png")
        print_row("mean of 8x8 pixels, 32x32 png", tiny, 100 * options.images, *measured)
        if options.peers:
            print_peer(options.peers, folder, places, ours)


def make_place(folder: Path, model: bytes, side: int, suffix: str) -> Place:
    """Write images and a graph into a new folder."""
    folder.mkdir()
    return Place(folder, model, write_images(folder, count=DISTINCT, side=side, suffix=suffix))


if __name__ == "__main__":
    main()
