"""What the packages of pyimgano share: data, splits, detectors, scoring, thresholds, metrics, contracts."""
