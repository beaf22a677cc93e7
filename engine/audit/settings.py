"""What an audit was told and stands on: written beside its results, compared when it is started again."""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import date
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from engine.audit.schema import VERSION
from engine.errors import InputError, UsageError

MANIFEST = "manifest.json"
BEGUN = "begun.json"
_OWN = (MANIFEST, BEGUN, "messages", "findings", "work")


def program() -> str:
    """Return the version of Tamis."""
    try:
        return version("tamis")
    except PackageNotFoundError:
        return "source"


def read_manifest(folder: Path) -> dict[str, Any]:
    """Return the manifest of finished results. Raises InputError with what is wrong and what to do."""
    found = _read(folder / MANIFEST)
    if found is not None:
        return found
    if _read(folder / BEGUN) is not None:
        raise InputError(f"{folder}: this audit is not finished; start it again with the command that began it")
    raise InputError(f"{folder}: no results of an audit here (no {MANIFEST}); make some with `tamis audit run`")


@contextmanager
def claimed(folder: Path) -> Iterator[None]:
    """Hold a folder for results, made when missing. Raises UsageError for one that is in use or holds other things."""
    folder.mkdir(parents=True, exist_ok=True)
    place = os.open(folder, os.O_RDONLY)
    try:
        try:
            fcntl.flock(place, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise UsageError(f"{folder}: another audit is writing here; wait for it or name another folder") from None
        others = sorted(path.name for path in folder.iterdir() if path.name not in _OWN)
        if others:
            raise UsageError(f"{folder}: this folder holds other things ({', '.join(others[:3])}); name an empty one")
        yield
    finally:
        os.close(place)


def begun_on(folder: Path) -> date | None:
    """Return the day as of which the rules of an audit begun in `folder` hold, or None where none was begun."""
    found = _read(folder / BEGUN) or _read(folder / MANIFEST)
    return date.fromisoformat(found["settings"]["today"]) if found else None


def begin(folder: Path, settings: Mapping[str, Any]) -> None:
    """Note the settings in `folder`. Raises UsageError when an audit with others was begun there."""
    found = _read(folder / BEGUN) or _read(folder / MANIFEST)
    if found is None:
        if any((folder / name).exists() for name in ("messages", "findings")):
            raise UsageError(
                f"{folder}: results without {BEGUN} or {MANIFEST}; nobody knows of what, so name another folder"
            )
        write_json(folder / BEGUN, {"schema": VERSION, "settings": settings})
        return
    known = found["settings"]
    differing = [name for name in settings if settings[name] != known.get(name)]
    if differing:
        raise UsageError(
            f"{folder}: another audit was begun here (differing: {', '.join(differing)}); "
            "name another folder, or run its own command to go on with it"
        )


def write_json(path: Path, value: Mapping[str, Any]) -> None:
    """Write a JSON file, whole or not at all. Raises OSError."""
    beside = path.with_suffix(".tmp")
    try:
        beside.write_text(json.dumps(value, ensure_ascii=False, indent=1) + "\n", "utf-8")
        os.replace(beside, path)
    except BaseException:
        beside.unlink(missing_ok=True)
        raise


def _read(path: Path) -> dict[str, Any] | None:
    """Return the JSON object of a file, or None where there is no such file. Raises InputError."""
    try:
        found = json.loads(path.read_text("utf-8"))
        made = int(found["schema"])
        found["settings"]["today"]
    except FileNotFoundError:
        return None
    except OSError as error:
        raise InputError(f"{path}: the file cannot be read ({error.strerror})") from error
    except (ValueError, KeyError, TypeError) as error:
        raise InputError(f"{path}: damaged; make the results again in an empty folder") from error
    if made > VERSION:
        raise InputError(
            f"{path}: results of a newer Tamis (schema {made}, this one reads up to {VERSION}); install it"
        )
    return dict(found)
