"""Reads a profile from YAML and checks it. Problems carry T4xx codes:

T401 wrong shape or unknown key · T402 unknown word · T403 something is missing · T404 two rows with one name
T405 `extends` or `before` names nothing · T406 the answer of a row contradicts itself · T407 a row never reached
T408 a state that no row answers · T409 more than 512 tests on one word
"""

from __future__ import annotations

from pathlib import Path

from engine.decide import words
from engine.decide.checked import did_you_mean, items, known_keys, mapping, text, word
from engine.decide.profile import Profile
from engine.decide.profile_check import check_rows
from engine.decide.profile_rows import NAME, read_rows
from engine.rulebook.problem import Problem
from engine.rulebook.yamlpos import Document, YamlMap, read

SHIPPED = ("strict", "opt-out")
_KEYS = ("profile", "extends", "tag_words", "classes", "content", "verdict")
# What may be put into `solicit` or `info`: the intent becomes the content of the message, so the tables must know it.
_NAMED_CONTENTS = tuple(intent for intent in words.INTENTS if intent in words.CONTENTS)


def load_profile(path: Path, shipped: Path) -> tuple[Profile | None, list[Problem]]:
    """Return the profile of a file, or None with at least one problem. `shipped` is the folder `extends` looks into."""
    document = read(path)
    profile = _profile(document, shipped)
    problems = sorted(document.problems, key=lambda p: p.place)
    return (None if any(p.severity == "error" for p in problems) else profile), problems


def _profile(document: Document, shipped: Path) -> Profile | None:
    if document.root is None:
        if not document.problems:
            document.report("T401", "the file is empty", (1, 1), "a profile needs at least `profile` and `extends`")
        return None
    root = mapping(document, document.root, "a profile", "T401")
    if root is None:
        return None
    known_keys(document, root, _KEYS, "a profile", "T401")
    base = _base(document, root, shipped)
    name = _name(document, root)
    tag_words = _tag_words(document, root, base)
    classes = _classes(document, root, base)
    at_extends = root.keys.get("extends", (root.line, root.col))
    inherited = {"content": base.content, "verdict": base.verdict} if base else None
    tables = {
        step: read_rows(document, root.entries.get(step), step, inherited[step] if inherited else None, at_extends)
        for step in ("content", "verdict")
    }
    if not any(p.severity == "error" for p in document.problems):
        for step, placed in tables.items():
            check_rows(document, step, placed, root.keys.get(step, at_extends))
    content, verdict = (tuple(row for row, _ in tables[step]) for step in ("content", "verdict"))
    return Profile(name, tag_words, classes, content, verdict)


def _name(document: Document, root: YamlMap) -> str:
    node = root.entries.get("profile")
    name = text(document, node, "`profile`", "T401")
    if node is None:
        document.report("T403", "`profile` (the name) is missing", root)
    elif name is not None and not NAME.match(name):
        document.report("T401", f"`{name}` is no name: letters, digits and . _ - only", node)
    return name or ""


def _base(document: Document, root: YamlMap, shipped: Path) -> Profile | None:
    """Return the profile named by `extends`; without one, report what a complete profile lacks."""
    node = root.entries.get("extends")
    if node is None:
        for key in ("tag_words", "classes", "content", "verdict"):
            if key not in root.keys:
                document.report("T403", f"`{key}` is missing", root, "a profile is complete, or `extends: strict`")
        return None
    name = word(document, node, SHIPPED, "`extends`", "T405")
    if name is None:
        return None
    profile, problems = load_profile(shipped / f"{name}.yaml", shipped)
    if profile is None:
        document.report("T405", f"`{name}` cannot be used: {problems[0].file} has problems", node)
        document.problems += problems
    return profile


def _tag_words(document: Document, root: YamlMap, base: Profile | None) -> tuple[str, ...]:
    node = root.entries.get("tag_words")
    if node is None:
        return base.tag_words if base else ()
    found = (text(document, item, "a tag word", "T401") for item in items(node))
    return tuple(value for value in found if value is not None)


def _classes(document: Document, root: YamlMap, base: Profile | None) -> dict[str, str]:
    node = root.entries.get("classes")
    classes = dict(base.classes) if base else {}
    if node is None:
        return classes
    table = mapping(document, node, "`classes`", "T401")
    for label, value in (table.entries if table else {}).items():
        if label not in words.LABELS:
            place = table.keys[label] if table else (1, 1)
            document.report("T402", f"`{label}` is no intent or kind", place, did_you_mean(label, words.LABELS))
            continue
        name = word(document, value, words.CLASSES, "a class", "T402")
        if name in ("solicit", "info") and label.partition(".")[0] not in _NAMED_CONTENTS:
            hint = "these can be: " + ", ".join(_NAMED_CONTENTS)
            document.report("T402", f"`{label}` cannot be {name}: the tables know no such content", value, hint)
        if name is not None:
            classes[label] = name
    missing = [intent for intent in words.INTENTS if intent not in classes and table and intent not in table.keys]
    if missing and table:
        document.report("T403", f"`classes` lacks {', '.join(missing)}", table, "each intent needs a class")
    return classes
