"""The fits of the built-in detectors: the one place that imports torch, timm and the ONNX exporter.

Third parties with a torch detector use `Scorer` and `export_scorer`, as the built-ins do.
"""

import os

# Threads that wait spin by default, which slows every fit several times where other work keeps the processors
# busy. torch's thread pool reads this when it is loaded.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
