"""What must hold in a rule beyond its shape: names, conditions, patterns. Without it a rule cannot run.

Codes: T205 phrase, T206 regex RE2 refuses, T207 matches nothing, T208 no literal, T209 undefined find, T210 unused find,
T211 strength, T212 condition, T213 fact, T214 list, T215 test, T216 can never match.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

from engine.find.facts import FACTS
from engine.rulebook.load import LoadedRule, Rulebook
from engine.rulebook.patterns import has_literal, matches_nothing, pattern_of, phrase_errors, refusal
from engine.rulebook.schema import Find
from engine.rulebook.trials import kind_of
from engine.rulebook.validate import did_you_mean, key_place
from engine.rulebook.yamlpos import Place, YamlScalar
from engine.text.fold import fold_plain

_MOST_WITHOUT_LITERAL = 50
_DEEPEST = 4
_CONDITIONS = ("above", "below", "matches", "host_not_in", "longer_than")


def check(book: Rulebook) -> None:
    """Report what is wrong with each rule of `book` to its document and to `book.problems`."""
    before = {id(document): len(document.problems) for document in book.documents}
    without_literal: Counter[str] = Counter()  # by language: those of two languages hardly ever run on one text
    for loaded in book.rules:
        _check_meaning(loaded)
        _check_names(loaded)
        for name, find in loaded.rule.find.items():
            if _check_find(loaded, name, find, book.lists):
                without_literal.update(loaded.rule.languages)
        _check_tests(loaded)
    for language, count in without_literal.items():
        if count > _MOST_WITHOUT_LITERAL:
            message = f"{count} patterns without a literal run on every text in {language}; at most {_MOST_WITHOUT_LITERAL} may"
            book.documents[0].report("T208", message, (1, 1))
    for document in book.documents:
        book.problems += document.problems[before[id(document)] :]
    book.problems.sort(key=lambda problem: problem.place)


def _check_meaning(loaded: LoadedRule) -> None:
    rule, report = loaded.rule, loaded.document.report
    unknown_intent = any(problem.code == "T202" for problem in loaded.document.problems)  # reported, and cut out
    if (rule.intent is None) is (rule.flag is None) and not (unknown_intent and rule.intent is None):
        report("T211", f"rule `{rule.id}` needs either `intent` or `flag`", loaded.at("id"))
    elif rule.intent is not None and rule.strength is None:
        hint = "certain, strong, weak, or against (evidence that it is not that intent)"
        report("T211", f"rule `{rule.id}` has an intent but no `strength`", loaded.at("intent"), hint)
    elif rule.flag is not None and rule.strength is not None:
        report("T211", "a rule that raises a flag has no strength", loaded.at("strength"), "leave `strength` out")
    only_facts = all(find.fact is not None for find in rule.find.values())
    if rule.strength == "certain" and only_facts:
        hint = "someone must be asked to use it: use strong or weak, or add a phrase"
        report("T211", "a finding about form alone is never `certain`", loaded.at("strength"), hint)


def names_in(when: Any, path: tuple[str | int, ...] = ("when",)) -> Iterator[tuple[str, tuple[str | int, ...]]]:
    """Yield each find named in a condition, with its path in the rule."""
    if isinstance(when, str):
        yield when, path
    elif isinstance(when, dict):
        for key, items in when.items():
            for index, item in enumerate(items):
                yield from names_in(item, (*path, key, index))


def _check_names(loaded: LoadedRule) -> None:
    rule, report = loaded.rule, loaded.document.report
    _check_condition(loaded, rule.when, ("when",), 1)
    used: set[str] = set()
    for name, path in names_in(rule.when):
        used.add(name)
        if name not in rule.find:
            report("T209", f"`{name}` is no find of this rule", loaded.at(*path), did_you_mean(name, rule.find))
    for name, excuses in rule.except_.items():
        used.update(excuses)
        for undefined in (n for n in (name, *excuses) if n not in rule.find):
            report(
                "T209",
                f"`{undefined}` is no find of this rule",
                loaded.at("except", name),
                did_you_mean(undefined, rule.find),
            )
        for fact in (n for n in (name, *excuses) if n in rule.find and rule.find[n].fact is not None):
            report("T209", f"`{fact}` is a fact: it has no place that could overlap", loaded.at("except", name))
    for name in rule.find:
        if name not in used:
            hint = "use it in `when` or `except`, or delete it"
            report("T210", f"find `{name}` is never used", _key(loaded, "find", name), hint)


def _check_condition(loaded: LoadedRule, when: Any, path: tuple[str | int, ...], depth: int) -> None:
    report, at = loaded.document.report, loaded.at(*path)
    if isinstance(when, str):
        return
    if depth > _DEEPEST:
        report("T212", f"`when` nests deeper than {_DEEPEST}", at, "split the rule in two")
        return
    if not isinstance(when, dict) or not when:
        report("T212", "a condition is the name of a find, or a mapping with all, any, none", at)
        return
    for key, items in when.items():
        if key not in ("all", "any", "none"):
            report("T212", f"unknown condition `{key}`", at, did_you_mean(str(key), ("all", "any", "none")))
        elif not isinstance(items, list) or not items:
            report("T212", f"`{key}` takes a list of finds", at)
        else:
            for index, item in enumerate(items):
                _check_condition(loaded, item, (*path, key, index), depth + 1)


def _key(loaded: LoadedRule, *path: str) -> Place:
    return key_place(loaded.node, path)


def _check_find(loaded: LoadedRule, name: str, find: Find, lists: dict[str, tuple[str, ...]]) -> bool:
    """Check one find; return whether it is a pattern without a literal."""
    report = loaded.document.report
    at = _key(loaded, "find", name)
    given = [
        key
        for key in ("phrases", "list", "regex", "fact")
        if getattr(find, "list_" if key == "list" else key) is not None
    ]
    if len(given) != 1:
        report("T213", f"find `{name}` needs exactly one of phrases, list, regex, fact", at)
        return False
    if find.fact is not None:
        _check_fact(loaded, name, find, lists)
        return False
    stray = [key for key in _CONDITIONS if getattr(find, key) is not None]
    if stray:
        report("T213", f"`{stray[0]}` is a condition on a fact; `{name}` is none", _key(loaded, "find", name, stray[0]))
    if find.unless_negated and find.only_negated:
        report("T213", "`unless_negated` and `only_negated` exclude each other", at)
    if find.text == "original" and find.regex is None:
        report(
            "T213", "phrases are always folded; `text: original` goes with a regex", _key(loaded, "find", name, "text")
        )
    return _check_pattern(loaded, name, find, lists, at)


def _check_pattern(loaded: LoadedRule, name: str, find: Find, lists: dict[str, tuple[str, ...]], at: Place) -> bool:
    report = loaded.document.report
    if find.phrases is not None:
        for index, error in phrase_errors(find.phrases):
            report("T205", f"phrase: {error}", _inside(loaded.at("find", name, "phrases", index), error.at))
    if find.list_ is not None and not lists.get(find.list_):
        hint = did_you_mean(find.list_, lists) or "lists are the files of lists/, without .txt"
        report("T214", f"there is no list `{find.list_}`, or it is empty", loaded.at("find", name, "list"), hint)
    if find.regex is not None:
        _check_regex(loaded, name, find)
    pattern = pattern_of(find, lists)
    if pattern is None:
        return False
    if matches_nothing(pattern):
        report("T207", f"find `{name}` matches the empty string, so it would hit every text", at)
        return False
    if find.text == "folded" and not has_literal(find, lists):
        hint = "it runs on every text; give it a word or a character that must be there, if it has one"
        report("T208", f"find `{name}` has no literal", at, hint, "warning")
        return True
    return False


def _check_regex(loaded: LoadedRule, name: str, find: Find) -> None:
    report, at = loaded.document.report, loaded.at("find", name, "regex")
    assert find.regex is not None
    refused = refusal(find.regex)
    if refused is not None:
        hint = "RE2 keeps matching linear; a look-alike is excused by `except`"
        report("T206", refused[0], _inside(at, refused[1]), hint)
    elif find.text == "folded":
        literal = _never_in_folded(find.regex)
        if literal:
            hint = f"write `{fold_plain(literal)}`, or match the text as written with `text: original`"
            place = _inside(at, find.regex.index(literal))
            report("T216", f"`{literal}` never stands in folded text", place, hint, "warning")


def _never_in_folded(regex: str) -> str:
    """The first character of a regex that folding always turns into something else (escapes and classes kept out)."""
    escaped = False
    for char in regex:
        if not escaped and char.isalpha() and fold_plain(char) != char:
            return char
        escaped = char == "\\" and not escaped
    return ""


def _inside(node: Any, offset: int) -> Place:
    """The place `offset` characters into a scalar (behind its quote)."""
    if isinstance(node, YamlScalar):
        return node.line, node.col + offset + (1 if node.quoted else 0)
    place: Place = node
    return place


def _check_fact(loaded: LoadedRule, name: str, find: Find, lists: dict[str, tuple[str, ...]]) -> None:
    report = loaded.document.report
    fact = FACTS.get(str(find.fact))
    if fact is None:
        hint = did_you_mean(str(find.fact), FACTS) or f"known: {', '.join(FACTS)}"
        report("T213", f"unknown fact `{find.fact}`", loaded.at("find", name, "fact"), hint)
        return
    allowed = {"truth": (), "number": ("above", "below"), "texts": _CONDITIONS}[fact.type]
    for key in _CONDITIONS:
        if getattr(find, key) is not None and key not in allowed:
            hint = f"it takes {', '.join(allowed)}" if allowed else "it takes no condition"
            report(
                "T213", f"`{find.fact}` is a {fact.type}: `{key}` does not fit", _key(loaded, "find", name, key), hint
            )
    for key in ("unless_negated", "only_negated"):
        if getattr(find, key):
            report("T213", f"`{key}` goes with words, not with a fact", _key(loaded, "find", name, key))
    if find.host_not_in is not None and find.host_not_in not in lists:
        at = loaded.at("find", name, "host_not_in")
        report("T214", f"there is no list `{find.host_not_in}`", at, did_you_mean(find.host_not_in, lists))
    if find.matches is not None and (refused := refusal(find.matches)) is not None:
        report("T206", refused[0], _inside(loaded.at("find", name, "matches"), refused[1]))


def _check_tests(loaded: LoadedRule) -> None:
    report, finds = loaded.document.report, loaded.rule.find
    for index, test in enumerate(loaded.rule.tests):
        named = [("because", test.because)] if test.because else []
        named += [("spans", name) for name in test.spans]
        for key, name in named:
            if name not in finds:
                report(
                    "T215",
                    f"`{name}` is no find of this rule",
                    loaded.at("tests", index, key),
                    did_you_mean(str(name), finds),
                )
        if test.spans and kind_of(test)[0] in ("miss", "todo_miss"):
            report("T215", "a miss has no spans", loaded.at("tests", index, "spans"))
