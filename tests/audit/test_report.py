"""The report: what it counts, what it hides, and the page in a real browser."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from engine.audit import summary as summary_module
from engine.audit.commands import audit
from engine.audit.report import markdown, page
from engine.audit.results import Results
from engine.audit.summary import OTHERS, summary
from engine.errors import UsageError

from .helpers import ASKS, BEGS, PLAIN, audited, jsonl

NASTY = "</script><script>document.title='owned'</script><img src=x onerror=\"document.title='owned'\">"


def record(number: int, body: str, day: int, seller: str) -> dict[str, Any]:
    return {
        "id": f"r{number}",
        "lang": "en",
        "body": body,
        "date": f"2026-02-{day:02}T10:00:00+00:00",
        "seller": seller,
    }


RECORDS = [
    *(record(n, PLAIN, 1 + n % 9, "ann@a.example") for n in range(20)),
    *(record(20 + n, BEGS, 20 + n % 8, "ann@a.example") for n in range(20)),
    *(record(40 + n, ASKS, 5, "bob@a.example") for n in range(5)),
    {"id": NASTY, "lang": "en", "body": BEGS + NASTY, "seller": "cat"},
    {"id": "broken"},
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("report")
    return audited(place / "a", jsonl(place / "in.jsonl", RECORDS), size=11)


@pytest.fixture(scope="module")
def found(folder: Path) -> dict[str, Any]:
    return summary(Results(folder))


def test_counts_add_up_to_the_messages(found: dict[str, Any]) -> None:
    assert found["totals"]["verdict"] == {"allow": 25, "bounce": 21, "error": 1}
    assert found["totals"]["language"]["en"] == 46
    assert sum(row[-1] for row in found["cube"]["rows"]) == len(RECORDS)
    assert sum(found["totals"]["time"].values()) == len(RECORDS)
    assert found["totals"]["time"]["2026-02-05"] == 5 + 2
    assert found["period"] == ["2026-02-01", "2026-02-27"]
    assert found["assumed"]["any"] >= 20, "pleasantries pass because nobody says that the quota is used up"


def test_a_rule_comes_with_what_it_stopped_and_samples(found: dict[str, Any]) -> None:
    rule = found["rules"][0]
    assert rule["by"].startswith("rule:")
    assert rule["stopped"] == 21
    assert rule["languages"] == {"en": 21}
    assert [sample["number"] for sample in rule["samples"]] == [20, 21, 22]


def test_sellers_are_ranked_by_stopped_messages_and_change(folder: Path) -> None:
    open_ = summary(Results(folder), with_text=True)
    assert open_["sellers"][0] == {"seller": "ann@a.example", "messages": 40, "stopped": 20}
    assert open_["changes"] == [{"seller": "ann@a.example", "before": 0.0, "after": 1.0}]


def test_words_and_sellers_are_masked_unless_asked_for(folder: Path, found: dict[str, Any]) -> None:
    for text in (page(found), markdown(found)):
        assert "five star" not in text
        assert "ann@a.example" not in text
        assert "***@a.example" in text
    assert "five star review" in page(summary(Results(folder), with_text=True))


def test_a_large_cube_joins_sellers_and_loses_no_message(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(summary_module, "_CUBE", 3)
    cube = summary(Results(folder))["cube"]
    assert sum(row[-1] for row in cube["rows"]) == len(RECORDS)
    assert set(cube["words"]["seller"]) == {"", OTHERS}
    assert cube["words"]["time"] == [""]


def test_the_sample_is_the_same_every_time(folder: Path, found: dict[str, Any]) -> None:
    assert summary(Results(folder)) == found
    assert {m["kind"] for m in found["messages"]} >= {"stopped", "error"}
    assert [m["number"] for m in found["messages"]] == sorted(m["number"] for m in found["messages"])


def test_the_command_writes_a_page_or_prints(folder: Path, tmp_path: Path) -> None:
    def command(*options: str) -> Any:
        return CliRunner().invoke(audit, ["report", str(folder), *options], standalone_mode=False)

    assert command("--out", str(tmp_path / "r.html")).return_value == 0
    assert (tmp_path / "r.html").read_text("utf-8").startswith("<!doctype html>")
    assert json.loads(command("--json").output)["totals"]["verdict"]["bounce"] == 21
    assert command("--markdown").output.startswith("## Audit of 47 messages")
    assert isinstance(command("--markdown", "--json").exception, UsageError)


# -- in a browser ------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def shown(folder: Path) -> Iterator[Any]:
    """The page with text, open in Chromium; console errors and requests are collected."""
    api = pytest.importorskip("playwright.sync_api", reason="needs playwright")
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    if chromium is None:
        pytest.skip("needs Chromium")
    path = folder.parent / "page.html"
    path.write_text(page(summary(Results(folder), with_text=True)), "utf-8")
    with api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        tab = browser.new_page()
        tab.problems = []
        tab.on("pageerror", lambda error: tab.problems.append(str(error)))
        tab.on("console", lambda said: tab.problems.append(said.text) if said.type == "error" else None)
        tab.on("request", lambda asked: tab.problems.append(asked.url) if not asked.url.startswith("file:") else None)
        tab.goto(path.as_uri())
        yield tab
        browser.close()


def test_in_a_browser_the_page_counts_filters_and_explains(shown: Any) -> None:
    assert shown.locator("#count").inner_text() == "47 messages"
    shown.select_option("#intent", "review_request.product")
    some = shown.locator("#count").inner_text()
    shown.select_option("#seller", "bob@a.example")
    assert shown.locator("#count").inner_text() == "0 messages"
    shown.locator("button[type=reset]").click()
    shown.wait_for_function("document.getElementById('count').value === '47 messages'")
    assert some != "47 messages"
    shown.select_option("#from", "2026-02-20")
    assert shown.locator("#count").inner_text() == "20 messages"
    details = shown.locator("#m20 details")
    details.locator("summary").click()
    assert "five star" in details.inner_text()
    assert details.locator("mark").count() > 0


def test_in_a_browser_no_message_acts_and_nothing_is_asked_of_the_network(shown: Any) -> None:
    assert shown.title() == "Tamis: audit"
    assert shown.locator("img").count() == 0
    assert shown.problems == []
