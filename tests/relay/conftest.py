"""What the tests of the relay share."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.relay.postfix import missing


@pytest.fixture
def base() -> Iterator[Path]:
    """A folder with a short path (unix sockets) that other users may enter (Postfix)."""
    folder = Path(tempfile.mkdtemp(prefix="tamis-", dir="/tmp"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def real_postfix() -> None:
    """A Postfix can be started. CI fails without one; elsewhere the test is skipped, and says why."""
    problem = missing()
    if problem and (os.environ.get("CI") or os.environ.get("TAMIS_CI")):
        pytest.fail(problem)
    if problem:
        pytest.skip(problem)
