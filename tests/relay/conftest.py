"""What the tests of the relay share."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest


@pytest.fixture
def base() -> Iterator[Path]:
    """A folder with a short path (unix sockets) that other users may enter (Postfix)."""
    folder = Path(tempfile.mkdtemp(prefix="tamis-", dir="/tmp"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)
