"""The documentation says what the code does: tables, commands, links and examples are compared with it."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import click
import pytest
import re2

from cli import tamis
from engine import Filter
from engine.check import Checker
from engine.decide.words import CONTEXT_DEFAULTS, CONTEXT_WORDS
from engine.find.facts import FACTS
from engine.find.finding import STRENGTHS
from engine.message import limits
from engine.message.parts import PART_KINDS
from engine.rulebook import schema
from engine.rulebook.phrases import compile_phrases
from engine.rulebook.workshop import lint
from engine.text.fold import fold

ROOT = Path(__file__).parents[1]
README, RULES = ROOT / "README.md", ROOT / "rules" / "README.md"
PAGES = (README, RULES, ROOT / "rules" / "policy" / "README.md", ROOT / "CHANGELOG.md")


def section(page: Path, title: str) -> str:
    """The text below a heading, up to the next one of the same or a higher level."""
    text = page.read_text("utf-8")
    heading = re.search(rf"^(#+) {re.escape(title)}$", text, re.M)
    assert heading, f"{page.name} has no section {title!r}"
    following = re.search(rf"^#{{1,{len(heading.group(1))}}} ", text[heading.end() :], re.M)
    return text[heading.end() :][: following.start() if following else None]


def rows(text: str) -> list[list[str]]:
    """The cells of all table rows, headings left out."""
    found: list[list[str]] = []
    for line in text.splitlines():
        if re.fullmatch(r"\|[-|]+\|", line):
            found.pop()  # the heading above it
        elif line.startswith("|"):
            cells = re.split(r"(?<!\\)\|", line.strip()[1:-1])
            found.append([cell.strip().replace("\\|", "|") for cell in cells])
    return found


def words(cell: str) -> list[str]:
    """What stands in code quotes in a cell."""
    return re.findall(r"`([^`]+)`", cell)


def blocks(page: Path, language: str = "") -> Iterator[str]:
    """The code blocks of a page (of one language)."""
    for name, text in re.findall(r"^```(\w*)\n(.*?)^```$", page.read_text("utf-8"), re.M | re.S):
        if language in ("", name):
            yield text


# -- tables ------------------------------------------------------------------------------------------------------------


def test_the_table_of_facts_is_that_of_the_engine() -> None:
    table = [(words(row[0])[0], row[1], row[2]) for row in rows(section(RULES, "Facts")) if words(row[0])]
    assert table == [(name, fact.type, fact.meaning) for name, fact in FACTS.items()]


def test_every_problem_code_is_explained() -> None:
    sources = "".join(path.read_text("utf-8") for path in (ROOT / "engine").rglob("*.py"))
    raised = set(re.findall(r'"(T\d{3})"', sources))
    listed = [row[0] for row in rows(section(RULES, "Problem codes"))]
    assert len(listed) == len(set(listed))
    assert set(listed) == raised


def test_the_keys_of_a_rule_and_a_test() -> None:
    keys = [words(row[0])[0] for row in rows(section(RULES, "The keys of a rule")) if row[1][:2] in ("ye", "no", "wi")]
    assert set(keys) == {field.alias or name for name, field in schema.Rule.model_fields.items()}
    shown = [word.split(":")[0] for row in rows(section(RULES, "Tests")) for word in words(row[0])]
    assert set(shown) == {field.alias or name for name, field in schema.Test.model_fields.items()}


def test_intents_strengths_statuses_and_parts() -> None:
    table = {words(row[0])[0]: tuple(words(row[1])) for row in rows(section(RULES, "The keys of a rule"))}
    assert {intent: table[intent] for intent in schema.INTENTS} == schema.INTENTS
    assert [words(row[0])[0] for row in rows(section(RULES, "Strengths"))] == list(STRENGTHS)
    assert [words(row[0])[0] for row in rows(section(RULES, "Statuses and the brake"))] == list(get_args(schema.Status))
    parts = [word for row in rows(section(RULES, "Parts and scope")) for word in words(row[0])]
    assert parts == list(PART_KINDS)


def test_the_table_of_the_context() -> None:
    table = {words(row[0])[0]: words(row[1]) for row in rows(section(README, "Context"))}
    assert list(table) == list(CONTEXT_WORDS)
    for name, allowed in CONTEXT_WORDS.items():
        assert set(table[name]) == set(allowed)
        assert table[name][0] == CONTEXT_DEFAULTS[name]


def test_the_table_of_the_limits() -> None:
    table = {row[0]: row[1] for row in rows(section(README, "Limits, and what does not work")) if len(row) == 3}
    kib = 1024
    assert table["displayed text"] == (
        f"{limits.TEXT_TOTAL // kib} KiB (characters): the first {limits.TEXT_HEAD // kib} and the last {limits.TEXT_TAIL // kib}"
    )
    assert f"first {limits.TEXT_TOTAL // kib} KiB" in table["text of a record (`.jsonl`, `.csv`)"]
    assert f"{limits.APART_TOTAL // kib} KiB" in " ".join(table.values())
    assert table["source of all text parts"] == f"{limits.SOURCE_TOTAL // kib**2} MiB"
    html = f"the first {limits.HTML_HEAD // kib} and the last {limits.HTML_TAIL // kib} KiB"
    assert table["HTML source"] == html
    assert table["parts"] == str(limits.MAX_PARTS)
    assert table["nesting of multipart and attached mails"] == str(limits.MAX_NESTING)
    assert table["one header block"] == f"{limits.HEADER_BLOCK // kib} KiB, {limits.MAX_HEADERS:,} headers"
    assert table["links, remote images"] == f"{limits.MAX_LINKS:,} each"


# -- examples ----------------------------------------------------------------------------------------------------------


def _phrase_examples() -> Iterator[tuple[str, str, bool]]:
    for row in rows(section(RULES, "Phrases")):
        for cell, matches in ((row[1], True), (row[2], False)):
            for text in cell.split(" · "):
                yield words(row[0])[0], text, matches


@pytest.mark.parametrize(("phrase", "text", "matches"), list(_phrase_examples()))
def test_the_table_of_phrases(phrase: str, text: str, matches: bool) -> None:
    assert bool(re2.search(compile_phrases([phrase]), fold(text).text)) is matches


def test_the_examples_of_folding() -> None:
    for row in rows(section(RULES, "Folding")):
        for before, after in re.findall(r"`([^`]+)`(?: with [^→]*)? → `([^`]+)`", row[1]):
            assert fold(before).text == after


def test_the_finished_rule_has_no_problem(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    finished = [block for block in blocks(RULES, "yaml") if "except: {ask: [label]}" in block]
    assert len(finished) == 1
    (tmp_path / "tag-us.yaml").write_text(finished[0], "utf-8")
    monkeypatch.chdir(tmp_path)
    assert lint(["tag-us.yaml"]).problems == []


def test_the_record_is_a_real_one(tmp_path: Path) -> None:
    shown = json.loads(next(block for block in blocks(README, "json") if block.startswith('{\n  "schema"')))
    messages = next(block for block in blocks(README, "json") if block.startswith('{"id"'))
    (tmp_path / "messages.jsonl").write_text(messages, "utf-8")
    checker = Checker.load(rules=None, profile="strict", context_file=None, model="off")
    outcomes = list(checker.run([str(tmp_path / "messages.jsonl")], None, None))  # type: ignore[arg-type]
    assert [outcome.to_json()["verdict"] for outcome in outcomes] == ["allow", "bounce", "allow"]
    real = outcomes[1].to_json()
    assert list(shown) == list(real)
    assert list(shown["intents"][0]) == list(real["intents"][0])
    for key in ("id", "message", "verdict", "by", "smtp", "row", "reason", "content", "content_row", "context", "language"):
        assert shown[key] == real[key]
    explained = [word for row in rows(section(README, "The record")) for word in words(row[0])]
    assert explained == list(real)


def test_the_python_example_runs(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.chdir(ROOT)
    (code,) = blocks(README, "python")
    names: dict[str, object] = {}
    exec(code, names)
    assert isinstance(names["tamis"], Filter)
    assert capsys.readouterr().out.startswith("bounce prohibited_solicitation W10\n")


# -- commands and links ------------------------------------------------------------------------------------------------


def _command_lines() -> Iterator[tuple[str, str]]:
    for page in PAGES:
        text = page.read_text("utf-8")
        lines = [line.removeprefix("$ ") for line in text.splitlines() if line.startswith("$ ")]
        lines += re.findall(r"`(tamis [^`]+)`", text)
        lines += re.findall(r"^    (tamis .*)$", text, re.M)
        for line in dict.fromkeys(lines):
            if re.search(r"\btamis\b(?! =)", line):
                yield page.name, line


def _without_placeholders(words_: list[str]) -> list[str]:
    return [word for word in words_ if not word.startswith("[") and word not in ("or", "FILE...]", "PATH...")]


@pytest.mark.parametrize(("page", "line"), list(_command_lines()))
def test_every_command_line_is_one(page: str, line: str) -> None:
    lexer = shlex.shlex(line, posix=True, punctuation_chars=True)
    lexer.whitespace_split = True
    parts: list[list[str]] = [[]]
    for token in lexer:
        if set(token) <= set("|&<>;"):
            parts.append([])
        else:
            parts[-1].append(token)
    calls = [part[1:] for part in parts if part and part[0] == "tamis"]
    assert calls, f"{page}: no command in {line!r}"
    for call in calls:
        _check_call(_without_placeholders(call))


def _check_call(arguments: list[str]) -> None:
    command: click.Command = tamis
    while isinstance(command, click.Group) and arguments and not arguments[0].startswith("-"):
        assert arguments[0] in command.commands, f"no command {arguments[0]}"
        command, arguments = command.commands[arguments[0]], arguments[1:]
    context = click.Context(command, help_option_names=["-h", "--help"])
    options = {name: param for param in command.get_params(context) for name in param.opts if name.startswith("-")}
    rest = iter(arguments)
    for argument in rest:
        if argument.startswith("-") and argument != "-":
            assert argument in options, f"no option {argument}"
            option = options[argument]
            if isinstance(option, click.Option) and not option.is_flag:
                value = next(rest, None)
                if isinstance(option.type, click.Choice) and value is not None:
                    assert value in option.type.choices


def _anchors(page: Path) -> set[str]:
    """The anchors of a page's headings, as they are made on code hosting sites."""
    headings = re.findall(r"^#+ (.*)$", re.sub(r"^```.*?^```$", "", page.read_text("utf-8"), flags=re.M | re.S), re.M)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_every_link_resolves(page: Path) -> None:
    text = re.sub(r"^```.*?^```$", "", page.read_text("utf-8"), flags=re.M | re.S)
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if target.startswith("https://"):
            continue
        file, _, anchor = target.partition("#")
        found = page.parent / file if file else page
        assert found.exists(), f"{page.name}: {target} does not exist"
        assert not anchor or anchor in _anchors(found), f"{page.name}: no heading for {target}"
