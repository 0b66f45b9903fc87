"""The subcommands of `pyimgano-benchmark`; they load little until they run."""
