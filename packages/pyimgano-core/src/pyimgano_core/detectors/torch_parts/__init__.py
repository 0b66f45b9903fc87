"""The fits of the built-in detectors: the one place that imports torch, timm and the ONNX exporter.

Third parties with a torch detector use `Scorer` and `export_scorer`, as the built-ins do.
"""
