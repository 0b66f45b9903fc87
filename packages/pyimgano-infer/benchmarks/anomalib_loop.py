"""anomalib's TorchInferencer over image files, for `throughput.py`; runs in an environment that has anomalib.

    python anomalib_loop.py WEIGHTS BANK_FOLDER LIST [LIST...]

The same random ResNet-18 and layers, and a bank of all patches of the images in BANK_FOLDER. The model goes
through the file that anomalib exports. Prints, for each LIST, the CPU seconds of one thread for each of its
images, without those of loading: the best of a few rounds; and how many patches the bank holds.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
import time
from pathlib import Path

import torch
from anomalib.data.utils import read_image  # type: ignore[import-not-found]
from anomalib.deploy import TorchInferencer  # type: ignore[import-not-found]
from anomalib.models import Patchcore  # type: ignore[import-not-found]

LAYERS = ("layer2", "layer3")
WARM_UP, ROUNDS = 2, 3


def export(weights: Path, images: list[Path], folder: Path) -> tuple[Path, int]:
    """Return the exported model and the size of its bank."""
    lightning = Patchcore(backbone="resnet18", layers=LAYERS, pre_trained=False)
    model = lightning.model
    network = model.feature_extractor.feature_extractor
    network.load_state_dict(torch.load(weights, weights_only=True), strict=False)
    model.train()
    with torch.no_grad():
        for path in images:
            model(lightning.pre_processor(read_image(path, as_tensor=True)[None]))
    model.memory_bank = torch.vstack(model.embedding_store)
    model.embedding_store.clear()
    lightning.eval()
    return lightning.to_torch(folder), len(model.memory_bank)


def seconds_of(inferencer: TorchInferencer, names: list[str]) -> float:
    """Return the CPU seconds for one image."""
    for name in names[:WARM_UP]:
        inferencer.predict(name)
    best = float("inf")
    for _ in range(ROUNDS):
        started = time.process_time()
        for name in names:
            inferencer.predict(name)
        best = min(best, time.process_time() - started)
    return best / len(names)


def main() -> None:
    """Measure and print a line of JSON."""
    weights, bank_folder, *lists = map(Path, sys.argv[1:])
    os.environ["TRUST_REMOTE_CODE"] = "1"
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as folder:
        exported, bank = export(weights, sorted(bank_folder.iterdir()), Path(folder))
        inferencer = TorchInferencer(exported, device="cpu")
    seconds = [seconds_of(inferencer, names.read_text().splitlines()) for names in lists]
    print(json.dumps({"seconds": seconds, "bank": bank}))


if __name__ == "__main__":
    main()
