"""What an exported artifact is worth: `pyimgano-infer` runs it on test images, and its lines are measured.

The numbers are those that training reports, by the same functions, and the thresholds are the deployed ones.
"""

from pyimgano_bench.deployed._run import Wanted, benchmark_artifact

__all__ = ["Wanted", "benchmark_artifact"]
