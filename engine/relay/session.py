"""One client of the MTA: its envelope, its messages, and what they are answered."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence

from engine.relay import packets
from engine.relay.contexts import alias_of
from engine.relay.journal import note, trouble
from engine.relay.judging import Ending, Judging, Mail, text_of
from engine.relay.reply import BAD_SENDER, FAILED, NULL_SENDER, TOO_LARGE

Run = Callable[[Mail], Awaitable[Ending]]
"""Judges off the event loop. Raises TimeoutError, or what judging raised."""

_HEADER_COST = 64  # bytes that a header takes beside its text


class MailSession:
    """The state of one connection (`milter.Session`). Recipients are answered as they come, content at its end."""

    def __init__(self, judging: Judging, run: Run) -> None:
        self._judging = judging
        self._run = run
        self._settings = judging.settings
        self._no_reply = alias_of(judging.settings.notice_from) if judging.settings.notice_from else None
        self._limit = judging.settings.max_message_mb << 20
        self._is_local = False
        self.abort()

    def abort(self) -> None:
        self._sender = ""
        self._logged_in = False
        self._aliases: list[bytes] = []
        self._dropped: list[bytes] = []
        self._others = 0
        self._headers: list[tuple[bytes, bytes]] = []
        self._body: list[bytes] = []
        self._size = 0

    def connect(self, is_local: bool) -> None:
        self._is_local = is_local

    def mail(self, sender: bytes, macros: dict[str, str]) -> None:
        self.abort()
        self._sender = text_of(sender)
        self._logged_in = bool(macros.get("auth_authen"))

    # -- recipients --

    def recipient(self, address: bytes, macros: dict[str, str]) -> bytes:
        # Both count: the MTA may read an odd address (user%domain, <@host:user@domain>) as another one.
        forms = [form for form in (text_of(address), macros.get("rcpt_addr", "")) if form]
        if self._no_reply is not None and any(alias_of(form) == self._no_reply for form in forms):
            self._dropped.append(address)
            return packets.CONTINUE
        is_alias = any(self._judging.domains.holds(form) for form in forms)
        # Postfix cannot refuse a recipient of a local program, and would try such a mail for ever: it is refused as a whole.
        refusal = None if self._is_local else self._refusal(address, is_alias)
        if refusal is None:
            self._take(address, is_alias)
        return refusal or packets.CONTINUE

    def _take(self, address: bytes, is_alias: bool) -> None:
        if is_alias:
            self._aliases.append(address)
        else:
            self._others += 1

    def _refusal(self, address: bytes, is_alias: bool) -> bytes | None:
        """Return the answer that keeps a recipient out. A stranger is told the same whatever buyer he names."""
        if is_alias and (refusal := self._sender_refusal()) is not None:
            return refusal
        if is_alias and self._settings.auth == "smtp_auth" and not self._logged_in:
            return self._judging.not_authorised
        return (
            self._judging.not_alone if self._settings.bounce == "reject" and not self._fits(address, is_alias) else None
        )

    def _sender_refusal(self) -> bytes | None:
        """Return the answer to a sender whom nobody could tell anything."""
        if not self._sender:
            return NULL_SENDER
        return BAD_SENDER if any("\ud800" <= letter <= "\udfff" for letter in self._sender) else None

    def _fits(self, address: bytes, is_alias: bool) -> bool:
        """Whether a recipient may stand beside those before it: a refusal at the end holds for all of them.

        A buyer stands alone; naming the same one twice is no second one.
        """
        if not is_alias:
            return not self._aliases
        named = alias_of(text_of(address))
        return not self._others and all(alias_of(text_of(other)) == named for other in self._aliases)

    # -- content --

    def header(self, name: bytes, value: bytes) -> None:
        self._size += len(name) + len(value) + _HEADER_COST
        if self._size <= self._limit:
            self._headers.append((name, value))

    def end_of_headers(self) -> bytes:
        if self._aliases:
            return packets.CONTINUE
        if not self._dropped:
            return packets.ACCEPT
        return packets.CONTINUE if self._others else packets.DISCARD

    def body(self, chunk: bytes) -> None:
        self._size += len(chunk)
        if self._size <= self._limit and self._aliases:
            self._body.append(chunk)

    async def end(self, macros: dict[str, str]) -> Sequence[bytes]:
        mail = self._mail(macros)
        refusal = TOO_LARGE if self._size > self._limit else self._sender_refusal()
        self.abort()
        if not mail.aliases:
            return [*(packets.delete_recipient(address) for address in mail.dropped), packets.CONTINUE]
        if refusal is not None:
            note("refused_unjudged", queue_id=mail.queue_id, too_large=refusal == TOO_LARGE)
            return [refusal]
        try:
            return (await self._run(mail)).packets
        except Exception as error:
            trouble("not_judged_for_trouble", error, queue_id=mail.queue_id, on_failure=self._settings.on_failure)
            return [packets.CONTINUE if self._settings.on_failure == "deliver" else FAILED]

    def _mail(self, macros: dict[str, str]) -> Mail:
        return Mail(
            tuple(self._headers),
            b"".join(self._body),
            self._sender,
            tuple(self._aliases),
            tuple(self._dropped),
            self._others,
            self._logged_in,
            macros.get("i", ""),
        )
