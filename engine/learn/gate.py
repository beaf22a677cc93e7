"""Says whether a release may go out: measured against limits, and against what an earlier evaluation reached."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from engine.errors import InputError, UsageError
from engine.learn.evaluate import SCHEMA


def read_evaluation(path: Path) -> dict[str, Any]:
    """Return an evaluation that `tamis model evaluate --json` wrote. Raises InputError."""
    try:
        content = json.loads(path.read_text("utf-8"))
    except OSError as error:
        raise InputError(f"{path}: {error.strerror}; make it with `tamis model evaluate --json > {path}`") from error
    except ValueError as error:
        raise InputError(f"{path}: not an evaluation: {error}") from error
    if not isinstance(content, dict) or content.get("schema") != SCHEMA or "macro_f1" not in content:
        raise InputError(
            f"{path}: not an evaluation of schema {SCHEMA}; make it anew with `tamis model evaluate --json`"
        )
    return content


def same_messages(data: dict[str, Any], reference: dict[str, Any]) -> None:
    """Raise UsageError when `reference` was measured on other messages than `data` says: then they cannot be compared."""
    other = reference["data"]
    if data["digest"] != other["digest"]:
        raise UsageError(
            f"the reference was measured on other messages ({other['source']}, fold {other['fold']}, "
            f"{other['messages']} messages; ids, texts or labels differ); measure it anew on these"
        )


def failures(
    now: dict[str, Any], reference: dict[str, Any], *, max_critical_stopped: float, margin: float
) -> list[str]:
    """Return why the release may not go out, one line a reason; nothing when it may.

    Critical messages stopped may be at most `max_critical_stopped` (a share); macro-F1 and the share of prohibited
    messages caught may lie at most `margin` below those of `reference`, an evaluation of the same messages.
    """
    found = [_f1_failure(now["macro_f1"]["value"], reference["macro_f1"]["value"], margin)]
    earlier = {row["profile"]: row for row in reference["verdicts"]}
    for row in now["verdicts"]:
        found.append(_critical_failure(row, max_critical_stopped))
        if row["profile"] in earlier:
            found.append(_caught_failure(row, earlier[row["profile"]], margin))
    return [reason for reason in found if reason]


def _f1_failure(now: float, before: float, margin: float) -> str:
    if now >= before - margin:
        return ""
    return f"macro-F1 {now:.4f} is more than {margin} below the reference's {before:.4f}"


def _critical_failure(row: dict[str, Any], limit: float) -> str:
    stopped = row["critical_stopped"]
    if (stopped["share"] or 0) <= limit:
        return ""
    counts = f"{stopped['right']} of {stopped['total']}, {stopped['share']:.2%}"
    return f"profile {row['profile']}: {counts} of the critical messages are stopped, more than {limit:.2%}"


def _caught_failure(row: dict[str, Any], before: dict[str, Any], margin: float) -> str:
    now, then = (1 - (one["prohibited_delivered"]["share"] or 0) for one in (row, before))
    if now >= then - margin:
        return ""
    profile = row["profile"]
    return f"profile {profile}: {now:.4f} of the prohibited are caught, more than {margin} below the reference's {then:.4f}"
