"""The files that a first run begins with: a manifest and a commented config, made of a folder of images."""

from pyimgano_workbench.starter._show import show_start
from pyimgano_workbench.starter._write import Start, write_start

__all__ = ["Start", "show_start", "write_start"]
