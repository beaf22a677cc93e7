"""The way of a message, top to bottom: mail, text, findings, intents, content, verdict, decision.

    raw mail - message - text - find - decide

One direction, no way back, and no second path: the command, the milter, the service and the audit all call
`Filter.check`. Everything up to the findings is a pure function of the message and the rules; the context comes last.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from email.utils import getaddresses
from pathlib import Path
from typing import Any

from engine.decide.context import Context
from engine.decide.decide import decide
from engine.decide.profile import Profile
from engine.decide.record import Decision, Language
from engine.decide.tag import is_claimed
from engine.decide.weights import Weights
from engine.errors import RulesError, UsageError
from engine.find.finding import Finding
from engine.find.patterns import RuleFinder
from engine.message.parts import Message
from engine.rulebook.plan import Plan
from engine.rulebook.source import load_plan
from engine.text.reading import Reading, read


class Filter:
    """A loaded filter. `check` may be called any number of times; it changes nothing."""

    def __init__(self, plan: Plan, profile: Profile, *, today: str = "") -> None:
        """Use `Filter.load`; `today` (ISO date) decides which exceptions and sleeping rules still hold."""
        self.plan = plan
        self.profile = profile
        self._weights = Weights.from_plan(plan.intents)
        self._finder = RuleFinder(plan, today=today)
        self._exceptions = [entry for entry in plan.exceptions if today < entry["until"]]

    @classmethod
    def load(
        cls, *, rules: str | Path | None = None, profile: str | Path = "strict", today: date | None = None
    ) -> Filter:
        """Load rules (default: the shipped ones) and a profile, by name or as a file.

        Raises RulesError with every problem of the rules, UsageError for a profile that is not there.
        """
        plan = load_plan(Path(rules) if rules is not None else None)
        return cls(plan, _profile(plan, profile), today=(today or date.today()).isoformat())

    def check(self, message: Message, context: Mapping[str, Any] | Context | None = None, *, id: str = "") -> Decision:
        """Return the decision about `message` in `context` (see `Context.of`; what is not given is assumed).

        Raises UsageError for a context with an unknown word. `id` is the caller's name for the message.
        """
        state = context if isinstance(context, Context) else Context.of(context or {}, in_reply=message.in_reply)
        reading = read(message)
        return decide(
            message,
            self._without_exceptions(self._finder.find(reading), message),
            self.profile,
            self._weights,
            state,
            language=Language(reading.language.code, reading.language.confidence),
            judged_partial=reading.language.outside,
            tag_claimed=is_claimed(message.subject, self.profile.tag_words),
            rules_digest=self.plan.digest,
            in_reply=message.in_reply,
            id=id,
        )

    def check_many(
        self, messages: Iterable[Message], contexts: Iterable[Mapping[str, Any] | None] | None = None
    ) -> Iterator[Decision]:
        """Yield the decisions about `messages` in order; `contexts` runs beside them when given."""
        if contexts is None:
            yield from (self.check(message) for message in messages)
        else:
            yield from (self.check(message, context) for message, context in zip(messages, contexts, strict=True))

    def find(self, message: Message) -> tuple[Reading, list[Finding]]:
        """Return the reading of a message and all findings in it, before anything is decided."""
        reading = read(message)
        return reading, self._finder.find(reading)

    def _without_exceptions(self, findings: list[Finding], message: Message) -> list[Finding]:
        if not self._exceptions:
            return findings
        sellers = {address.lower() for _, address in getaddresses(list(message.header_all("From")))}
        spared = {entry["rule"] for entry in self._exceptions if entry["seller"].lower() in sellers}
        return [finding for finding in findings if finding.by.removeprefix("rule:") not in spared]


def _profile(plan: Plan, wanted: str | Path) -> Profile:
    if isinstance(wanted, str) and wanted in plan.policies:
        return Profile.from_plan(plan.policies[wanted])
    path = Path(wanted)
    if not path.is_file():
        known = ", ".join(sorted(plan.policies))
        raise UsageError(f"there is no profile `{wanted}` and no such file; known profiles: {known}")
    from engine.data import rules_dir
    from engine.decide.profile_file import load_profile

    profile, problems = load_profile(path, rules_dir() / "policy")
    if profile is None:
        raise RulesError("\n".join(problem.render() for problem in problems), tuple(problems))
    return profile
