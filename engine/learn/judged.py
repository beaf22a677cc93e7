"""Labelled messages judged by the real filter, and what a decision says of each intent."""

from __future__ import annotations

import math
import random
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import repeat
from typing import Any

from engine.decide.context import Context
from engine.decide.decide import decide
from engine.decide.profile import Profile
from engine.decide.record import Decision, Language
from engine.decide.tag import is_claimed
from engine.decide.weights import Weights
from engine.filter import Filter
from engine.find.finding import Finding
from engine.find.outputs import INTENT_OUTPUTS
from engine.learn.measures import share
from engine.learn.noise import no_accents, typing_errors
from engine.learn.split import Labelled
from engine.message.parts import Message
from engine.rulebook.stats import message_of
from engine.text.reading import read

# One transaction for all: nobody asked, the buyer wants essential messages only, and there is an order to write about.
CONTEXT: Mapping[str, str] = {
    "recipient": "own_alias",
    "sender": "authorised",
    "buyer_opted_out": "yes",
    "reply": "none",
    "quota": "under",
    "bounce_notices": "on",
    "order": "open",
}
_ERRORS = 0.05  # share of letters mistyped
_BATCH = 64  # messages


@dataclass(frozen=True, slots=True)
class Judged:
    """A labelled message, the filter's decision about it in `CONTEXT`, and how long that took (seconds)."""

    labelled: Labelled
    decision: Decision
    seconds: float


@dataclass(frozen=True, slots=True)
class Found:
    """What was found in a message, from which it can be decided anew without looking again."""

    labelled: Labelled
    message: Message
    findings: tuple[Finding, ...]
    language: Language
    partial: bool
    model: str | None
    model_missing: bool
    rules: str

    def decide(self, profile: Profile, weights: Weights) -> Decision:
        """Return the decision in `CONTEXT` with another profile or other numbers."""
        return decide(
            self.message,
            self.findings,
            profile,
            weights,
            Context.of(CONTEXT),
            language=self.language,
            judged_partial=self.partial,
            tag_claimed=is_claimed(self.message.subject, profile.tag_words),
            rules_digest=self.rules,
            model=self.model,
            model_missing=self.model_missing,
            in_reply=self.labelled.in_reply,
        )


def judge(loaded: Filter, messages: Iterable[Labelled]) -> Iterator[Judged]:
    """Yield the messages with the filter's decisions in `CONTEXT`."""
    for labelled in messages:
        message = message_of(labelled)
        start = time.perf_counter()
        decision = loaded.check(message, CONTEXT)
        yield Judged(labelled, decision, time.perf_counter() - start)


def judge_fast(loaded: Filter, messages: Sequence[Labelled]) -> Iterator[Decision]:
    """Yield the filter's decisions in `CONTEXT`, many messages at a time."""
    return loaded.check_many(map(message_of, messages), repeat(CONTEXT, len(messages)))


def find(loaded: Filter, judged: Iterable[Judged]) -> Iterator[Found]:
    """Yield what the filter finds in messages that it has judged."""
    for one in judged:
        message = message_of(one.labelled)
        reading, findings = loaded.find(message)
        yield Found(
            one.labelled,
            message,
            tuple(findings),
            one.decision.language,
            reading.language.outside,
            one.decision.model,
            bool(loaded.model_problem),
            one.decision.rules,
        )


def read_by_encoder(loaded: Filter, messages: Sequence[Labelled]) -> dict[str, Any] | None:
    """Return the share of messages that the linear tier alone did not settle; None without a model."""
    if loaded.model is None:
        return None
    scores = loaded.model.scores([read(message_of(one)) for one in messages])
    return share(sum(each.tier == "joined" for each in scores), len(messages))


# -- what a decision says ----------------------------------------------------------------------------------------------


def named(decision: Decision) -> frozenset[str]:
    """Return the intents that the decision names, by the corpora's rule: `other` only where there is nothing else.

    Where a model has judged, nothing else means `other`; without one a message in which no rule found an intent has
    none, as the policy sees it (`uncertain`, not neutral).
    """
    present = {result.intent for result in decision.results if result.state == "present"}
    return frozenset(present - {"other"} or present or ({"other"} if decision.model else set()))


def named_kinds(decision: Decision) -> frozenset[str]:
    """Return the labels with a kind that the decision names."""
    return frozenset(result.label for result in decision.results if result.state == "present" and result.kind)


def scores(decision: Decision, weights: Weights) -> list[float]:
    """Return the score of every intent in the order of `INTENT_OUTPUTS`: that of its surest label.

    Of an intent without any label, a model that has judged holds nothing (0); without a model its prior is what is known.
    """
    best: dict[str, float] = {}
    for result in decision.results:
        best[result.intent] = max(best.get(result.intent, 0.0), result.score)
    return [
        best.get(intent, 0.0 if decision.model else 1 / (1 + math.exp(-weights.intents[intent].prior)))
        for intent in INTENT_OUTPUTS
    ]


def labels(labelled: Labelled) -> frozenset[str]:
    """Return the message's labels, kinds included where its segments tell them."""
    fine = {label for _, label in labelled.segments if label and label.partition(".")[0] in labelled.intents}
    told = {label.partition(".")[0] for label in fine}
    return frozenset(fine | (labelled.intents - told))


# -- the same messages, changed ----------------------------------------------------------------------------------------


def changed(labelled: Labelled, change: Callable[[str], str]) -> Labelled:
    """Return the message with `change` done to its subject and every segment."""
    segments = tuple((change(text), label) for text, label in labelled.segments)
    return replace(labelled, subject=change(labelled.subject), segments=segments)


def capitals(labelled: Labelled) -> Labelled:
    """Return the message in capital letters."""
    return changed(labelled, str.upper)


def without_accents(labelled: Labelled) -> Labelled:
    """Return the message without accents."""
    return changed(labelled, no_accents)


def mistyped(labelled: Labelled) -> Labelled:
    """Return the message with typing errors in 5 % of its letters, the same ones each time."""
    rng = random.Random(labelled.id)
    return changed(labelled, lambda text: typing_errors(text, _ERRORS, rng))


def reply_not_told(labelled: Labelled) -> Labelled:
    """Return the message as if nobody had said whether the buyer wrote first."""
    return replace(labelled, in_reply=False)


CHANGES: Mapping[str, Callable[[Labelled], Labelled]] = {
    "capitals": capitals,
    "no accents": without_accents,
    "5 % typing errors": mistyped,
    "in_reply not told": reply_not_told,
}
