"""The shared click application and the `pyimgano-core` command."""
