"""YAML with positions: values as 1.2 core reads them, every surprise reported where it stands, nothing raised."""

from __future__ import annotations

import gc
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.rulebook.problem import Problem
from engine.rulebook.yamlpos import MAX_DEPTH, YamlList, YamlMap, YamlScalar, plain, read


def codes(text: str) -> list[str]:
    return [f"{p.code}:{p.line}:{p.col}" for p in read(text).problems]


def test_keys_and_values_know_their_place() -> None:
    root = read("a: 1\nb:\n  - x\n  - {c: 'd e'}\n").root
    assert isinstance(root, YamlMap)
    assert root.keys == {"a": (1, 1), "b": (2, 1)}
    assert root.entries["a"] == YamlScalar(1, 4, 1, False)
    items = root.entries["b"]
    assert isinstance(items, YamlList)
    assert items.items[0] == YamlScalar(3, 5, "x", False)
    inner = items.items[1]
    assert isinstance(inner, YamlMap)
    assert inner.keys == {"c": (4, 6)}
    assert inner.entries["c"] == YamlScalar(4, 9, "d e", True)
    assert plain(root) == {"a": 1, "b": ["x", {"c": "d e"}]}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("3", 3), ("-3", -3), ("0", 0), ("0x1F", 31), ("2.5", 2.5), ("-2.5", -2.5), (".5", 0.5), ("2.0", 2.0),
        ("true", True), ("False", False), ("null", None), ("~", None), ("", None), (".inf", float("inf")),
        ("word", "word"), ("250 2.0.0", "250 2.0.0"), ("thread+original", "thread+original"), ("+", "+"),
        ("1.2.3", "1.2.3"), ("'no'", "no"), ('"12:30"', "12:30"), ("'017'", "017"), ("Norge", "Norge"),
        ("|\n  a\n  b\n", "a\nb\n"), (">\n  a\n  b\n", "a b\n"),
    ],
)  # fmt: skip
def test_values_without_surprise(text: str, value: object) -> None:
    document = read(f"k: {text}")
    assert not document.problems
    assert plain(document.root) == {"k": value}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("no", "no"), ("Yes", "Yes"), ("ON", "ON"), ("off", "off"), ("y", "y"), ("N", "N"), ("1.10", 1.1),
        ("12:30", "12:30"),
        ("0:30:15", "0:30:15"), ("017", 17), ("0o17", 15), ("0612345678", 612345678), ("2024-01-02", "2024-01-02"),
        ("2024-01-02 10:00:00", "2024-01-02 10:00:00"), ("1_000", "1_000"), ("1e3", 1000.0), ("0b11", "0b11"),
    ],
)  # fmt: skip
def test_surprises_of_yaml_1_1(text: str, value: object) -> None:
    document = read(f"k: {text}")
    assert [(p.code, p.line, p.col) for p in document.problems] == [("T106", 1, 4)]
    assert plain(document.root) == {"k": value}
    assert not read(f'k: "{text}"').problems
    assert codes(f"{text}: 1")[0].startswith("T106:1:1")


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("a: 1\na: 2", ["T102:2:1"]),
        ("a: &x 1\nb: *x", ["T103:1:4", "T103:2:4"]),
        ("a: &x {b: 1}", ["T103:1:4"]),
        ("a:\n  <<: {b: 1}", ["T103:2:3"]),
        ("a: !!str 1", ["T104:1:4"]),
        ("a: !x {b: 1}", ["T104:1:4"]),
        ("a: 1\n---\nb: 2", ["T105:2:1"]),
        ("1: a", ["T107:1:1"]),
        ("[a]: b", ["T107:1:1"]),
        ("a: x\u200by", ["T108:1:5"]),
        ("# \u202e", ["T108:1:3"]),
        ("a: \x07", ["T108:1:4"]),
        ("a: [1", ["T101"]),
        ("a: b: c", ["T101:1:5"]),
        ("a: 'b", ["T101:1:6"]),
        ("\ta: 1", ["T101:1:1"]),
        ("a: *nowhere", ["T103:1:4"]),
        ("%x", ["T101"]),
    ],
)
def test_what_is_not_allowed(text: str, found: list[str]) -> None:
    assert len(codes(text)) >= len(found)
    assert all(map(str.startswith, codes(text), found))


def test_all_problems_of_a_file_at_once() -> None:
    assert codes("a: no\nb: 12:30\na: &x 1\n") == ["T106:1:4", "T106:2:4", "T102:3:1", "T103:3:4"]


def test_emoji_may_be_joined_and_escapes_may_name_anything() -> None:
    assert not read('a: 👨\u200d👩 ⭐\ufe0f\nb: "\\u200b"').problems


def test_deep_nesting_is_refused() -> None:
    assert codes("[" * (MAX_DEPTH + 1) + "]" * (MAX_DEPTH + 1))[0].startswith("T110")
    assert read("[" * 100_000).problems


def test_files(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_bytes(b"\xef\xbb\xbfa: 1\r\nb: no\r\n")
    document = read(path, "a.yaml")
    assert plain(document.root) == {"a": 1, "b": "no"}
    assert document.problems[0].render().startswith("a.yaml:2:4: error T106")
    assert document.line(1) == "a: 1"
    path.write_bytes(b"a: 1\nb: caf\xe9\n")
    assert [(p.code, p.line, p.col) for p in read(path).problems] == [("T109", 2, 7)]
    assert read(tmp_path).problems[0].code == "T109"
    assert read("").root is None


def test_the_collector_is_left_as_it_was() -> None:
    assert gc.isenabled()
    read("a: 1")
    assert gc.isenabled()
    gc.disable()
    try:
        read("a: 1")
        assert not gc.isenabled()
    finally:
        gc.enable()


@given(st.text(max_size=60))
def test_no_text_raises(text: str) -> None:
    for problem in read(text).problems:
        assert problem.line >= 1
        assert problem.col >= 1
        assert problem.render()


def test_a_problem_renders_with_caret_and_hint() -> None:
    problem = Problem("T999", "warning", "f.yaml", 3, 4, "what", "why", "é日\tx")
    assert problem.render() == "f.yaml:3:4: warning T999: what\n    é日 x\n        ^\nhint: why"
    assert Problem("T999", "error", "f", 1, 1, "what").render() == "f:1:1: error T999: what"
    window = Problem("T999", "error", "f", 1, 5001, "what", "", "a" * 5000 + "b" * 5000).render().splitlines()
    assert window[1] == "    ... " + "a" * 100 + "b" * 60 + " ..."
    assert window[2].index("^") == window[1].index("b")
