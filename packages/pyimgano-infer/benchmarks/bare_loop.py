"""The least that any program must do to score images: decode, resize, run the graph. For `throughput.py`.

    python bare_loop.py MODEL PROCESSES LIST

LIST names an image a line; they are dealt out to so many processes of one thread.
"""

from __future__ import annotations

import sys
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import onnxruntime
from PIL import Image


def score(model: str, names: list[str]) -> list[float]:
    """Return the scores of images."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    _, height, width, _ = session.get_inputs()[0].shape
    scores = []
    for name in names:
        with Image.open(name) as image:
            pixels = np.asarray(image.convert("RGB").resize((width, height), Image.Resampling.BILINEAR))
        scores.append(float(session.run(["score", "anomaly_map"], {"image": pixels[None]})[0][0]))
    return scores


def main() -> None:
    """Score all images."""
    model, processes, names = sys.argv[1], int(sys.argv[2]), Path(sys.argv[3]).read_text().splitlines()
    slices = [(model, names[first::processes]) for first in range(processes)]
    with get_context("spawn").Pool(processes) as pool:
        found = pool.starmap(score, slices)
    print(sum(map(len, found)))


if __name__ == "__main__":
    main()
