"""Train an anomaly detector into a reproducible run directory with a deployable artifact.

The public interface is the `pyimgano-train` command and the files that it writes.
"""

__version__ = "0.1.0"

__all__ = ["__version__"]
