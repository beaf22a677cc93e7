"""Which language a text is in: langdetect, seeded, with very common words to help it on short texts.

langdetect is wrong on two texts of five of one to three words and on one of twelve of four to eight. A vote of very
common words is added: it settles short texts, and it tells at no cost that a segment is in the language of its message.
`langdetect_rs` gives langdetect's answers bit for bit, 20 to 50 times faster; langdetect itself is the fallback.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from typing import Any

from engine.text.common import LANGUAGES_OF_WORD

LANGUAGES: tuple[str, ...] = ("fr", "en", "de", "it", "es", "nl", "pl", "sv")
UNDETERMINED = "und"
# A text in another language is recognised only when it is this long (words) and this sure: below, Catalan is Spanish
# written in a hurry and Afrikaans is Dutch.
_OUTSIDE_WORDS, _OUTSIDE_SURE = 16, 0.97
_SURE = 0.9
_WORD = re.compile(r"[^\W\d_]+")
_ENOUGH = 60  # words: a vote of more tells nothing new
_HEAD = 600  # characters: most texts have enough words in so many
_AT_HOME = 0.2  # share of very common words from which a text is surely in that language
_WEIGHTS = {
    word: tuple((language, 1.0 / len(languages)) for language in languages)
    for word, languages in LANGUAGES_OF_WORD.items()
}
_LATIN = re.compile(r"[a-z]")
_ADDRESS = re.compile(r"\S*(?:@|://|www\.)\S*")
_LEAST = 0.002  # probability: what the library thinks too unlikely to name
_DECISIVE = _LEAST * 0.005  # share of all other weights in the first one's
_LONGEST = 2000  # characters: more text makes no difference to the answer, only to the time


@dataclass(frozen=True, slots=True)
class Language:
    """An ISO 639-1 code (`und` when unsure) with its probability; `outside`: it is none of the eight languages."""

    code: str
    confidence: float
    outside: bool = False


UNKNOWN = Language(UNDETERMINED, 0.0)


def votes(words: list[str]) -> dict[str, float]:
    """Return how much the common words among `words` (lower case) speak for each language."""
    counts: dict[str, float] = {}
    for word in filter(_WEIGHTS.__contains__, words):
        for language, weight in _WEIGHTS[word]:
            counts[language] = counts.get(language, 0.0) + weight
    return counts


def words_of(text: str) -> list[str]:
    """Return the words of `text` in lower case; elided forms (`l'avis`) are two."""
    return _WORD.findall(text.lower())


def detect(text: str) -> Language:
    """Return the language of `text`, one of the eight, `und`, or another one with `outside` set."""
    text = text[:_LONGEST]
    if "@" in text or "://" in text or "www." in text:
        text = _ADDRESS.sub(" ", text)
    words = words_of(text[:_HEAD])
    if len(words) <= _ENOUGH:
        words = words_of(text)
    if not words:
        return UNKNOWN
    counts = votes(words[:_ENOUGH])
    # One common word weighs like a factor of e**2; long texts drown it out.
    weights = {code: 2.718 ** min(2 * counts.get(code, 0.0), 40) for code in LANGUAGES}
    if max(counts.values(), default=0.0) < _AT_HOME * min(len(words), _ENOUGH):
        other = _outside(text.lower(), words)
        if other is not None:
            return other
    else:
        first = max(weights, key=lambda code: weights[code])
        # Whatever the library said, the confidence would be 1.00: it is not asked.
        if (sum(weights.values()) - weights[first]) < _DECISIVE * weights[first]:
            return Language(first, 1.0)
    probabilities = _probabilities(text.lower())
    scores = {code: probabilities[code] * weights[code] for code in LANGUAGES}
    total = sum(scores.values())
    best = max(scores, key=lambda code: scores[code])
    confidence = scores[best] / total
    if confidence < _SURE or (len(words) < 3 and not counts.get(best)):
        return Language(UNDETERMINED, round(confidence, 2))
    return Language(best, round(confidence, 2))


def _outside(text: str, words: list[str]) -> Language | None:
    if not _LATIN.search(text):
        code, confidence = _best(_all_probabilities(text))
        return Language(code or UNDETERMINED, round(confidence, 2), outside=True)
    if len(words) < _OUTSIDE_WORDS:
        return None
    code, confidence = _best(_all_probabilities(text))
    if code and code not in LANGUAGES and confidence >= _OUTSIDE_SURE:
        return Language(code, round(confidence, 2), outside=True)
    return None


def _best(probabilities: dict[str, float]) -> tuple[str, float]:
    code = max(probabilities, key=lambda key: probabilities[key], default="")
    return code, probabilities.get(code, 0.0)


@cache
def _library() -> tuple[Any, Any, dict[str, float]]:
    """The detector factory with its profiles, the exception it raises, and the prior of the eight languages."""
    try:
        import langdetect_rs as library
        from langdetect_rs import PROFILES_DIRECTORY
    except ImportError:
        import langdetect as library
        from langdetect import PROFILES_DIRECTORY
    library.DetectorFactory.seed = 0  # without it the answers change from run to run
    factory = library.DetectorFactory()
    factory.load_profile(PROFILES_DIRECTORY)
    return factory, library.LangDetectException, dict.fromkeys(LANGUAGES, 1 / len(LANGUAGES))


def _run(text: str, prior: dict[str, float] | None) -> dict[str, float]:
    factory, nothing_found, _ = _library()
    detector = factory.create()
    if prior is not None:
        detector.set_prior_map(prior)
    detector.append(text)
    try:
        return {found.lang: found.prob for found in detector.get_probabilities()}
    except nothing_found:
        return {}


def _probabilities(text: str) -> dict[str, float]:
    found = _run(text, _library()[2])
    # What the library leaves out as too unlikely keeps a small chance, so that common words can bring it back.
    return {code: max(found.get(code, 0.0), _LEAST) for code in LANGUAGES}


def _all_probabilities(text: str) -> dict[str, float]:
    return _run(text, None)
