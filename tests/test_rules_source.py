"""Where rules come from: folders, overlays, and the cache of the plan."""

import json
import os
import shutil
import subprocess
import sys
from datetime import date
from pathlib import Path

import pytest

from engine import Filter, Message, RulesError, UsageError
from engine.data import rules_dir
from engine.rulebook import source, workshop
from engine.rulebook.plan import Plan

ROOT = Path(__file__).parent.parent


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "cache"
    monkeypatch.setenv("TAMIS_CACHE_DIR", str(folder))
    return folder


@pytest.fixture
def overlay(tmp_path: Path, cache: Path) -> Path:
    folder = tmp_path / "mine"
    workshop.make_overlay(str(folder))
    return folder


def change(folder: Path, name: str, old: str, new: str) -> None:
    path = folder / name
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new), "utf-8")


ASK = Message.of(subject="Votre achat", body="Pourriez-vous laisser un petit avis sur le produit ? Merci.", lang="fr")


def rules_of(filter_: Filter) -> list[str]:
    return [by for result in filter_.check(ASK).to_json()["intents"] for by in result["by"]]


def test_a_started_overlay_is_sound_and_adds_its_rule(overlay: Path) -> None:
    result = workshop.lint([str(overlay)])
    assert not result.errors, [problem.render() for problem in result.problems]
    plan = source.load_plan(overlay)
    assert "my.gift-card.en" in {rule.id for rule in plan.rules}
    assert len(plan.rules) == len(source.load_plan().rules) + 1


def test_init_does_not_overwrite(overlay: Path) -> None:
    with pytest.raises(UsageError, match="something here already"):
        workshop.make_overlay(str(overlay))


def test_an_overlay_disables_rules_until_a_day(overlay: Path) -> None:
    found = rules_of(Filter.load(model="off"))
    assert found
    entries = ", ".join(f'{{rule: {by.removeprefix("rule:")}, because: a test, until: "2030-01-01"}}' for by in found)
    change(overlay, "overlay.yaml", "disable: []", f"disable: [{entries}]")
    assert rules_of(Filter.load(rules=overlay, today=date(2029, 12, 31), model="off")) == []
    assert rules_of(Filter.load(rules=overlay, today=date(2030, 1, 1), model="off")) == found


def test_an_overlay_changes_a_status(overlay: Path) -> None:
    found = [by.removeprefix("rule:") for by in rules_of(Filter.load(model="off"))]
    entries = ", ".join(f"{{rule: {id_}, status: shadow, because: measuring}}" for id_ in found)
    change(overlay, "overlay.yaml", "change: []", f"change: [{entries}]")
    decision = Filter.load(rules=overlay, model="off").check(ASK).to_json()
    assert decision["intents"] == []
    assert {entry["by"].removeprefix("rule:") for entry in decision["shadow"]} == set(found)


def test_an_overlay_names_a_rule_nobody_knows(overlay: Path) -> None:
    entry = '{rule: review.nobody.fr, because: x, until: "2030-01-01"}'
    change(overlay, "overlay.yaml", "disable: []", f"disable: [{entry}]")
    with pytest.raises(RulesError, match=r"there is no rule `review\.nobody\.fr`"):
        Filter.load(rules=overlay, model="off")


def test_an_exception_holds_for_one_seller_until_a_day(overlay: Path) -> None:
    found = rules_of(Filter.load(model="off"))
    entries = "".join(
        f'\n  - {{rule: {by.removeprefix("rule:")}, seller: shop@seller.example, until: "2030-01-01", author: A, because: b}}'
        for by in found
    )
    change(overlay, "exceptions.yaml", "exceptions: []", f"exceptions:{entries}")
    loaded = Filter.load(rules=overlay, today=date(2029, 1, 1), model="off")

    def verdict(seller: str, filter_: Filter = loaded) -> str:
        message = Message.of(body=ASK.texts[-1].text, headers=(("From", seller),), lang="fr")
        return filter_.check(message).verdict

    assert verdict("Shop <shop@seller.example>") == "allow"
    assert verdict("Other <other@seller.example>") == "bounce"
    assert verdict("shop@seller.example", Filter.load(rules=overlay, today=date(2030, 1, 1), model="off")) == "bounce"


def test_an_exception_is_for_exactly_that_address(overlay: Path) -> None:
    rule = rules_of(Filter.load(model="off"))[0].removeprefix("rule:")
    entry = f'\n  - {{rule: {rule}, seller: shop@seller.example, until: "2030-01-01", author: A, because: b}}'
    change(overlay, "exceptions.yaml", "exceptions: []", f"exceptions:{entry}")
    loaded = Filter.load(rules=overlay, today=date(2029, 1, 1), model="off")
    message = Message.of(body=ASK.texts[-1].text, headers=(("From", "badshop@seller.example.evil.example"),), lang="fr")
    assert f"rule:{rule}" in [by for result in loaded.check(message).to_json()["intents"] for by in result["by"]]


def test_an_overlay_adds_to_the_shipped_lists(overlay: Path) -> None:
    (overlay / "lists").mkdir()
    (overlay / "lists" / "hosts.known.txt").write_text("boutique.example\n", "utf-8")
    message = Message.of(body="Voir https://boutique.example/", lang="fr")
    assert "outside_link" in Filter.load(model="off").check(message).flags
    assert "outside_link" not in Filter.load(rules=overlay, model="off").check(message).flags


@pytest.mark.parametrize("name", ["missing", "empty"])
def test_a_folder_without_rules_is_refused(name: str, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(RulesError, match="tamis rules init"):
        Filter.load(rules=tmp_path / name, model="off")


def test_the_cache_spares_reading_the_yaml(cache: Path) -> None:
    source.load_plan()
    assert len(list(cache.glob("plan-*.json"))) == 1
    code = (
        "import sys; from engine.rulebook.source import load_plan; load_plan();"
        "print([name for name in ('yaml', 'pydantic', 'durable') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, env=os.environ.copy())
    assert done.stdout.strip() == "[]", done.stderr


def test_the_cached_plan_is_the_plan(cache: Path) -> None:
    made, cached = source.load_plan(), source.load_plan()
    assert cached.rules == made.rules
    assert json.dumps(cached.to_json()) == json.dumps(made.to_json())
    assert Plan.from_json(json.loads(json.dumps(cached.to_json()))) == cached


@pytest.mark.parametrize("damage", [b"", b"{}", b"garbage\n{}", b"\xff\xfe"])
def test_a_damaged_cache_is_made_anew(cache: Path, damage: bytes) -> None:
    plan = source.load_plan()
    file = next(cache.glob("plan-*.json"))
    whole = file.read_bytes()
    file.write_bytes(damage)
    assert source.load_plan() == plan
    assert file.read_bytes() == whole
    file.write_bytes(whole.replace(b'"enforce"', b'"retired"', 1))  # a change that is still JSON
    assert source.load_plan() == plan


def test_an_unwritable_cache_is_no_error(cache: Path) -> None:
    cache.write_text("a file where the folder should be")
    assert source.load_plan().rules


def test_a_changed_rule_file_is_seen(tmp_path: Path, cache: Path) -> None:
    copy = tmp_path / "rules"
    shutil.copytree(rules_dir(), copy)
    before = source.load_plan(copy)
    path = next((copy / "packs").glob("form/*.yaml"))
    path.write_text(path.read_text("utf-8").replace("above: 0.7", "above: 0.8"), "utf-8")
    after = source.load_plan(copy)
    assert before.digest != after.digest


def test_an_unreadable_file_is_named(tmp_path: Path, cache: Path) -> None:
    copy = tmp_path / "rules"
    shutil.copytree(rules_dir(), copy)
    (copy / "packs" / "form" / "any.yaml").unlink()
    (copy / "packs" / "form" / "any.yaml").mkdir()
    with pytest.raises(RulesError, match=r"any\.yaml"):
        source.load_plan(copy)


def test_a_wrong_threshold_is_refused(overlay: Path) -> None:
    change(overlay, "overlay.yaml", "thresholds: {}", "thresholds: {marketing: {treshold: 0.7}}")
    with pytest.raises(RulesError, match="treshold"):
        Filter.load(rules=overlay, model="off")
