"""The way of a message, top to bottom: mail, text, findings, intents, content, verdict, decision.

    raw mail - message - text - find - decide

One direction, no way back, and no second path: the command, the milter, the service and the audit all call
`Filter.check`. Everything up to the findings is a pure function of the message and the rules; the context comes last.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from email.utils import getaddresses
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.decide.context import Context
from engine.decide.decide import decide
from engine.decide.profile import Profile
from engine.decide.record import Decision, Language
from engine.decide.tag import is_claimed
from engine.decide.weights import Weights
from engine.errors import RulesError, TamisError, UsageError
from engine.find.finding import Finding
from engine.find.patterns import RuleFinder
from engine.message.parts import Message
from engine.rulebook.plan import Plan
from engine.rulebook.source import load_plan
from engine.text.reading import Reading, read

if TYPE_CHECKING:
    from engine.find.model import Model

_BATCH = 64  # messages that `check_many` gives the model at once


class Filter:
    """A loaded filter. `check` may be called any number of times; it changes nothing.

    `model_problem` says why the classifier that was wanted is not used; every decision then has the flag
    `model_missing`, and a message in which no rule found an intent is `uncertain`.
    """

    def __init__(
        self, plan: Plan, profile: Profile, *, today: str = "", model: Model | None = None, model_problem: str = ""
    ) -> None:
        """Use `Filter.load`; `today` (ISO date) decides which exceptions and sleeping rules still hold."""
        self.model = model
        self.model_problem = model_problem
        self.plan = plan
        self.profile = profile
        self._weights = Weights.from_plan(plan.intents)
        self._finder = RuleFinder(plan, today=today)
        self._exceptions = [entry for entry in plan.exceptions if today < entry["until"]]

    @classmethod
    def load(
        cls,
        *,
        rules: str | Path | None = None,
        profile: str | Path = "strict",
        today: date | None = None,
        model: str | Path = "auto",
    ) -> Filter:
        """Load rules (default: the shipped ones), a profile by name or as a file, and the classifier.

        `model`: `auto` is the shipped one, done without (see `model_problem`) when it cannot be used; `off` is none;
        else the folder of one. Raises RulesError with every problem of the rules, UsageError for a profile that is not
        there, ModelError for a folder that holds no usable classifier.
        """
        plan = load_plan(Path(rules) if rules is not None else None)
        loaded, problem = _model(model)
        day = (today or date.today()).isoformat()
        return cls(plan, _profile(plan, profile), today=day, model=loaded, model_problem=problem)

    def check(self, message: Message, context: Mapping[str, Any] | Context | None = None, *, id: str = "") -> Decision:
        """Return the decision about `message` in `context` (see `Context.of`; what is not given is assumed).

        Raises UsageError for a context with an unknown word. `id` is the caller's name for the message.
        """
        return self._check([(message, context, id)])[0]

    def check_many(
        self, messages: Iterable[Message], contexts: Iterable[Mapping[str, Any] | None] | None = None
    ) -> Iterator[Decision]:
        """Yield the decisions about `messages` in order; `contexts` runs beside them when given.

        With a classifier messages are taken 64 at a time, as it reads many faster than one by one.
        """
        pairs = ((m, None) for m in messages) if contexts is None else zip(messages, contexts, strict=True)
        waiting = iter(pairs)
        while batch := list(islice(waiting, _BATCH if self.model else 1)):
            yield from self._check([(message, context, "") for message, context in batch])

    def find(self, message: Message) -> tuple[Reading, list[Finding]]:
        """Return the reading of a message and all findings in it, before anything is decided."""
        reading = read(message)
        return reading, self._find([reading])[0]

    def _find(self, readings: Sequence[Reading]) -> list[list[Finding]]:
        found = [self._finder.find(reading) for reading in readings]
        if self.model is None:
            return found
        labels = [frozenset(finding.label for finding in own if finding.intent) for own in found]
        return [own + more for own, more in zip(found, self.model.find(readings, labels), strict=True)]

    def _check(self, batch: Sequence[tuple[Message, Mapping[str, Any] | Context | None, str]]) -> list[Decision]:
        readings = [read(message) for message, _, _ in batch]
        return [
            self._decide(message, context, id, reading, findings)
            for (message, context, id), reading, findings in zip(batch, readings, self._find(readings), strict=True)
        ]

    def _decide(
        self,
        message: Message,
        context: Mapping[str, Any] | Context | None,
        id: str,
        reading: Reading,
        findings: list[Finding],
    ) -> Decision:
        return decide(
            message,
            self._without_exceptions(findings, message),
            self.profile,
            self._weights,
            context if isinstance(context, Context) else Context.of(context or {}, in_reply=message.in_reply),
            language=Language(reading.language.code, reading.language.confidence),
            judged_partial=reading.language.outside,
            tag_claimed=is_claimed(message.subject, self.profile.tag_words),
            rules_digest=self.plan.digest,
            model=self.model.version if self.model else None,
            model_missing=bool(self.model_problem),
            in_reply=message.in_reply,
            id=id,
        )

    def _without_exceptions(self, findings: list[Finding], message: Message) -> list[Finding]:
        if not self._exceptions:
            return findings
        sellers = {address.lower() for _, address in getaddresses(list(message.header_all("From")))}
        spared = {entry["rule"] for entry in self._exceptions if entry["seller"].lower() in sellers}
        return [finding for finding in findings if finding.by.removeprefix("rule:") not in spared]


def wanted_model(folder: str | Path | None, no_model: bool) -> str | Path:
    """Return what `--model FOLDER` and `--no-model` ask `Filter.load` for. Raises UsageError for both at once."""
    if no_model and folder is not None:
        raise UsageError("--model and --no-model exclude each other")
    return "off" if no_model else folder or "auto"


def _model(wanted: str | Path) -> tuple[Model | None, str]:
    """Return the classifier, or None and why it cannot be used (empty when none is wanted)."""
    if wanted == "off":
        return None, ""
    from engine.data import classifier_dir
    from engine.find.model import Model

    if wanted != "auto":
        return Model.load(Path(wanted)), ""
    try:
        return Model.load(classifier_dir()), ""
    except TamisError as error:
        return None, str(error)


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
