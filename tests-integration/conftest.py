"""What the integration tests share."""

from __future__ import annotations

import os
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder of real images, which skips only where nobody says that there is one."""
    name = os.environ.get("PYIMGANO_REAL_DATA")
    if not name:
        pytest.skip("PYIMGANO_REAL_DATA is not set")
    folder = Path(name)
    assert folder.is_dir(), f"PYIMGANO_REAL_DATA is set, and {folder} is no folder"
    return folder
