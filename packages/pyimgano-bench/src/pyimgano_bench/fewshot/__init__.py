"""How detectors do that have only a few normal images."""
