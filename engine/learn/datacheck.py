"""Checks of labelled data before anything is trained on it. Errors keep the training from starting; notes do not."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from engine.decide.words import INTENTS, LANGUAGES
from engine.find.outputs import KIND_OUTPUTS
from engine.learn.split import Labelled
from engine.text.fold import fold_plain
from engine.text.language import detect

_THIN = 25  # training segments that a kind needs
_LEAST = 10  # training messages that an intent needs
_LONG = 120  # characters from which on a message's language can be told
_FOREIGN_SHARE = 0.02  # of a language's long messages


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing wrong with the data: `error` or `note`, what it is, and the ids it is about."""

    severity: str
    text: str
    ids: tuple[str, ...] = ()

    def render(self) -> str:
        """Return the finding in one line."""
        shown = ", ".join(self.ids[:6]) + (f" and {len(self.ids) - 6} more" if len(self.ids) > 6 else "")
        return f"{self.severity}: {self.text}" + (f": {shown}" if shown else "")


def check(messages: Sequence[Labelled], roles: Mapping[str, str]) -> list[Finding]:
    """Return everything wrong with `messages`, whose ids `roles` sorts into train, calibration and test."""
    found = [*_repeated_ids(messages), *_across(messages, roles), *_conflicts(messages)]
    training = [message for message in messages if roles.get(message.id) == "train"]
    return [*found, *_thin(training), *_languages(messages)]


def _repeated_ids(messages: Iterable[Labelled]) -> Iterable[Finding]:
    twice = tuple(id_ for id_, count in Counter(message.id for message in messages).items() if count > 1)
    if twice:
        yield Finding("error", "ids that stand twice; give each message its own", twice)


def _across(messages: Iterable[Labelled], roles: Mapping[str, str]) -> Iterable[Finding]:
    """Texts that are the same but for case, accents and blanks, on two sides of the split."""
    by_text: dict[str, list[Labelled]] = defaultdict(list)
    for message in messages:
        by_text[_plain(message.body)].append(message)
    for same in by_text.values():
        if len({roles.get(message.id, "") for message in same}) > 1:
            ids = tuple(message.id for message in same)
            yield Finding("error", "the same text in two parts of the split; keep one, or make the splits anew", ids)


def _conflicts(messages: Iterable[Labelled]) -> Iterable[Finding]:
    """The same text, in the same situation, with different intents."""
    by_text: dict[tuple[str, bool], list[Labelled]] = defaultdict(list)
    for message in messages:
        by_text[_plain(f"{message.subject} {message.body}"), message.in_reply].append(message)
    for same in by_text.values():
        if len({message.intents for message in same}) > 1:
            ids = tuple(message.id for message in same)
            yield Finding("error", "the same text with different labels; decide for one", ids)


def _thin(training: Sequence[Labelled]) -> Iterable[Finding]:
    intents = Counter(intent for message in training for intent in message.intents)
    for intent in INTENTS:
        if intents[intent] < _LEAST:
            text = f"{intents[intent]} training messages with {intent}, at least {_LEAST} are needed"
            yield Finding("error", text)
        elif intents[intent] == len(training):
            yield Finding("error", f"every training message has {intent}: there is nothing to tell it from")
    kinds = Counter(label for message in training for _, label in message.segments if label)
    for kind in KIND_OUTPUTS:
        if kinds[kind] < _THIN:
            yield Finding("note", f"{kinds[kind]} training segments with {kind}; it will be told badly")


def _languages(messages: Sequence[Labelled]) -> Iterable[Finding]:
    long: Counter[str] = Counter()
    foreign: dict[str, list[str]] = defaultdict(list)
    for message in messages:
        if message.lang not in LANGUAGES:
            yield Finding("error", f"`{message.lang}` is none of the languages {', '.join(LANGUAGES)}", (message.id,))
        elif len(message.body) >= _LONG:
            long[message.lang] += 1
            if detect(message.body).code not in (message.lang, "und"):
                foreign[message.lang].append(message.id)
    for lang, ids in foreign.items():
        severity = "error" if len(ids) > _FOREIGN_SHARE * long[lang] and len(ids) > 3 else "note"
        yield Finding(
            severity, f"{len(ids)} of {long[lang]} messages marked {lang} read like another language", tuple(ids)
        )


def _plain(text: str) -> str:
    return " ".join(fold_plain(text).split())
