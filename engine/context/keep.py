"""What decisions rest on, kept by digest beside the decision log: the rules as they ran, and the profile.

A kept file is named after its content, is never changed, and is the same whichever process writes it.
"""

from __future__ import annotations

import hashlib
import json
import os
import secrets
from pathlib import Path
from typing import Any

from engine.context.database import StoreError
from engine.decide.profile import Profile
from engine.filter import Filter
from engine.rulebook.plan import Plan

FOLDER = "kept"


def keep_ground(folder: Path, loaded: Filter) -> dict[str, str]:
    """Keep what a filter judges by; return the names of what was kept. Raises StoreError when it cannot be written."""
    return {
        "plan": _keep(folder, loaded.plan.to_json()),
        "profile": _keep(folder, loaded.profile.to_plan()),
    }


def kept_plan(folder: Path, name: str) -> Plan | None:
    """Return the rules of that name, None when they are not kept. Raises StoreError when the file was changed."""
    data = _read(folder, name)
    return None if data is None else Plan.from_json(data)


def kept_profile(folder: Path, name: str) -> Profile | None:
    """Return the profile of that name, None when it is not kept. Raises StoreError when the file was changed."""
    data = _read(folder, name)
    return None if data is None else Profile.from_plan(data)


def _keep(folder: Path, data: dict[str, Any]) -> str:
    content = json.dumps(data, sort_keys=True).encode()
    name = hashlib.sha256(content).hexdigest()
    path = folder / FOLDER / f"{name}.json"
    if path.is_file() and path.read_bytes() == content:
        return name
    temporary = path.with_name(f".{secrets.token_hex(8)}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with temporary.open("xb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        raise StoreError(f"the rules cannot be kept in {path.parent}: {error.strerror}") from error
    return name


def _read(folder: Path, name: str) -> dict[str, Any] | None:
    path = folder / FOLDER / f"{name}.json"
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise StoreError(f"{path} cannot be read: {error.strerror}") from error
    if hashlib.sha256(content).hexdigest() != name:
        raise StoreError(f"{path} was changed: it does not hold what it is named after")
    return dict(json.loads(content))
