"""Where rules come from, and the plan made of them, kept in a cache.

The cache is a JSON file in the user's cache folder, named by a digest of every rule file and of the program's version.
When it is there and whole, neither YAML nor pydantic is loaded. It is only ever an aid: unwritable or damaged, the plan
is made in memory.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from engine.data import rules_dir
from engine.errors import RulesError
from engine.rulebook.plan import Plan

FORMAT = 3  # of the cached plan; raised when Plan changes
_KEPT = 20  # cached plans; the oldest go
_PATTERNS = ("packs/*/*.yaml", "lists/*.txt", "policy/*.yaml", "intents.yaml", "overlay.yaml", "exceptions.yaml")


@dataclass(frozen=True, slots=True)
class Source:
    """A rules folder, and the shipped one beneath it when it is an overlay."""

    folder: Path
    base: Path | None = None

    @property
    def folders(self) -> tuple[Path, ...]:
        """The folders to read, the base first."""
        return (self.base, self.folder) if self.base else (self.folder,)

    def files(self) -> Iterator[tuple[str, Path]]:
        """Yield every file that the plan depends on with its name in the digest."""
        for number, folder in enumerate(self.folders):
            for pattern in _PATTERNS:
                for path in sorted(folder.glob(pattern)):
                    yield f"{number}/{path.relative_to(folder).as_posix()}", path

    def digest(self) -> str:
        """Return the digest of all rule files. Raises RulesError when one cannot be read."""
        total = hashlib.sha256()
        for name, path in self.files():
            try:
                content = path.read_bytes()
            except OSError as error:
                raise RulesError(
                    f"{path}: the file cannot be read ({error.strerror}); check its permissions"
                ) from error
            total.update(f"{name}\0{len(content)}\0".encode())
            total.update(content)
        return "sha256:" + total.hexdigest()


def source(folder: Path | None) -> Source:
    """Return the source of `folder` (default: the shipped rules). Raises RulesError when it holds no rules."""
    shipped = rules_dir()
    if folder is None or folder.resolve() == shipped.resolve():
        return Source(shipped)
    if not folder.is_dir():
        raise RulesError(f"{folder}: there is no such folder of rules; make one with `tamis rules init {folder}`")
    if (folder / "overlay.yaml").is_file():
        return Source(folder, shipped)
    if not any(folder.glob("packs/*/*.yaml")):
        raise RulesError(
            f"{folder}: no rules here (neither overlay.yaml nor packs/<pack>/*.yaml); "
            f"make a folder of your own with `tamis rules init {folder}`"
        )
    return Source(folder)


def load_plan(folder: Path | None = None) -> Plan:
    """Return the plan of a rules folder, from the cache when it is fresh. Raises RulesError with every problem."""
    where = source(folder)
    digest = where.digest()
    cached = _read_cache(digest)
    if cached is not None:
        return cached
    from engine.rulebook.build import build

    plan = build(where, digest)
    _write_cache(plan)
    return plan


def cache_dir() -> Path:
    """Return the user's cache folder for Tamis (`TAMIS_CACHE_DIR`, else the system's)."""
    named = os.environ.get("TAMIS_CACHE_DIR")
    if named:
        return Path(named)
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "tamis"


def _cache_file(digest: str) -> Path:
    try:
        program = version("tamis")
    except PackageNotFoundError:
        program = "source"
    key = hashlib.sha256(f"{FORMAT} {program} {digest}".encode()).hexdigest()
    return cache_dir() / f"plan-{key[:32]}.json"


def _read_cache(digest: str) -> Plan | None:
    try:
        check, _, content = _cache_file(digest).read_bytes().partition(b"\n")
        if check.decode() != hashlib.sha256(content).hexdigest():
            return None
        plan = Plan.from_json(json.loads(content))
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RuntimeError):
        return None
    return plan if plan.digest == digest else None


def _write_cache(plan: Plan) -> None:
    """Keep the plan behind its checksum; written beside and moved into place, so that a reader never sees half of it."""
    with contextlib.suppress(OSError, RuntimeError):
        path = _cache_file(plan.digest)
        path.parent.mkdir(parents=True, exist_ok=True)
        content = json.dumps(plan.to_json()).encode()
        with tempfile.NamedTemporaryFile("wb", dir=path.parent, prefix="plan-", delete=False) as file:
            file.write(hashlib.sha256(content).hexdigest().encode() + b"\n" + content)
        Path(file.name).replace(path)
        for old in sorted(path.parent.glob("plan-*"), key=lambda p: p.stat().st_mtime)[:-_KEPT]:
            old.unlink(missing_ok=True)
