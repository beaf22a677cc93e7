"""Evaluation: the real filter on labelled messages, and everything made of what it measured."""

from __future__ import annotations

import copy
import json
import random
import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
import spacy
from click.testing import CliRunner
from spacy.language import Language
from spacy.tokens import Doc

from engine import Filter
from engine.decide.profile import Profile
from engine.decide.weights import Weights
from engine.errors import InputError, UsageError
from engine.find.finding import Finding
from engine.find.model import Model, digest_of
from engine.find.outputs import INTENT_OUTPUTS
from engine.find.pipeline import Scores
from engine.learn import judged as judging
from engine.learn.card import card, stale, write
from engine.learn.commands import model
from engine.learn.evaluate import data_of, evaluate, round_of
from engine.learn.gate import failures, same_messages
from engine.learn.records import labelled_messages
from engine.learn.report import page
from engine.learn.split import Labelled
from engine.learn.verdicts import group_of, verdicts, with_band, with_beside
from engine.text.reading import Reading

CORPUS = Path(__file__).parents[2] / "models" / "corpus"
OWN = (
    Labelled("c", "en", "Your order", False, (("Your delivery address lacks the house number.", "address_issue"),
             ("Could you please send it to us?", "address_issue")), frozenset({"address_issue"})),
    Labelled("p", "en", "", False, (("Could you please leave us a short review of the product?",
             "review_request.product"),), frozenset({"review_request"})),
    Labelled("o", "en", "", True, (("The quick brown fox jumps over the lazy dog.", "other"),), frozenset({"other"})),
)  # fmt: skip


def quiet(items: Iterable[Any], name: str, total: int) -> Iterable[Any]:
    return items


@pytest.fixture(scope="module")
def loaded() -> Filter:
    return Filter.load(model="off")


@pytest.fixture(scope="module")
def messages() -> list[Labelled]:
    return random.Random(3).sample(labelled_messages([CORPUS], "train"), 120)


@pytest.fixture(scope="module")
def evaluation(loaded: Filter, messages: list[Labelled]) -> dict[str, Any]:
    return evaluate(loaded, messages, data_of(messages, "corpus", "train"), errors=5, progress=quiet)


# --- what is measured -------------------------------------------------------------------------------------------------


def test_three_messages_give_the_figures_that_a_person_would_count(loaded: Filter) -> None:
    found = evaluate(loaded, OWN, data_of(OWN, "own", "all"), errors=5, progress=quiet)
    by_intent = {row["intent"]: row["recall"]["share"] for row in found["intents"] if row["recall"]["total"]}
    assert by_intent == {"address_issue": 1.0, "review_request": 1.0, "other": 0.0}  # no rule knows the fox
    assert found["macro_f1"]["value"] == pytest.approx(2 / 3, abs=1e-4)
    strict = found["verdicts"][0]
    assert (strict["critical_stopped"]["right"], strict["critical_stopped"]["total"]) == (0, 1)
    assert (strict["prohibited_delivered"]["right"], strict["prohibited_delivered"]["total"]) == (0, 1)
    assert strict["uncertain"]["right"] == 1
    assert [error["id"] for error in found["worst"]] == ["o"]
    assert found["by"]["round"] == []
    kinds = {row["kind"]: row["recall"]["total"] for row in found["kinds"] if row["recall"]["total"]}
    assert kinds == {"review_request.product": 1}


def test_the_same_messages_give_the_same_values_but_for_the_time(
    loaded: Filter, messages: list[Labelled], evaluation: dict[str, Any]
) -> None:
    again = evaluate(loaded, messages, data_of(messages, "corpus", "train"), errors=5, progress=quiet)
    assert {**again, "cost": None} == {**evaluation, "cost": None}


def test_the_digest_of_the_data_is_of_what_they_say_and_not_of_their_order() -> None:
    digest = data_of(OWN, "own", "all")["digest"]
    assert data_of(OWN[::-1], "own", "all")["digest"] == digest
    assert data_of(OWN[1:], "own", "all")["digest"] != digest
    relabelled = (replace(OWN[0], intents=frozenset({"other"})), *OWN[1:])
    assert data_of(relabelled, "own", "all")["digest"] != digest


def test_deciding_anew_from_what_was_found_is_what_the_filter_decides(loaded: Filter, messages: list[Labelled]) -> None:
    weights = Weights.from_plan(loaded.plan.intents)
    done = list(judging.judge(loaded, messages))
    anew = [found.decide(loaded.profile, weights) for found in judging.find(loaded, done)]
    assert anew == [one.decision for one in done]


def test_every_profile_that_is_shown_is_judged_as_if_it_had_been_loaded(
    loaded: Filter, messages: list[Labelled], evaluation: dict[str, Any]
) -> None:
    other = Filter(loaded.plan, Profile.from_plan(loaded.plan.policies["opt-out"]))
    done = [(one.labelled, one.decision) for one in judging.judge(other, messages)]
    assert evaluation["verdicts"][1] == verdicts(done, other.profile)


def test_groups_partition_the_messages(evaluation: dict[str, Any], messages: list[Labelled]) -> None:
    for rows in evaluation["by"].values():
        assert sum(row["messages"] for row in rows) == len(messages)
    counted = evaluation["verdicts"][0]["verdicts"]
    assert sum(sum(counts.values()) for counts in counted.values()) == len(messages)


@pytest.mark.parametrize(
    ("id_", "name"), [("fr-t0001", "1"), ("fr-x0412", "5"), ("de-address_issue-n02", "cases"), ("7", ""), ("fr-a1", "")]
)
def test_the_round_of_an_id(id_: str, name: str) -> None:
    assert round_of(id_) == name


@pytest.mark.parametrize(
    ("labels", "group"),
    [
        (["address_issue"], "critical"),
        (["address_issue", "other"], "critical"),
        (["address_issue", "stock_out.delay"], "mixed_info"),
        (["address_issue", "stock_out", "marketing"], "mixed_solicit"),
        (["stock_out"], "prohibited"),
        (["other.legal_notice"], "legal_notice"),
        (["other"], "neutral"),
    ],
)
def test_what_a_message_is_by_its_labels(loaded: Filter, labels: list[str], group: str) -> None:
    intents = {label.partition(".")[0] for label in labels}
    message = replace(OWN[0], segments=tuple(("x", label) for label in labels), intents=intents - {"other"} or intents)
    assert group_of(message, loaded.profile) == group


# --- the curve --------------------------------------------------------------------------------------------------------


def test_a_lower_band_leaves_more_uncertain_and_stops_no_more_critical_mail(evaluation: dict[str, Any]) -> None:
    points = evaluation["tradeoff"]["band"]
    for lower, higher in pairwise(points):
        assert lower["uncertain"] >= higher["uncertain"]
        assert lower["critical_stopped"] <= higher["critical_stopped"]
    assert points[0] != points[-1]


def test_moved_limits_stay_limits(loaded: Filter) -> None:
    weights, profile = Weights.from_plan(loaded.plan.intents), Profile.from_plan(loaded.plan.policies["strict"])
    low = with_band(weights, profile, 0.9).intents["address_issue"]
    assert low.band[0] == low.threshold
    beside = with_beside(weights, profile, 0.1).intents["marketing"]
    assert beside.threshold_beside_critical == beside.threshold == beside.band[1]
    assert with_beside(weights, profile, 0.9).intents["stock_out"] == weights.intents["stock_out"]


# --- the same messages, changed ---------------------------------------------------------------------------------------


def test_changed_messages_keep_labels_and_get_the_same_errors_each_time() -> None:
    message = OWN[0]
    assert judging.capitals(message).body == message.body.upper()
    assert judging.without_accents(replace(message, subject="Größe, été")).subject == "Grosse, ete"
    mistyped = judging.mistyped(message)
    assert mistyped == judging.mistyped(message)
    assert mistyped.body != message.body
    assert [label for _, label in mistyped.segments] == ["address_issue"] * 2
    assert judging.reply_not_told(OWN[2]).in_reply is False


# --- with a classifier ------------------------------------------------------------------------------------------------


class SureOfMarketing(Model):
    """A classifier that says one thing of every message, on top of a pipeline whose encoder reads long ones."""

    def __init__(self, folder: Path) -> None:
        nlp = spacy.blank("xx")
        nlp.add_pipe("long_ones_are_read")
        nlp.to_disk(folder)
        super().__init__(spacy.load(folder), "test")

    def find(self, readings: Sequence[Reading], wanted: Sequence[frozenset[str]]) -> list[list[Finding]]:
        said = Finding("model:test", "marketing", "", None, None, "enforce", (), log_odds=-1.0)
        return [[said] for _ in readings]


@Language.component("long_ones_are_read")
def long_ones_are_read(doc: Doc) -> Doc:
    doc._.intents = Scores({}, {}, "joined" if len(doc) > 5 else "linear")
    return doc


def test_with_a_classifier_silence_is_other_and_scores_nothing(loaded: Filter, tmp_path: Path) -> None:
    fox, short = OWN[2], replace(OWN[2], id="s", segments=(("A fox.", "other"),))
    filter_ = Filter(loaded.plan, loaded.profile, model=SureOfMarketing(tmp_path))
    weights = Weights.from_plan(loaded.plan.intents)
    (one,), (without,) = list(judging.judge(filter_, [fox])), list(judging.judge(loaded, [fox]))
    assert (judging.named(one.decision), judging.named(without.decision)) == ({"other"}, frozenset())
    scores = dict(zip(INTENT_OUTPUTS, judging.scores(one.decision, weights), strict=True))
    assert scores.pop("marketing") == pytest.approx(0.2689, abs=1e-4)
    assert set(scores.values()) == {0.0}
    assert min(judging.scores(without.decision, weights)) > 0.0
    found = evaluate(filter_, [fox, short], data_of([fox, short], "own", "all"), errors=0, progress=quiet)
    assert found["model"] == {"version": "test", "digest": digest_of(tmp_path / "meta.json")}
    assert (found["cost"]["read_by_encoder"]["right"], found["cost"]["read_by_encoder"]["total"]) == (1, 2)
    assert "50.0% read by the encoder" in page(found)


# --- the gate ---------------------------------------------------------------------------------------------------------


def gate(now: dict[str, Any], reference: dict[str, Any]) -> list[str]:
    return failures(now, reference, max_critical_stopped=0.2, margin=0.01)


def test_the_gate_is_open_for_what_is_as_good(evaluation: dict[str, Any]) -> None:
    assert gate(evaluation, evaluation) == []


def test_the_gate_shuts_for_each_thing_that_got_worse(evaluation: dict[str, Any]) -> None:
    worse = copy.deepcopy(evaluation)
    worse["macro_f1"]["value"] -= 0.02
    worse["verdicts"][0]["critical_stopped"] |= {"share": 0.21, "right": 21, "total": 100}
    worse["verdicts"][1]["prohibited_delivered"]["share"] += 0.02
    reasons = gate(worse, evaluation)
    assert len(reasons) == 3
    assert "macro-F1" in reasons[0]
    assert reasons[1] == "profile strict: 21 of 100, 21.00% of the critical messages are stopped, more than 20.00%"
    assert "profile opt-out" in reasons[2]
    assert gate(evaluation, worse)[:1] != reasons[:1]


def test_a_fall_within_the_margin_passes(evaluation: dict[str, Any]) -> None:
    worse = copy.deepcopy(evaluation)
    worse["macro_f1"]["value"] -= 0.009
    assert gate(worse, evaluation) == []


def test_a_reference_of_other_messages_says_nothing(evaluation: dict[str, Any]) -> None:
    other = copy.deepcopy(evaluation)
    other["data"]["digest"] = "sha256:0"
    with pytest.raises(UsageError, match="other messages"):
        same_messages(evaluation["data"], other)
    same_messages(evaluation["data"], evaluation)


# --- page and card ----------------------------------------------------------------------------------------------------


def test_the_page_needs_nothing_else_and_shows_what_was_measured(evaluation: dict[str, Any]) -> None:
    text = page(evaluation)
    assert not re.search(r"(?:src|href)=|url\(|@import|<script", text)
    assert text.count("<svg") == 3
    for svg in re.findall(r"<svg.*?</svg>", text, re.DOTALL):
        ElementTree.fromstring(svg)
    assert f"{evaluation['macro_f1']['value']:.3f}" in text
    assert all(error["id"] in text for error in evaluation["worst"])


def test_words_of_a_message_cannot_act_on_the_page(evaluation: dict[str, Any]) -> None:
    error = {**evaluation["worst"][0], "evidence": [{"label": "other", "by": ["rule:x"], "words": ["<script>\u202e"]}]}
    text = page({**evaluation, "worst": [error]})
    assert "&lt;script&gt;\ufffd" in text


@pytest.fixture
def artefact(tmp_path: Path, evaluation: dict[str, Any]) -> Path:
    folder = tmp_path / "models" / "classifier"
    folder.mkdir(parents=True)
    meta = {"name": "tamis_classifier", "description": "Intents", "license": "Apache-2.0",
            "tamis": {"version": "9", "messages": {"training": 5}, "files": {}}}  # fmt: skip
    (folder / "meta.json").write_text(json.dumps(meta), "utf-8")
    (folder / "training.json").write_text('{"epochs": 5}', "utf-8")
    measured = {**evaluation, "model": {"version": "9", "digest": digest_of(folder / "meta.json")}}
    (folder / "evaluation.json").write_text(json.dumps(measured), "utf-8")
    return folder


def test_the_card_is_fresh_once_written_and_stale_when_anything_of_it_changed(artefact: Path) -> None:
    place = artefact.parent
    assert len(stale(artefact, place)) == 3
    assert [path.name for path in write(artefact, place)] == ["CARD.md", "reliability.svg", "tradeoff.svg"]
    assert stale(artefact, place) == []
    for name, key in (("training.json", "epochs"), ("evaluation.json", "rules")):
        path = artefact / name
        path.write_text(json.dumps({**json.loads(path.read_text("utf-8")), key: "changed"}), "utf-8")
        assert f"{place / 'CARD.md'} is stale; run `tamis model card`" in stale(artefact, place)
        write(artefact, place)


def test_the_card_shows_the_measured_figures_and_no_words_of_messages(
    artefact: Path, evaluation: dict[str, Any]
) -> None:
    text = card(artefact)["CARD.md"]
    assert f"| 120 | all | {evaluation['macro_f1']['value']:.3f} [" in text
    assert "| epochs | 5 |" in text
    assert not any(error["id"] in text for error in evaluation["worst"])


def test_an_evaluation_of_another_model_makes_no_card(artefact: Path) -> None:
    with (artefact / "meta.json").open("a") as file:
        file.write("\n")
    with pytest.raises(InputError, match="not of the model beside it"):
        card(artefact)


# --- the commands -----------------------------------------------------------------------------------------------------


@pytest.fixture
def own(tmp_path: Path) -> Path:
    path = tmp_path / "own.jsonl"
    records = [
        {"id": m.id, "lang": m.lang, "subject": m.subject, "in_reply": m.in_reply,
         "segments": [{"t": text, "l": label} for text, label in m.segments]}
        for m in OWN
    ]  # fmt: skip
    path.write_text("\n".join(map(json.dumps, records)), "utf-8")
    return path


def run(*arguments: object) -> tuple[Any, str]:
    result = CliRunner().invoke(model, [str(argument) for argument in arguments], standalone_mode=False)
    if result.exception is not None:
        raise result.exception
    return result.return_value, result.stdout


def test_evaluate_prints_tables_and_writes_the_page(own: Path, tmp_path: Path) -> None:
    status, out = run("evaluate", own, "--no-model", "--html", tmp_path / "page.html")
    assert status == 0
    assert "3 messages of own.jsonl (fold: all), without a model" in out
    assert "critical stopped" in out
    assert (tmp_path / "page.html").read_text("utf-8").startswith("<!doctype html>")


def test_the_json_of_one_run_is_the_reference_of_the_next(own: Path, tmp_path: Path) -> None:
    reference = tmp_path / "reference.json"
    reference.write_text(run("evaluate", own, "--no-model", "--json", "--worst", 0)[1], "utf-8")
    assert json.loads(reference.read_text("utf-8"))["worst"] == []
    assert run("evaluate", own, "--no-model", "--gate", reference)[0] == 0
    better = json.loads(reference.read_text("utf-8"))
    better["macro_f1"]["value"] = 0.9
    reference.write_text(json.dumps(better), "utf-8")
    assert run("evaluate", own, "--no-model", "--gate", reference)[0] == 1


@pytest.mark.parametrize("content", ["", "[]", '{"schema": 9}'])
def test_a_reference_that_is_none_is_told_before_the_long_run(own: Path, tmp_path: Path, content: str) -> None:
    reference = tmp_path / "reference.json"
    reference.write_text(content, "utf-8")
    with pytest.raises(InputError, match="not an evaluation"):
        run("evaluate", own, "--gate", reference)


def test_a_page_in_no_folder_is_told_before_the_long_run(own: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="there is no folder"):
        run("evaluate", own, "--html", tmp_path / "none" / "page.html")


def test_card_and_its_check_as_commands(artefact: Path) -> None:
    assert run("card", "--model", artefact, "--check")[0] == 1
    assert run("card", "--model", artefact)[0] == 0
    assert run("card", "--model", artefact, "--check")[0] == 0
