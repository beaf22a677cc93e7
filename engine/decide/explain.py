"""Explains a decision to a person: short (what, why, which words, what to do) or long (everything that was weighed)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from engine.decide.intents import Contribution, IntentResult, speaks_for
from engine.decide.record import Decision
from engine.decide.texts import DO_REASONS, Texts
from engine.decide.words import LANGUAGES
from engine.errors import RulesError, UsageError
from engine.find.finding import Span

_PROHIBITED = ("solicit", "info")
_PROHIBITING = ("solicitation_in_critical", "false_important", "prohibited_solicitation", "prohibited_information",
                "prohibited_content")  # fmt: skip
# Answered whatever the message says: its words are not to blame, so they are not shown.
_NOT_ABOUT_CONTENT = ("sender_not_authorised", "unknown_alias", "seller_to_seller", "one_buyer_per_message",
                      "quota_exceeded")  # fmt: skip
_SHOWN_SPANS, _SHOWN_CHARACTERS = 3, 90


def explain(decision: Decision, lang: str, long: bool = False, *, texts: Texts | None = None) -> str:
    """Return the explanation in `lang`, lines separated by newlines. `texts` are the shipped ones unless given.

    Raises UsageError for a language without texts, RulesError when the texts have problems.
    """
    explanation = _Explanation(decision, texts or shipped_texts(lang))
    return "\n".join([*explanation.short(), *(explanation.long() if long else ())])


def shipped_texts(lang: str) -> Texts:
    """Return the texts that ship with Tamis for a language. Raises UsageError, RulesError."""
    from engine.data import rules_dir
    from engine.decide.texts_file import load_texts

    if lang not in LANGUAGES:
        raise UsageError(f"there is no explanation in {lang!r}; languages: {', '.join(LANGUAGES)}")
    texts, problems = load_texts(rules_dir() / "texts" / f"{lang}.yaml")
    if texts is None:
        raise RulesError("\n".join(problem.render() for problem in problems), tuple(problems))
    return texts


def _printable(text: str) -> str:
    """Return the text on one line, without characters that a terminal would obey instead of showing."""
    return "".join(c for c in " ".join(text.split()) if c.isprintable())


@dataclass(frozen=True, slots=True)
class _Explanation:
    decision: Decision
    texts: Texts

    # -- short --

    def short(self) -> list[str]:
        """What happened, why, which words caused it, what to do, what to note."""
        d, t = self.decision, self.texts
        lines = [t.get("verdict." + (f"{d.verdict}_{d.by}" if d.verdict == "bounce" else d.verdict))]
        lines.append(t.get("frame.why", text=t.get(f"reason.{d.reason}")))
        lines += [t.get("frame.found", text=self._found(result)) for result in self._decisive()]
        lines += [t.get("frame.do", text=text) for text in self._to_do()]
        lines += [t.get("frame.note", text=text) for text in self._flag_texts()]
        return lines

    def _decisive(self) -> list[IntentResult]:
        """Return the labels that decided: the prohibited or suspected ones where they did, else the surest others."""
        if self.decision.reason in _NOT_ABOUT_CONTENT:
            return []
        found = [r for r in self.decision.intents if r.klass != "neutral"]
        present = [r for r in found if r.state == "present"]
        prohibited = [r for r in found if r.klass in _PROHIBITED]
        if self.decision.reason in _PROHIBITING:
            return [r for r in prohibited if r.state == "present"]
        return prohibited if "borderline" in self.decision.flags else present or found

    def _found(self, result: IntentResult) -> str:
        words = self._quoted(result.evidence)
        return self.texts.get(f"kind.{result.label}") + (f" — {words}" if words else "")

    def _quoted(self, spans: Iterable[Span]) -> str:
        """Return the words in quotation marks, each once, with the part where that is not the plain text."""
        shown = [(part, text) for part, text in dict.fromkeys((s.part, _printable(s.text)) for s in spans) if text]
        return ", ".join(self._quote(part, text) for part, text in shown[:_SHOWN_SPANS])

    def _quote(self, part: str, text: str) -> str:
        cut = text if len(text) <= _SHOWN_CHARACTERS else text[: _SHOWN_CHARACTERS - 1] + "…"
        quoted = self.texts.get("frame.quote", text=cut)
        return quoted if part == "body" else f"{quoted} ({self.texts.get(f'part.{part}')})"

    def _to_do(self) -> list[str]:
        """Return what the reason asks for, and the advice for each prohibited kind that stopped the message."""
        if self.decision.reason not in DO_REASONS:
            return []
        kinds = [r for r in self._decisive() if r.klass in _PROHIBITED and r.state == "present"]
        advice = [self._advice(result) for result in kinds]
        return list(dict.fromkeys([self.texts.get(f"do.{self.decision.reason}"), *(text for text in advice if text)]))

    def _advice(self, result: IntentResult) -> str:
        return self.texts.find(f"advice.{result.label}") or self.texts.find(f"advice.{result.intent}")

    def _flag_texts(self) -> list[str]:
        """Return a text for each flag; for a rule's own flag its title, where the language has none."""
        titles = {f.flag: f.explain or f.title for f in self.decision.flag_findings}
        return [self.texts.find(f"flag.{flag}") or titles.get(flag) or flag for flag in self.decision.flags]

    # -- long --

    def long(self) -> list[str]:
        """Everything that was weighed: labels with each contribution, what was set aside, flags, rows, ground."""
        d, t = self.decision, self.texts
        lines = ["", t.get("frame.details")]
        lines += [line for result in d.results for line in self._result(result)] or ["  " + t.get("frame.nothing")]
        if d.aside:
            lines.append(t.get("frame.aside"))
            lines += [f"  {self._contribution(c)} — {t.get(f'aside.{c.aside}')}" for c in d.aside]
        if d.flag_findings:
            lines.append(t.get("frame.flags"))
            lines += [f"  {f.flag}: {f.by} {self._quoted(f.spans)}".rstrip() for f in d.flag_findings]
        return lines + self._ground()

    def _result(self, result: IntentResult) -> list[str]:
        t = self.texts
        score = t.get("frame.score", score=t.number(result.score), threshold=t.number(result.threshold))
        head = f"  {t.get(f'kind.{result.label}')} [{result.label}]: {t.get(f'state.{result.state}')} ({score})"
        prior = "    " + t.get("frame.prior", value=t.number(result.prior))
        by_model = any(not c.strength for c in result.contributions)
        return [head, *([] if by_model else [prior]), *(f"    {self._contribution(c)}" for c in result.contributions)]

    def _contribution(self, c: Contribution) -> str:
        """Return one line: weight, strength, who, title, words, and the look-alikes that took hits away."""
        t = self.texts
        sign = "+" if c.log_odds is not None and speaks_for(c) else ""
        weight = "" if c.log_odds is None else f"{sign}{t.number(c.log_odds)} "
        title = f", {c.explain or c.title}" if c.explain or c.title else ""
        words = self._quoted(c.spans)
        excused = f" ({t.get('frame.excused', names=', '.join(c.excused))})" if c.excused else ""
        strength = t.get(f"strength.{c.strength or 'model'}")
        return f"{weight}{strength}, {c.by}{title}{' — ' + words if words else ''}{excused}"

    def _ground(self) -> list[str]:
        d, t = self.decision, self.texts
        lines = [t.get("frame.content", content=d.content, row=d.content_row)] if d.content else []
        lines.append(t.get("frame.verdict", verdict=d.verdict, row=d.row, profile=d.profile))
        lines.append(t.get("frame.context", text=", ".join(f"{k} = {v}" for k, v in d.context.words().items())))
        if d.context.assumed:
            lines.append(t.get("frame.assumed", names=", ".join(d.context.assumed)))
        lines.append(t.get("frame.language", code=d.language.code, confidence=t.number(d.language.confidence)))
        lines.append(t.get("frame.ground", id=d.decision, rules=d.rules, model=d.model or t.get("frame.no_model")))
        return lines
