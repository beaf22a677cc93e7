"""Reads `tamis.yaml`: how the relay runs. Every problem has its place in the file; unknown keys are refused.

Problems carry T5xx codes: T501 the file · T502 a value that cannot be · T503 values that do not go together; what the
schema refuses is T201, as in rule files.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from engine.context.addresses import canonical_domain, known_form
from engine.errors import UsageError
from engine.rulebook.validate import validated
from engine.rulebook.yamlpos import Document, YamlMap, read
from engine.rulebook.yamltree import Node, YamlList

_HOST = re.compile(r"[a-z0-9]([a-z0-9.-]*[a-z0-9])?:[0-9]{1,5}\Z|\[[0-9a-f:.]+\]:[0-9]{1,5}\Z")
_LABEL = re.compile(r"(\*|[a-z0-9]([a-z0-9-]*[a-z0-9])?)\Z")

Text = Annotated[str, Field(min_length=1, max_length=1000)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class Settings(_Strict):
    """How the relay runs. Paths that are not absolute count from the folder of the file."""

    mode: Literal["filter"] = Field(
        default="filter", description="beside any MTA; nothing is rewritten (the relay between both sides is to come)"
    )
    alias_domains: list[Text] = Field(
        min_length=1, description="domains whose addresses are buyers; `*` stands for one part: `marketplace.*`"
    )
    auth: Literal["smtp_auth", "authentication_results", "none"] = Field(
        default="smtp_auth", description="what proves a sender: the login, a header of a trusted host, or nothing"
    )
    authserv_id: Text | None = Field(
        default=None, description="whose Authentication-Results count (with auth: authentication_results)"
    )
    bounce: Literal["notice", "reject"] = Field(
        default="notice",
        description="how a seller hears of a stopped message: by a mail, or at once by the answer of this server; "
        "with `reject` a buyer must be the only recipient, others get 452",
    )
    notice_from: Text | None = Field(default=None, description="the address notices come from (with bounce: notice)")
    notice_smtp: Text = Field(default="127.0.0.1:25", description="host:port of the MTA that takes notices")
    state: Text = Field(default="/var/lib/tamis", description="folder for what must outlive a restart")
    opt_outs: Text | None = Field(
        default=None, description="file of aliases, one a line, whose buyers want no unsolicited messages"
    )
    language: Literal["fr", "en", "de", "it", "es", "nl", "pl", "sv"] = Field(
        default="en", description="of answers and notices"
    )
    help_url: Text | None = Field(default=None, description="a page for sellers, named in answers and notices")
    profile: Text = Field(default="strict", description="a profile by name, or a profile file")
    rules: Text | None = Field(default=None, description="a folder of rules (default: the shipped ones)")
    model: Text = Field(default="auto", description="the classifier: `auto` the shipped one, `off` none, else a folder")
    workers: int = Field(default_factory=lambda: os.cpu_count() or 1, ge=1, le=256, description="processes")
    deadline: int = Field(default=120, ge=1, le=3600, description="seconds that judging a message may take")
    max_message_mb: int = Field(default=50, ge=1, le=1024, description="larger messages to buyers are refused (552)")
    on_failure: Literal["tempfail", "deliver"] = Field(
        default="tempfail", description="what becomes of a message that cannot be judged: 451, or delivered unjudged"
    )

    @property
    def outbox(self) -> Path:
        """The file that holds notices on their way."""
        return Path(self.state) / "outbox.sqlite"


def load(path: Path) -> Settings:
    """Return the settings of a file. Raises UsageError with every problem, each as `file:line:col` and what to do."""
    document = read(path)
    settings = _settings(document, path)
    if settings is None:
        problems = sorted(document.problems, key=lambda problem: problem.place)
        raise UsageError("\n".join(problem.render() for problem in problems))
    return settings


def _settings(document: Document, path: Path) -> Settings | None:
    if document.root is None:
        if not document.problems:
            document.report("T501", "the file is empty", (1, 1), "it needs at least `alias_domains`")
        return None
    if not isinstance(document.root, YamlMap):
        document.report("T501", "the settings are a mapping such as `alias_domains: [buyers.example]`", document.root)
        return None
    made, _ = validated(document, document.root, Settings)
    if made is None:
        return None
    for check in _CHECKS:
        check(document, document.root, made)
    return None if document.problems else _anchored(made, path.resolve().parent)


def _anchored(settings: Settings, folder: Path) -> Settings:
    """Return the settings with their paths made absolute."""
    found: dict[str, str] = {"state": str(folder / settings.state)}
    for name in ("opt_outs", "rules"):
        value = getattr(settings, name)
        if value is not None:
            found[name] = str(folder / value)
    if settings.model not in ("auto", "off"):
        found["model"] = str(folder / settings.model)
    if os.sep in settings.profile or settings.profile.endswith((".yaml", ".yml")):
        found["profile"] = str(folder / settings.profile)
    return settings.model_copy(update=found)


# -- what the schema cannot say ----------------------------------------------------------------------------------------


def _domains(document: Document, root: YamlMap, settings: Settings) -> None:
    node = root.entries["alias_domains"]
    for at, pattern in enumerate(settings.alias_domains):
        place: Node = node.items[at] if isinstance(node, YamlList) else node
        labels = pattern.lower().split(".")
        if len(labels) < 2 or not all(_LABEL.match(label) for label in labels) or set(labels) == {"*"}:
            hint = "write one such as buyers.example, or marketplace.* for every ending; accented names as xn--..."
            document.report("T502", f"`{pattern}` is no domain", place, hint)


def _sender_proof(document: Document, root: YamlMap, settings: Settings) -> None:
    if settings.auth == "authentication_results" and settings.authserv_id is None:
        hint = "name the host whose header counts, as it stands in the header: `authserv_id: mx.example`"
        document.report("T503", "`authserv_id` is missing", root.entries["auth"], hint)
    if settings.auth == "none" and settings.bounce == "notice":
        hint = "add `bounce: reject`, or prove senders with `auth: smtp_auth`"
        problem = "with `auth: none` no notices can be sent: they would go to whoever was named as the sender"
        document.report("T503", problem, root.entries["auth"], hint)


def _notices(document: Document, root: YamlMap, settings: Settings) -> None:
    if not _HOST.match(settings.notice_smtp):
        node = root.entries["notice_smtp"]
        document.report("T502", f"`{settings.notice_smtp}` is no host:port", node, "write one such as 127.0.0.1:25")
    if settings.notice_from is not None:
        if known_form(settings.notice_from) is None or not settings.notice_from.isascii():
            hint = "write one such as no-reply@market.example"
            document.report("T502", "`notice_from` is no mail address", root.entries["notice_from"], hint)
    elif settings.bounce == "notice" and settings.auth != "none":
        hint = "add `notice_from: no-reply@your.domain`, or choose `bounce: reject`"
        document.report("T503", "`notice_from` is missing", root, hint)


def _link(document: Document, root: YamlMap, settings: Settings) -> None:
    url = settings.help_url
    if url is not None and (not url.startswith(("https://", "http://")) or not url.isascii() or " " in url):
        document.report("T502", "`help_url` is no web address", root.entries["help_url"], "begin with https://")


_CHECKS: tuple[Callable[[Document, YamlMap, Settings], None], ...] = (_domains, _sender_proof, _notices, _link)


# -- which recipients are buyers ---------------------------------------------------------------------------------------


class AliasDomains:
    """The domains whose addresses are buyers."""

    def __init__(self, patterns: list[str]) -> None:
        parts = (pattern.lower().replace(".", r"\.").replace("*", "[^.]+") for pattern in patterns)
        self._pattern = re.compile("|".join(parts))

    def holds(self, address: str) -> bool:
        """Return whether an address (no brackets) is at one of them, however it is written."""
        domain = address.rpartition("@")[2]
        try:
            domain = canonical_domain(domain)
        except UsageError:  # whatever it is, if it looks like one it is judged
            domain = domain.strip().rstrip(".").lower()
        return self._pattern.fullmatch(domain) is not None
