"""What becomes of a message: a decision for each buyer among its recipients, and the answer the MTA gets for all."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from engine.decide.context import Context
from engine.decide.explain import shipped_texts
from engine.decide.record import Decision
from engine.decide.texts import Texts
from engine.errors import TamisError, UsageError
from engine.filter import Filter
from engine.message.parts import Message
from engine.relay import packets
from engine.relay.contexts import Contexts, FilterContexts, OptOuts, alias_of
from engine.relay.journal import note
from engine.relay.notice import compose
from engine.relay.outbox import Outbox
from engine.relay.reply import Replies
from engine.relay.sender import RawHeaders, is_authenticated, is_auto_submitted, message_ids
from engine.relay.settings import AliasDomains, Settings


@dataclass(frozen=True, slots=True)
class Mail:
    """A message as the MTA gave it. `aliases` are the recipients that are buyers, `dropped` those that take no mail;
    `others` counts the rest. Addresses are as they came, brackets and all. `logged_in`: the sender has given a password.
    """

    headers: RawHeaders
    body: bytes
    sender: str
    aliases: tuple[bytes, ...]
    dropped: tuple[bytes, ...]
    others: int
    logged_in: bool
    queue_id: str

    def raw(self) -> bytes:
        """Return the mail's bytes."""
        return b"".join(b"%s:%s\r\n" % header for header in self.headers) + b"\r\n" + self.body


@dataclass(frozen=True, slots=True)
class Judged:
    """A recipient (as it came) and what was decided for it."""

    recipient: bytes
    decision: Decision


@dataclass(frozen=True, slots=True)
class Ending:
    """What the MTA is told (`packets`, the answer last; `answer` is its name), and who must hear of it by a notice."""

    packets: tuple[bytes, ...]
    answer: str
    notices: tuple[Judged, ...] = ()


def text_of(address: bytes) -> str:
    """Return an address of the envelope without its brackets."""
    return address.decode("utf-8", "surrogateescape").strip().removeprefix("<").removesuffix(">")


def ending(judged: Sequence[Judged], mail: Mail, *, reject: bool, silent: bool, replies: Replies) -> Ending:
    """Return what becomes of the message as a whole.

    One recipient that must be refused refuses the message: the client keeps it, so nothing is lost. A stopped recipient
    is taken off and the others keep their copy; where nobody is left, the message is discarded. `reject`: what a notice
    would tell is refused instead; `silent`: nobody may be told (the message was sent by a program).
    """
    for verdict in ("defer", "bounce"):
        for each in judged:
            told = each.decision.by == "smtp_reject" or (reject and not silent)
            if each.decision.verdict == verdict and told:
                return Ending((replies.refusal(each.decision),), verdict if verdict == "defer" else "reject")
    stopped = [each for each in judged if each.decision.verdict in ("block", "bounce")]
    told_by_mail = tuple(each for each in stopped if each.decision.verdict == "bounce" and not silent)
    off = [*(each.recipient for each in stopped), *mail.dropped]
    if len(stopped) == len(judged) and not mail.others:
        return Ending((packets.DISCARD,), "discard", told_by_mail)
    edits = (packets.delete_recipient(address) for address in off)
    return Ending((*edits, packets.CONTINUE), "accept", told_by_mail)


class Judging:
    """The filter with all that it needs, loaded once. `outcome` is called by one thread at a time."""

    def __init__(
        self, settings: Settings, loaded: Filter, contexts: Contexts, texts: Texts, outbox: Outbox | None
    ) -> None:
        """`outbox` takes the notices; None where sellers are told by the answer (`bounce: reject`)."""
        self.settings = settings
        self.outbox = outbox
        self._texts = texts
        self.domains = AliasDomains(settings.alias_domains)
        self.rules = loaded.plan.digest
        self.model = loaded.model.version if loaded.model else None
        self._filter = loaded
        self._contexts = contexts
        self._replies = Replies(texts, settings.help_url)
        # Answered before there is a message: what it would say changes nothing.
        self.not_authorised = self._refusal(sender="not_authorised")
        self.not_alone = self._refusal(recipient="second_alias")
        loaded.check(Message.of(subject="Order", body="Your parcel is on its way to you."))  # loads what is loaded late

    @classmethod
    def load(cls, settings: Settings) -> Judging:
        """Load rules, profile, classifier, texts and lists.

        Raises RulesError, UsageError or ModelError; a classifier that should be there and is not is one of them.
        """
        rules = Path(settings.rules) if settings.rules else None
        loaded = Filter.load(rules=rules, profile=settings.profile, model=settings.model)
        if loaded.model_problem:
            raise TamisError(f"{loaded.model_problem}; or set `model: off` to judge with the rules only")
        opt_outs = OptOuts(Path(settings.opt_outs)) if settings.opt_outs else None
        outbox = _outbox(settings) if settings.bounce == "notice" else None
        return cls(settings, loaded, FilterContexts(opt_outs), shipped_texts(settings.language), outbox)

    def _refusal(self, **words: str) -> bytes:
        decision = self._filter.check(Message.of(), Context.of(words))
        if decision.by != "smtp_reject":
            told = ", ".join(f"{name}: {word}" for name, word in words.items())
            raise UsageError(f"profile {decision.profile}: {told} must be refused by SMTP (`by: smtp_reject`)")
        return self._replies.refusal(decision)

    def outcome(self, mail: Mail) -> Ending:
        """Return what becomes of a message."""
        began = time.perf_counter()
        judged = self._judge(mail)
        found = ending(
            judged,
            mail,
            reject=self.settings.bounce == "reject",
            silent=is_auto_submitted(mail.headers),
            replies=self._replies,
        )
        self._tell(found.notices, mail)
        self._log(judged, found, mail, time.perf_counter() - began)
        return found

    def _tell(self, told: Sequence[Judged], mail: Mail) -> None:
        """Put the notices into the outbox, before the MTA has its answer. Raises OutboxError: then nothing is promised."""
        if self.outbox is None or not told:
            return
        now = time.time()
        notices = [
            compose(
                each.decision,
                mail.headers,
                sender=mail.sender,
                alias=alias_of(text_of(each.recipient)),
                notice_from=self.settings.notice_from or "",
                texts=self._texts,
                help_url=self.settings.help_url,
                now=now,
            )
            for each in told
        ]
        self.outbox.put(notices, now)

    def _judge(self, mail: Mail) -> list[Judged]:
        message = Message.parse(mail.raw())
        sender = self._sender_words(mail)
        answered = message_ids(mail.headers, "In-Reply-To", "References")
        known: dict[tuple[tuple[str, str], ...], Decision] = {}
        judged = []
        for recipient in mail.aliases:
            words = {**sender, **self._contexts.words(alias_of(text_of(recipient)), answered)}
            key = tuple(words.items())
            if key not in known:
                in_reply = words.get("reply", "none") != "none"
                context = Context.of(words)
                known[key] = self._filter.check(replace(message, in_reply=in_reply), context, id=mail.queue_id)
            judged.append(Judged(recipient, known[key]))
        return judged

    def _sender_words(self, mail: Mail) -> dict[str, str]:
        """Say whether the sender is proven; nothing where it is taken on trust, so that the record calls it assumed."""
        if self.settings.auth == "none":
            return {}
        if self.settings.auth == "smtp_auth":
            return {"sender": "authorised" if mail.logged_in else "not_authorised"}
        proven = is_authenticated(mail.headers, self.settings.authserv_id or "")
        return {"sender": "authorised" if proven else "not_authorised"}

    def _log(self, judged: Sequence[Judged], found: Ending, mail: Mail, seconds: float) -> None:
        counted: dict[str, int] = {}
        by_id = {each.decision.decision: each.decision for each in judged}
        for each in judged:
            counted[each.decision.decision] = counted.get(each.decision.decision, 0) + 1
        for id, decision in by_id.items():
            note(
                "judged",
                queue_id=mail.queue_id,
                decision=id,
                verdict=decision.verdict,
                by=decision.by or None,
                reason=decision.reason,
                row=decision.row,
                content=decision.content or None,
                flags=[*decision.flags, *(["auto_submitted"] if is_auto_submitted(mail.headers) else [])],
                recipients=counted[id],
                answer=found.answer,
                milliseconds=round(seconds * 1000, 2),
            )


def _outbox(settings: Settings) -> Outbox:
    folder = settings.outbox.parent
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(f"{folder}: the folder for `state` cannot be made: {error.strerror}") from error
    return Outbox(settings.outbox)
