"""Where a fit computes, and that it computes the same every time."""

from __future__ import annotations

import os
import re
from contextlib import contextmanager
from typing import TYPE_CHECKING

import torch

from pyimgano_core.detectors.clock import Clock
from pyimgano_core.errors import ConfigError, MachineError

if TYPE_CHECKING:
    from collections.abc import Iterator

_WORKSPACE = "CUBLAS_WORKSPACE_CONFIG"
_NO_MEMORY = ("can't allocate memory", "not enough memory")  # the latter on Windows


def resolve_device(name: str) -> torch.device:
    """Return the device that `auto`, `cpu`, `cuda` or `cuda:N` names.

    Raises:
        ConfigError: the name is none of these.
        MachineError: there is no such device here.
    """
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    if re.fullmatch(r"cpu|cuda(:\d+)?", name) is None:
        raise ConfigError([f"$.model.device: must be 'auto', 'cpu', 'cuda' or 'cuda:N', not {name!r}"])
    device = torch.device(name)
    if device.type == "cuda" and (device.index or 0) >= torch.cuda.device_count():
        count = torch.cuda.device_count()
        raise MachineError(
            f"the device {name!r} is missing: torch sees {count} CUDA devices; use 'auto' or 'cpu'"
        )
    return device


@contextmanager
def fitting(device: str) -> Iterator[tuple[torch.device, Clock]]:
    """Fit inside the block: on the device of that name, reproducibly, and with a clock that begins now.

    Raises:
        ConfigError: the name is none of a device.
        MachineError: there is no such device here.
    """
    target = resolve_device(device)
    with reproducible():
        yield target, Clock()


@contextmanager
def reproducible() -> Iterator[None]:
    """Compute deterministically inside the block, without gradients; all settings are restored after it."""
    algorithms = torch.are_deterministic_algorithms_enabled()
    warn_only = torch.is_deterministic_algorithms_warn_only_enabled()
    precision, cudnn = torch.get_float32_matmul_precision(), torch.backends.cudnn
    flags, workspace = (cudnn.benchmark, cudnn.allow_tf32), os.environ.get(_WORKSPACE)
    try:
        torch.use_deterministic_algorithms(mode=True)
        torch.set_float32_matmul_precision("highest")
        cudnn.benchmark = cudnn.allow_tf32 = False
        os.environ.setdefault(_WORKSPACE, ":4096:8")
        with torch.no_grad(), _telling_of_memory():
            yield
    finally:
        torch.use_deterministic_algorithms(algorithms, warn_only=warn_only)
        torch.set_float32_matmul_precision(precision)
        cudnn.benchmark, cudnn.allow_tf32 = flags
        if workspace is None:
            os.environ.pop(_WORKSPACE, None)


@contextmanager
def _telling_of_memory() -> Iterator[None]:
    """Raise torch's want of memory as what it is: on the CPU it is told in the words of an error alone."""
    try:
        yield
    except RuntimeError as exc:
        if isinstance(exc, torch.OutOfMemoryError) or any(words in str(exc) for words in _NO_MEMORY):
            first = str(exc).splitlines()[0]
            raise MemoryError(f"the fit does not fit into memory: {first}") from exc
        raise


@contextmanager
def one_thread() -> Iterator[None]:
    """Compute on one processor inside the block, which suits many small decompositions.

    More threads hardly speed those up, and where other work keeps the processors busy, the threads wait for
    each other at every single one: a hundred times slower, measured.
    """
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)
