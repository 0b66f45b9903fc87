"""Compare anomaly detectors by data sets, categories and seeds, through the pipeline that training uses.

The public interface is the `pyimgano-benchmark` command and the files that it writes.
"""

__version__ = "0.1.0"

__all__ = ["__version__"]
