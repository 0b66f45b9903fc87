"""Records to train, calibration and test: by category, groups whole, seeded, anomalies only in test.

Explicit splits are honoured. The rest goes by the policy of `dataset.split_policy`, with the same seeding as
in earlier releases, so that existing manifests keep their splits.
"""

from pyimgano_core.splits._split import split_dataset

__all__ = ["split_dataset"]
