"""The tests inside the rules: run them, and see what they leave untried."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from engine.find.condition import holds
from engine.find.patterns import RuleFinder
from engine.message.parts import Message
from engine.rulebook.load import LoadedRule, plan_rule
from engine.rulebook.plan import Plan, When
from engine.rulebook.schema import Test, TestText
from engine.text.fold import fold_plain
from engine.text.reading import Reading, read

_KINDS = ("hit", "miss", "todo_hit", "todo_miss")


@dataclass(frozen=True, slots=True)
class Failure:
    """A test that did not come out: its index in the rule and what is wrong."""

    test: int
    message: str


@dataclass(slots=True)
class Trial:
    """What the tests of one rule showed."""

    loaded: LoadedRule
    failures: list[Failure] = field(default_factory=list)
    todo_done: list[int] = field(default_factory=list)
    satisfied_finds: set[str] = field(default_factory=set)
    satisfied_branches: set[str] = field(default_factory=set)
    hit_languages: set[str] = field(default_factory=set)
    miss_languages: set[str] = field(default_factory=set)

    @property
    def unsatisfied_finds(self) -> list[str]:
        """Finds that no test makes match."""
        return [name for name in self.loaded.rule.find if name not in self.satisfied_finds]

    @property
    def unsatisfied_branches(self) -> list[str]:
        """Branches of `when` that no test makes true, each as its path (`any[1]`)."""
        return [path for path, _ in branches(self.loaded.rule.when) if path not in self.satisfied_branches]


def kind_of(test: Test) -> tuple[str, str | TestText]:
    """Return what a test is (`hit`, `miss`, `todo_hit`, `todo_miss`) and its message."""
    return next((kind, value) for kind in _KINDS if (value := getattr(test, kind)) is not None)


def message_of(test: Test, languages: list[str]) -> Message:
    """Return the message of a test, in the language it names or, for a rule of one language, in that one."""
    text = kind_of(test)[1]
    lang = test.lang or (text.lang if isinstance(text, TestText) else None)
    if lang is None and len(languages) == 1 and languages[0] != "any":
        lang = languages[0]  # type: ignore[assignment]
    lang = None if lang == "any" else lang
    if isinstance(text, str):
        return Message.of(body=text, lang=lang)
    if text.mail:
        return Message.parse(text.mail.encode(), in_reply=text.in_reply)
    return Message.of(subject=text.subject, body=text.body, html=text.html, in_reply=text.in_reply, lang=lang)


def branches(when: When, path: str = "") -> Iterator[tuple[str, When]]:
    """Yield the path and the condition of every branch under an `any`."""
    if isinstance(when, str):
        return
    for key in ("all", "any", "none"):
        for index, item in enumerate(when.get(key, ())):
            where = f"{path}.{key}[{index}]".lstrip(".")
            if key == "any":
                yield where, item
            yield from branches(item, where)


def run(
    rules: Iterable[LoadedRule],
    lists: dict[str, tuple[str, ...]],
    negation: dict[str, tuple[str, str]],
) -> Iterator[Trial]:
    """Run the tests of each rule, the rule alone, as if its status were `enforce`."""
    for loaded in rules:
        yield _try(loaded, lists, negation)


def _try(loaded: LoadedRule, lists: dict[str, tuple[str, ...]], negation: dict[str, tuple[str, str]]) -> Trial:
    from dataclasses import replace

    rule = replace(plan_rule(loaded, lists), status="enforce")
    finder = RuleFinder(Plan("", (rule,), negation))
    trial = Trial(loaded)
    for index, test in enumerate(loaded.rule.tests):
        reading = read(message_of(test, list(loaded.rule.languages)))
        _judge(trial, index, test, finder, reading)
    return trial


def _judge(trial: Trial, index: int, test: Test, finder: RuleFinder, reading: Reading) -> None:
    kind, _ = kind_of(test)
    findings = finder.find(reading)
    present, before = finder.present(reading)
    trial.satisfied_finds |= before
    trial.satisfied_branches |= {
        path
        for path, item in branches(trial.loaded.rule.when)
        if any(holds(item, group.__contains__) for group in present)
    }
    expected = kind in ("hit", "todo_hit")
    if kind.startswith("todo"):
        if bool(findings) is expected:
            trial.todo_done.append(index)
        return
    _note_language(trial, test, expected)
    problem = _verdict(test, expected, findings, before, reading)
    if problem:
        trial.failures.append(Failure(index, problem))


def _note_language(trial: Trial, test: Test, hit: bool) -> None:
    text = kind_of(test)[1]
    lang = test.lang or (text.lang if isinstance(text, TestText) else None)
    known = trial.loaded.rule.languages
    codes = {lang} if lang else set(known) if len(known) == 1 else {_told(test, list(known))}
    (trial.hit_languages if hit else trial.miss_languages).update(str(code) for code in codes)


def _told(test: Test, languages: list[str]) -> str:
    return read(message_of(test, languages)).language.code


def _verdict(test: Test, expected: bool, findings: list[Any], finds: set[str], reading: Reading) -> str:
    if expected and not findings:
        near = f"; these finds matched: {', '.join(sorted(finds))}" if finds else "; none of its finds matched"
        return f"expected a hit, got none{near} (language: {reading.language.code})"
    if not expected and findings:
        words = ", ".join(f"«{span.text}»" for finding in findings for span in finding.spans)
        return f"expected no hit, got one on {words or 'a fact'}"
    if test.because and test.because not in finds:
        return f"`because: {test.because}`: this find did not match"
    shown = {fold_plain(span.text) for finding in findings for span in finding.spans}
    for name, words in test.spans.items():
        if fold_plain(words) not in shown:
            return (
                f"`spans: {name}`: «{words}» is not among the hits: {', '.join(f'«{text}»' for text in sorted(shown))}"
            )
    return ""
