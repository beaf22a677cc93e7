"""Every lint error, at its place, with its hint; all in one run; never a traceback."""

import json
import subprocess
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.data import rules_dir
from engine.errors import RulesError
from engine.rulebook import workshop
from engine.rulebook.lint import lint_files
from engine.rulebook.problem import Problem

RULE = """\
pack: tests
rules:
  - id: review.ask.fr
    revision: 1
    title: Asks for an opinion
    intent: review_request.product
    strength: certain
    languages: [fr]
    find:
      ask: {phrases: ["laisse* .. avis"], unless_negated: true}
      card: {phrases: ["avis de passage"]}
    when: ask
    except: {ask: [card]}
    tests:
      - hit: "Pourriez-vous laisser un petit avis ?"
        spans: {ask: "laisser un petit avis"}
      - miss: "Le livreur a laissé un avis de passage."
        because: card
"""


def lint(tmp_path: Path, text: str, name: str = "fr.yaml") -> list[Problem]:
    path = tmp_path / name
    path.write_text(text, "utf-8")
    return lint_files([path], rules_dir(), lambda path: path.name)[1]


def test_a_sound_rule_has_no_problem(tmp_path: Path) -> None:
    assert lint(tmp_path, RULE) == []


# What is changed in the sound rule, and the code, line, column and words of the problem that must be among those found.
CASES: dict[str, tuple[str, str, str, tuple[int, int], str]] = {
    "unknown key": ("unless_negated", "unless_negatd", "T201", (10, 43), "unless_negated"),
    "unknown key of a rule": ("title:", "titel:", "T201", (5, 5), "title"),
    "missing key": ("    revision: 1\n", "", "T201", (3, 5), "revision"),
    "duplicate key": ("revision: 1", "revision: 1\n    revision: 2", "T102", (5, 5), "line 4"),
    "yaml surprise": ("languages: [fr]", "languages: [no]", "T106", (8, 17), "quotes"),
    "yaml syntax": ("when: ask", "when: [ask", "T101", (13, 11), "bracket"),
    "unknown intent": ("review_request.product", "review_requests.product", "T202", (6, 13), "review_request.product"),
    "unknown language": ("[fr]", "[fx]", "T201", (8, 17), "`fr`"),
    "unknown strength": ("certain", "certian", "T201", (7, 15), "certain"),
    "no strength": ("    strength: certain\n", "", "T211", (6, 13), "certain, strong"),
    "phrase": ("laisse* .. avis", "laisse* .. (avis", "T205", (10, 35), "never closed"),
    "regex RE2 refuses": ('phrases: ["avis de passage"]', "regex: '(?<=un )avis'", "T206", (11, 22), "look-around"),
    "back-reference": ('phrases: ["avis de passage"]', "regex: '(a)vis \\1'", "T206", (11, 29), "back-reference"),
    "atomic group": ('phrases: ["avis de passage"]', "regex: '(?>avis)'", "T206", (11, 22), "atomic group"),
    "empty match": ('phrases: ["avis de passage"]', "regex: '(avis)?'", "T207", (11, 7), "empty string"),
    "no literal": ('phrases: ["avis de passage"]', "regex: '[a-z]+'", "T208", (11, 7), "no literal"),
    "never in folded text": ('phrases: ["avis de passage"]', "regex: 'Avis passé'", "T216", (11, 22), "`a`"),
    "undefined find": ("when: ask", "when: asked", "T209", (12, 11), "did you mean `ask`?"),
    "unused find": ("    except: {ask: [card]}\n", "", "T210", (11, 7), "never used"),
    "undefined in except": ("[card]", "[cards]", "T209", (13, 19), "did you mean `card`?"),
    "bad condition": ("when: ask", "when: {alll: [ask]}", "T212", (12, 11), "did you mean `all`?"),
    "unknown fact": ('phrases: ["avis de passage"]', "fact: emojis", "T213", (11, 20), "did you mean `emoji`?"),
    "fact condition": ('phrases: ["avis de passage"]', "fact: emoji, matches: x", "T213", (11, 27), "does not fit"),
    "unknown list": ('phrases: ["avis de passage"]', "list: negation.fx", "T214", (11, 20), "negation.fr"),
    "two kinds of find": ('phrases: ["avis de passage"]', 'phrases: ["a"], regex: b', "T213", (11, 7), "exactly one"),
    "because unknown": ("because: card", "because: cards", "T215", (18, 18), "did you mean `card`?"),
    "failed hit": ("laisser un petit avis ?", "prendre un café ?", "T218", (15, 9), "expected a hit"),
    "failed miss": ("un avis de passage", "un bel avis", "T218", (17, 9), "expected no hit"),
    "failed span": ('{ask: "laisser un petit avis"}', '{ask: "un petit avis"}', "T218", (15, 9), "laisser un petit avis"),
    "because did not match": ("un avis de passage", "une carte", "T218", (17, 9), "did not match"),
    "todo that is done": ("- hit: ", "- todo-hit: ", "T219", (15, 9), "`hit`"),
    "language without miss": ("[fr]", "[fr, en]", "T220", (8, 16), "in en"),
    "unsatisfied branch": ("when: ask", "when: {any: [ask, {all: [ask, card]}]}", "T221", (12, 11), "any[1]"),
    "invisible character": ("laisse* ..", "laisse*\u200b ..", "T108", (10, 31), "U+200B"),
    "test of two kinds": ("      - hit:", '      - miss: "x"\n        hit:', "T201", (15, 9), "exactly one"),
    "too deep": ("when: ask", "when: {all: [{all: [{all: [{all: [{all: [ask]}]}]}]}]}", "T212", (12, 39), "deeper"),
    "intent and flag": ("strength: certain", "strength: certain\n    flag: x", "T211", (3, 9), "either"),
    "anchor": ("[fr]", "&a [fr]", "T103", (8, 16), "anchor"),
    "second document": ("rules:", "---\nrules:", "T105", (2, 1), "one document"),
}


@pytest.mark.parametrize("case", CASES)
def test_each_problem_is_named_and_placed(case: str, tmp_path: Path) -> None:
    old, new, code, place, words = CASES[case]
    assert old in RULE
    problems = lint(tmp_path, RULE.replace(old, new, 1))
    own = [p for p in problems if p.code == code]
    assert own, [p.render() for p in problems]
    there = [p for p in own if (p.line, p.col) == place]
    assert there, [p.render() for p in own]
    rendered = there[0].render()
    assert words in rendered, rendered
    assert rendered.startswith(f"fr.yaml:{place[0]}:{place[1]}: ")


def test_two_rules_with_one_id(tmp_path: Path) -> None:
    second = RULE.split("rules:\n")[1]
    problems = lint(tmp_path, RULE + second)
    assert [(p.code, p.line) for p in problems] == [("T204", 19)]
    assert "fr.yaml:3" in problems[0].message


def test_all_problems_come_in_one_run(tmp_path: Path) -> None:
    text = RULE.replace("laisse* .. avis", "laisse* .. (avis").replace("except: {ask: [card]}", "except: {ask: [crad]}")
    text = text.replace("unless_negated", "unless_negatd")
    codes = {p.code for p in lint(tmp_path, text)}
    assert {"T201", "T205", "T209", "T210"} <= codes


def test_no_rules_at_all(tmp_path: Path) -> None:
    assert [p.code for p in lint(tmp_path, "")] == ["T201"]
    assert lint(tmp_path, "- a\n- b\n")[0].code == "T201"
    with pytest.raises(RulesError, match="no rule files"):
        workshop.lint([str(tmp_path / "nothing-here")] if (tmp_path / "nothing-here").mkdir() is None else [])


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    at=st.integers(0, len(RULE)),
    length=st.integers(0, 30),
    insert=st.text(alphabet=st.sampled_from("{}[]:'\"\n -*&|ab1.é?"), max_size=6),
)
def test_a_broken_file_is_never_a_traceback(at: int, length: int, insert: str, tmp_path: Path) -> None:
    problems = lint(tmp_path, RULE[:at] + insert + RULE[at + length :])
    for problem in problems:
        assert problem.line >= 1
        assert problem.col >= 1
        assert problem.render()


def git(folder: Path, *arguments: str) -> None:
    identity = ("-c", "user.name=t", "-c", "user.email=t@example.invalid")
    subprocess.run(["git", "-C", str(folder), *identity, *arguments], check=True, capture_output=True)


def test_a_changed_rule_needs_a_higher_revision(tmp_path: Path) -> None:
    (tmp_path / "fr.yaml").write_text(RULE, "utf-8")
    git(tmp_path, "init", "-q")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-qm", "rules")
    assert lint(tmp_path, RULE) == []
    changed = RULE.replace("laisse* .. avis", "(laisse*|donne*) .. avis")
    assert [p.code for p in lint(tmp_path, changed)] == ["T222"]
    assert lint(tmp_path, changed.replace("revision: 1", "revision: 2")) == []
    assert lint(tmp_path, RULE.replace("Asks for an opinion", "Asks for a review")) == []  # words for people are free


def test_outside_git_a_note_says_so(tmp_path: Path) -> None:
    (tmp_path / "fr.yaml").write_text(RULE, "utf-8")
    _, _, notes = lint_files([tmp_path / "fr.yaml"], rules_dir())
    assert notes == ["revisions not compared: the rules do not lie in a git checkout with a commit"]


def test_coverage_names_what_no_test_satisfies(tmp_path: Path) -> None:
    path = tmp_path / "fr.yaml"
    path.write_text(RULE.replace("when: ask", "when: {any: [ask, {all: [ask, card]}]}"), "utf-8")
    gaps, tried = workshop.coverage([str(path)])
    assert tried == 4  # two finds, two branches
    assert [gap.what for gap in gaps] == ["branch `any[1]`"]


def test_the_shipped_schema_is_fresh() -> None:
    shipped = (rules_dir() / "rule.schema.json").read_text("utf-8")
    assert shipped == workshop.json_schema(), "run: tamis rules schema > rules/rule.schema.json"


def test_the_schema_agrees_with_the_loader() -> None:
    jsonschema = pytest.importorskip("jsonschema")
    import yaml

    schema = json.loads(workshop.json_schema())
    jsonschema.validate(yaml.safe_load(RULE), schema)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(yaml.safe_load(RULE.replace("title:", "titel:")), schema)


def test_the_shipped_rules_have_no_errors() -> None:
    result = workshop.lint([])
    errors = [problem.render() for problem in result.problems if problem.severity == "error"]
    assert not errors, "\n".join(errors[:20])
    assert result.rules > 400
