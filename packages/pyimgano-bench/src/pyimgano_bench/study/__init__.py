"""What studies of contenders share: options, cells that resume, and the run over all cases of a plan."""
