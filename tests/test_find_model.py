"""The shipped classifier: what it finds, and what happens where it is missing, damaged or of another version."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from engine.data import classifier_dir
from engine.errors import TamisError
from engine.filter import Filter
from engine.find.model import Model, ModelError, check
from engine.find.outputs import INTENT_OUTPUTS, OUTPUTS
from engine.message.parts import Message
from engine.text.reading import read

ROOT = Path(__file__).parent.parent

# Plain requests in words that no rule's own test uses.
PLAIN = {
    "fr": ("review_request", "Si l'abat-jour vous plaît, quelques mots gentils et cinq étoiles sur sa fiche nous aideraient."),
    "en": ("address_issue", "The courier brought your lampshade back: there is no flat number on the label. Which one is it?"),
    "de": ("delivery_scheduling", "Wann ist am Donnerstag jemand zu Hause, damit die Spedition den Schrank liefern kann?"),
    "it": ("customization", "Quale nome dobbiamo incidere sul ciondolo, e con quale carattere?"),
    "es": ("stock_out", "Lo sentimos, la butaca verde se ha agotado y el proveedor no sabe cuándo entrará más."),
    "nl": ("marketing", "Bestel deze week nog een tweede kussen en krijg twintig procent korting met de code ZOMER."),
    "pl": ("off_platform_contact", "Proszę napisać do mnie prywatnie na WhatsApp, numer 600 000 000, tam ustalimy resztę."),
    "sv": ("redundant_confirmation", "Ditt paket har skickats i dag och spårningsnumret är 00370000000."),
}  # fmt: skip


@pytest.fixture(scope="module")
def model() -> Model:
    return Model.load(classifier_dir())


@pytest.fixture(scope="module")
def loaded(model: Model) -> Filter:
    return Filter.load(model=classifier_dir())


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A copy of the artefact whose files may be damaged (hard links would damage the original)."""
    return Path(shutil.copytree(classifier_dir(), tmp_path / "classifier"))


@pytest.mark.parametrize("lang", PLAIN)
def test_each_language_is_understood(model: Model, lang: str) -> None:
    intent, text = PLAIN[lang]
    doc = model.nlp(f"Bonjour\n{text}")
    assert max(INTENT_OUTPUTS, key=lambda name: doc.cats[name]) == intent
    start, end = doc._.intents.sentences[intent]
    assert doc.text[start:end] in text
    assert set(doc.cats) <= set(OUTPUTS)
    assert all(0 <= value <= 1 for value in doc.cats.values())


@pytest.mark.parametrize("text", ["", " \n ", "ok", "👍👍👍", "?", "你好,请给我们五星好评", "\u200b"])
def test_texts_without_much_to_read_are_no_trouble(loaded: Filter, text: str) -> None:
    decision = loaded.check(Message.of(body=text))
    assert decision.model == loaded.model.version  # type: ignore[union-attr]


def test_a_very_long_text_is_read_where_it_matters(loaded: Filter) -> None:
    filler = "Die Lampe ist aus Eichenholz und wiegt drei Kilo. " * 5000
    decision = loaded.check(Message.of(body=filler + PLAIN["de"][1]))
    assert decision.content in ("critical", "mixed_info", "uncertain")


def test_evidence_quotes_the_message(loaded: Filter) -> None:
    intent, text = PLAIN["en"]
    message = Message.of(subject="Your order", body=f"Hello,\n\n{text}\n\nBest regards")
    reading, findings = loaded.find(message)
    found = next(f for f in findings if f.by.startswith("model:") and f.intent == intent)
    assert found.spans[0].text in text
    assert found.log_odds is not None
    assert found.log_odds > 0
    assert reading.original[found.spans[0].start :]


def test_many_give_what_one_by_one_gives(loaded: Filter) -> None:
    messages = [Message.of(body=text) for _, text in PLAIN.values()] * 3
    alone = [loaded.check(message) for message in messages]
    together = list(loaded.check_many(messages))
    assert [d.verdict for d in together] == [d.verdict for d in alone]
    for one, other in zip(alone, together, strict=True):
        assert [r.score for r in one.results] == pytest.approx([r.score for r in other.results], abs=0.05)


def test_a_reply_is_judged_as_one(model: Model) -> None:
    text = "Pour nettoyer la lampe, passez un chiffon humide sur le bois."
    readings = [read(Message.of(body=text, in_reply=reply)) for reply in (False, True)]
    scores = [
        {f.label: f.log_odds for f in found}
        for found in model.find(readings, [frozenset({"other", "proactive_service.tips"})] * 2)
    ]
    assert scores[1]["other"] > scores[0]["other"]  # type: ignore[operator]
    assert scores[1]["proactive_service.tips"] < scores[0]["proactive_service.tips"]  # type: ignore[operator]


def test_other_languages_are_judged_in_part(loaded: Filter) -> None:
    danish = "Hej, vi har desværre ikke modtaget dit husnummer, og chaufføren kunne ikke finde frem til adressen i går."
    decision = loaded.check(Message.of(body=danish))
    assert decision.verdict == "allow"


# -- what can be wrong with the artefact -------------------------------------------------------------------------------


def test_a_missing_model_leaves_the_rules(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("engine.data.classifier_dir", lambda: tmp_path / "nowhere")
    filter_ = Filter.load(model="auto")
    assert "nowhere" in filter_.model_problem
    decision = filter_.check(Message.of(body="La lampe est en chêne."))
    assert (decision.model, decision.content) == (None, "uncertain")
    assert "model_missing" in decision.flags


def test_without_a_model_on_purpose_nothing_is_flagged() -> None:
    decision = Filter.load(model="off").check(Message.of(body="La lampe est en chêne."))
    assert decision.model is None
    assert "model_missing" not in decision.flags


@pytest.mark.parametrize(
    "name", ["tamis_intents/encoder.onnx", "tamis_intents/linear.npz", "tamis_intents/calibration.json", "config.cfg"]
)
@pytest.mark.parametrize("damage", ["cut", "flip", "gone"])
def test_a_damaged_file_is_named(copy: Path, name: str, damage: str) -> None:
    path = copy / name
    content = bytearray(path.read_bytes())
    if damage == "gone":
        path.unlink()
    else:
        content[len(content) // 2] ^= 1
        path.write_bytes(content[:-1] if damage == "cut" else content)
    with pytest.raises(ModelError, match=Path(name).name) as error:
        Model.load(copy)
    assert "--no-model" in str(error.value)


@pytest.mark.parametrize(
    "change",
    [{"format": 2}, {"outputs": ["review"]}, {"files": None}, {"version": None}, {}],
    ids=["newer", "other outputs", "no files", "no version", "whole"],
)
def test_an_artefact_of_another_version_is_refused(copy: Path, change: dict[str, object]) -> None:
    path = copy / "meta.json"
    meta = json.loads(path.read_text("utf-8"))
    meta["tamis"] |= change
    meta["tamis"] = {key: value for key, value in meta["tamis"].items() if value is not None}
    path.write_text(json.dumps(meta), "utf-8")
    if change:
        with pytest.raises(ModelError):
            check(copy)
    else:
        assert check(copy)["version"]


@pytest.mark.parametrize("text", ["", "{", "[]", '{"tamis": 3}'])
def test_a_broken_meta_file_is_named(copy: Path, text: str) -> None:
    (copy / "meta.json").write_text(text, "utf-8")
    with pytest.raises(ModelError, match=r"meta\.json"):
        check(copy)


def test_a_folder_asked_for_must_hold_a_model(tmp_path: Path) -> None:
    with pytest.raises(TamisError, match="no classifier in"):
        Filter.load(model=tmp_path)


# -- the command -------------------------------------------------------------------------------------------------------


def tamis(*args: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "cli", *map(str, args)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, env=dict(os.environ))


def test_a_damaged_model_is_told_of_once_and_the_command_goes_on(copy: Path) -> None:
    (copy / "config.cfg").write_text("", "utf-8")
    done = tamis("check", "--json", "--model", copy, ROOT / "tests" / "mail")
    assert done.returncode == 4
    assert done.stderr.count("config.cfg") == 1


def test_spacy_loads_it_by_its_entry_points() -> None:
    code = (
        "import spacy, sys; nlp = spacy.load(sys.argv[1]); doc = nlp('Bitte bewerten Sie uns mit fünf Sternen.'); "
        "print(max(doc.cats, key=doc.cats.get).partition('.')[0], nlp.pipe_names)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(classifier_dir())], capture_output=True, text=True, check=True
    )
    assert done.stdout.split(" ", 1)[0] == "review_request"
    assert "tamis_sentences" in done.stdout


def test_predictions_do_not_depend_on_what_was_read_before(model: Model) -> None:
    first = model.nlp("Une question sur la porte").cats
    model.nlp("Laissez-nous un avis")
    again = model.nlp("Une question sur la porte").cats
    assert np.allclose(list(first.values()), list(again.values()))
