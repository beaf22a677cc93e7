"""What the relay says of itself: one JSON object a line on standard error, for a journal to keep.

No text of a message and no address is ever in it.
"""

from __future__ import annotations

import json
import os
import sys
import traceback
from datetime import UTC, datetime
from typing import Any


def note(event: str, **fields: Any) -> None:
    """Write one line. A journal that is gone (closed pipe, full disk) never stops the mail."""
    line = {"time": datetime.now(UTC).isoformat(timespec="milliseconds"), "pid": os.getpid(), "event": event, **fields}
    try:
        # One write a line, so that lines of several workers do not mix.
        sys.stderr.write(json.dumps(line, ensure_ascii=False) + "\n")
        sys.stderr.flush()
    except (OSError, ValueError):
        return


def trouble(event: str, error: BaseException, **fields: Any) -> None:
    """Write one line about an error: its kind and where it was raised. Its text stays out, it may quote a message."""
    at = traceback.extract_tb(error.__traceback__)[-3:]
    where = [f"{os.path.basename(frame.filename)}:{frame.lineno}" for frame in at]
    note(event, error=type(error).__name__, where=where, **fields)
