"""The comparison of two audits: what turned, by what, and what is refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from engine.audit.commands import audit
from engine.audit.diff import diff
from engine.audit.diffpage import markdown
from engine.audit.results import Results
from engine.errors import InputError, UsageError

from .helpers import ASKS, BEGS, PLAIN, audited, jsonl

ODD = "Hello,\nthe zanzibar banjo has four strings.\n"
RECORDS: list[dict[str, Any]] = [
    {"id": "begs", "lang": "en", "body": BEGS, "intents": ["review_request"]},
    {"id": "asks", "lang": "en", "body": ASKS, "intents": ["customization"]},
    {"id": "odd|1", "lang": "en", "body": ODD, "intents": ["marketing"]},
    {"id": "odd2", "lang": "en", "body": ODD, "intents": ["customization"]},
    {"id": "plain", "lang": "en", "body": PLAIN},
    {"id": "broken"},
]
RULE = """
pack: marketing
rules:
  - id: marketing.zanzibar.en
    revision: 1
    title: Praises the banjo
    intent: marketing
    strength: certain
    languages: [en]
    find:
      banjo: {phrases: ["zanzibar banjo"]}
    when: {any: [banjo]}
    tests:
      - hit: "The zanzibar banjo is here."
      - miss: "The order is here."
"""


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    folder = tmp_path_factory.mktemp("diff")
    corpus = jsonl(folder / "in.jsonl", RECORDS)
    rules = folder / "rules"
    (rules / "packs" / "marketing").mkdir(parents=True)
    (rules / "overlay.yaml").write_text("")
    (rules / "packs" / "marketing" / "own.yaml").write_text(RULE)
    return audited(folder / "a", corpus), audited(folder / "b", corpus, rules=str(rules))


def command(*arguments: str | Path) -> Any:
    return CliRunner().invoke(audit, ["diff", *map(str, arguments)], standalone_mode=False)


def test_a_new_rule_stops_messages_and_is_named(folders: tuple[Path, Path]) -> None:
    found = diff(*map(Results, folders))
    assert [change.id for change in found.stopped.listed] == ["odd|1", "odd2"]
    assert {change.causes for change in found.stopped.listed} == {("marketing.zanzibar.en",)}
    assert found.stopped.by_language == {"en": 2}
    assert (found.stopped.labelled, found.stopped.right, found.stopped.critical) == (2, 1, 1)
    assert found.stopped.alone["marketing.zanzibar.en"] == 2
    assert found.passed.total == 0
    assert sum(found.matrix.values()) == len(RECORDS)
    assert found.matrix["allow", "bounce"] == 2
    assert found.matrix["error", "error"] == 1
    assert found.matrix["bounce", "bounce"] == 1
    assert found.changed == 2
    assert [name for name, _, _ in found.settings] == ["rules"]


def test_the_other_way_round_the_rule_let_them_pass(folders: tuple[Path, Path]) -> None:
    found = diff(*map(Results, reversed(folders)))
    assert [change.id for change in found.passed.listed] == ["odd|1", "odd2"]
    assert found.passed.by_cause == {"marketing.zanzibar.en": 2}
    assert (found.passed.labelled, found.passed.right) == (2, 1)
    assert found.stopped.total == 0


def test_a_profile_turns_messages_by_its_rows(folders: tuple[Path, Path], tmp_path: Path) -> None:
    other = audited(tmp_path / "b", folders[0].parent / "in.jsonl", profile="opt-out")
    found = diff(Results(folders[0]), Results(other))
    assert [change.id for change in found.passed.listed] == ["begs"]
    (cause,) = found.passed.by_cause
    assert cause.startswith("row ")


def test_nothing_turned_between_an_audit_and_itself(folders: tuple[Path, Path]) -> None:
    found = diff(Results(folders[0]), Results(folders[0]))
    assert (found.changed, found.stopped.total, found.passed.total, found.settings) == (0, 0, 0, [])


def test_markdown_is_ready_for_a_pull_request(folders: tuple[Path, Path]) -> None:
    text = markdown(diff(*map(Results, folders)))
    assert "2 of 6 messages turn" in text
    assert "| `odd\\|1` | en | allow → bounce | marketing.zanzibar.en | - | marketing |" in text
    assert "**critical**" in text
    assert "1 of 2 rightly" in text
    assert "95 % interval" in text
    assert "banjo has four strings" not in text, "words of the messages are not shown"
    heads = [line for line in text.splitlines() if line.startswith("| ---") or (line.startswith("|") and "---" in line)]
    assert len(heads) == 4


@pytest.mark.parametrize(
    ("budget", "status"),
    [
        (("--max-new-bounces", "2"), 0),
        (("--max-new-bounces", "1"), 1),
        (("--max-critical-stopped", "1"), 0),
        (("--max-critical-stopped", "0"), 1),
        ((), 0),
    ],
)
def test_budgets_decide_the_exit_status(folders: tuple[Path, Path], budget: tuple[str, ...], status: int) -> None:
    result = command(*folders, *budget)
    assert result.return_value == status
    assert ("may be" in result.output) is bool(status)


def test_json_says_the_same(folders: tuple[Path, Path]) -> None:
    found = json.loads(command(*folders, "--json").output)
    assert found["newly_stopped"]["total"] == 2
    assert found["newly_stopped"]["labelled"]["share"] == 0.5
    assert found["newly_stopped"]["by_cause"][0]["languages"] == {"en": 2}
    assert found["newly_stopped"]["listed"][0]["id"] == "odd|1"


def test_two_corpora_are_refused_with_the_reason(folders: tuple[Path, Path], tmp_path: Path) -> None:
    other = audited(tmp_path / "b", jsonl(tmp_path / "in.jsonl", RECORDS[:2]))
    with pytest.raises(UsageError, match=r"two different corpora \(6 and 2 messages"):
        diff(Results(folders[0]), Results(other))


def test_the_same_messages_at_another_place_are_the_same_corpus(folders: tuple[Path, Path], tmp_path: Path) -> None:
    other = audited(tmp_path / "b", jsonl(tmp_path / "moved.jsonl", RECORDS))
    assert diff(Results(folders[0]), Results(other)).changed == 0


def test_results_that_are_none_not_finished_or_damaged_are_refused(folders: tuple[Path, Path], tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no results of an audit"):
        Results(tmp_path)
    (tmp_path / "begun.json").write_text(json.dumps({"schema": 1, "settings": {"today": "2026-03-01"}}))
    with pytest.raises(InputError, match="not finished"):
        Results(tmp_path)
    other = audited(tmp_path / "b", folders[0].parent / "in.jsonl")
    (other / "messages" / "0000000.parquet").unlink()
    with pytest.raises(InputError, match="missing or damaged"):
        diff(Results(folders[0]), Results(other))
