"""Revisions: a rule that changed since the last commit must have a higher one."""

from __future__ import annotations

import subprocess
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from engine.rulebook.load import LoadedRule
from engine.rulebook.yamlpos import Document, YamlList, YamlMap, plain, read

# What may change without changing what the rule does.
_FREE = ("revision", "tests", "title", "explain")


def unraised(rules: Iterable[LoadedRule], folder: Path) -> str:
    """Report rules that changed without a raised revision (T222). Return a note when git has nothing to compare with."""
    top = _git(folder, "rev-parse", "--show-toplevel")
    if top is None or _git(folder, "rev-parse", "--verify", "HEAD") is None:
        return "revisions not compared: the rules do not lie in a git checkout with a commit"
    by_file: dict[Path, list[LoadedRule]] = defaultdict(list)
    for loaded in rules:
        by_file[loaded.path].append(loaded)
    changed = _changed_files(folder, Path(top.strip()))
    for path, own in by_file.items():
        if path.resolve() in changed:
            _compare(own, _committed(path))
    return ""


def _changed_files(folder: Path, top: Path) -> set[Path]:
    names = _git(folder, "diff", "--name-only", "-z", "HEAD") or ""
    return {(top / name).resolve() for name in names.split("\0") if name}


def _committed(path: Path) -> dict[str, Any]:
    """The rules of the file as last committed, by id."""
    text = _git(path.parent, "show", f"HEAD:./{path.name}")
    document: Document = read(text or "", str(path))
    rules = document.root.entries.get("rules") if isinstance(document.root, YamlMap) else None
    entries = [plain(node) for node in rules.items] if isinstance(rules, YamlList) else []
    return {entry["id"]: entry for entry in entries if isinstance(entry, dict) and "id" in entry}


def _compare(rules: list[LoadedRule], before: dict[str, Any]) -> None:
    for loaded in rules:
        old = before.get(loaded.rule.id)
        if old is None:
            continue
        now = plain(loaded.node)
        differs = any(now.get(key) != old.get(key) for key in {*now, *old} - set(_FREE))
        if differs and isinstance(old.get("revision"), int) and loaded.rule.revision <= old["revision"]:
            hint = f"the last commit has {old['revision']}: write `revision: {old['revision'] + 1}`"
            loaded.document.report(
                "T222", f"rule `{loaded.rule.id}` changed, its revision did not", loaded.at("revision"), hint
            )


def _git(folder: Path, *arguments: str) -> str | None:
    """Return what git prints, or None when it fails or is not there."""
    try:
        done = subprocess.run(["git", "-C", str(folder), *arguments], capture_output=True, timeout=30, check=True)
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.decode("utf-8", "replace")
