"""200,000 decisions in one process: memory is flat after the warm-up, and the decisions fit their schema."""

from __future__ import annotations

import gc
import io
import itertools
import json
import os
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

import engine.decide
from engine import Filter, Message
from engine.audit.corpora import entries
from engine.decide.words import CONTEXT_WORDS
from tests.bench.mails import CORPUS, WROTE, mails

SHORT = os.environ.get("TAMIS_SOAK") == "short"
# Decisions, different messages, and decisions until all of them were seen, by what judges.
SHORT_RUN = {"off": (10_000, 900, 1_000), "auto": (600, 300, 300)}  # the classifier takes a fifth of a second a mail
LONG_RUN = {"off": (200_000, 8_000, 20_000), "auto": (200_000, 8_000, 20_000)}
RUNS = SHORT_RUN if SHORT else LONG_RUN
GROWTH = 8 * 1024 * 1024
STATM = Path("/proc/self/statm")
SCHEMA = Path(engine.decide.__file__).with_name("decision.schema.json")


def messages(different: int) -> Iterator[Message]:
    """Yield messages for ever: mails and records of eight languages, no two the same (the number stands in each)."""
    raws = mails(different // 4) + mails(different // 8, quoted=True)
    found = [entry.record for entry in entries([str(CORPUS)], format=None, stdin=io.BytesIO())]
    records = [record for record in found if record]
    random.Random(1).shuffle(records)
    del records[different - len(raws) :]
    assert {record.lang for record in records} >= set(WROTE)
    for number in itertools.count():
        which = number % (len(raws) + len(records))
        if which < len(raws):
            yield Message.parse(b"X-Number: %d\r\n" % number + raws[which], in_reply=number % 3 == 0)
        else:
            record = records[which - len(raws)]
            body = f"{record.body}\n{number}"
            lang = record.lang if number % 2 else None
            yield Message.of(subject=record.subject, body=body, in_reply=record.in_reply, lang=lang)


def resident() -> int:
    gc.collect()
    return int(STATM.read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


@pytest.mark.skipif(not STATM.exists(), reason="memory is read from /proc")
@pytest.mark.parametrize("model", RUNS)
def test_memory_is_flat_over_many_decisions_and_they_fit_their_schema(model: str) -> None:
    decisions, different, warm_up = RUNS[model]
    schema = Draft202012Validator(json.loads(SCHEMA.read_text("utf-8")))
    judges = [Filter.load(model=model), Filter.load(profile="opt-out", model=model)]
    assert not judges[0].model_problem
    draw = random.Random(1)
    verdicts: dict[str, int] = {}
    warm = resident()
    for number, message in enumerate(itertools.islice(messages(different), decisions)):
        context: dict[str, Any] = {name: draw.choice(list(words)) for name, words in CONTEXT_WORDS.items()}
        decision = judges[number % 2].check(message, context if number % 4 else None, id=str(number))
        verdicts[decision.verdict] = verdicts.get(decision.verdict, 0) + 1
        if number % 100 == 0:
            record = decision.to_json()
            schema.validate(record)
            assert record["id"] == str(number)
        if number == warm_up:
            warm = resident()
    growth = resident() - warm
    print(f"{decisions:,} decisions {verdicts}; {warm >> 20} MiB after the warm-up, then {growth / 2**20:+.1f} MiB")
    assert len(verdicts) > 3
    assert growth < GROWTH, f"{growth:,} bytes more after the warm-up"
