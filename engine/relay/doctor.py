"""What is wrong with an installation, and what to do about each thing. Nothing is changed, no mail is sent."""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from engine.errors import TamisError
from engine.relay.judging import Judging
from engine.relay.settings import Settings, load

_PATIENCE = 5.0  # seconds for a server's first words


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at: what it is, and what to do (empty when it is well)."""

    level: Literal["ok", "warning", "error"]
    text: str
    fix: str = ""

    def render(self) -> str:
        """Return the finding in one line, the fix in a second."""
        return f"{self.level}: {self.text}" + (f"\n    {self.fix}" if self.fix else "")


def examine(config: Path, postfix: Path | None) -> Iterator[Finding]:
    """Yield what there is to say of the settings of `config` and of the Postfix configured in the folder `postfix`
    (default: the system's, where there is one)."""
    try:
        settings = load(config)
    except TamisError as error:
        yield Finding("error", f"the settings cannot be used\n{error}")
        return
    yield Finding("ok", f"{config}: the settings can be used")
    yield from _sender_proof(settings)
    yield from _lists(settings)
    yield from _state(settings)
    yield _judging(settings)
    if settings.bounce == "notice":
        yield _notice_server(settings.notice_smtp)
    yield from _postfix(settings, postfix)


def _sender_proof(settings: Settings) -> Iterator[Finding]:
    if settings.auth == "none":
        fix = "prove senders: `auth: smtp_auth`, or `auth: authentication_results` with `authserv_id`"
        yield Finding("error", "`auth: none`: anybody can write to buyers in a seller's name", fix)
    if settings.help_url is None:
        fix = "add `help_url: https://...`: answers and notices then say where sellers can read on"
        yield Finding("warning", "no page for sellers is named", fix)
    if settings.on_failure == "deliver":
        fix = "choose `on_failure: tempfail`: the mail then waits in the sender's queue"
        yield Finding("warning", "what cannot be judged is delivered", fix)


def _lists(settings: Settings) -> Iterator[Finding]:
    if settings.opt_outs is None:
        fix = "add `opt_outs: FILE` (one alias a line) to protect buyers who want no unsolicited messages"
        yield Finding("warning", "no list of opt-outs: every buyer is taken to accept messages", fix)


def _state(settings: Settings) -> Iterator[Finding]:
    folder = Path(settings.state)
    nearest = next(path for path in (folder, *folder.parents) if path.exists())
    if settings.bounce == "notice" and not os.access(nearest, os.W_OK | os.X_OK):
        yield Finding("error", f"{folder}: notices cannot be kept there", "let the user who runs Tamis write there")


def _judging(settings: Settings) -> Finding:
    """Load all that judges. The outbox stays out of it: nothing is made here."""
    try:
        judging = Judging.load(settings.model_copy(update={"bounce": "reject"}))
    except TamisError as error:
        return Finding("error", f"messages cannot be judged\n{error}")
    model = f"classifier {judging.model}" if judging.model else "no classifier"
    return Finding("ok", f"messages can be judged ({model})")


def _notice_server(place: str) -> Finding:
    host, _, port = place.rpartition(":")
    try:
        with closing(socket.create_connection((host.strip("[]"), int(port)), _PATIENCE)) as made:
            made.settimeout(_PATIENCE)
            banner = made.recv(3)
    except OSError as error:
        fix = "start it, or name another with `notice_smtp`; until then notices wait"
        return Finding("error", f"{place}: no mail server takes notices there ({error.strerror or error})", fix)
    if banner != b"220":
        return Finding("error", f"{place}: what answers there takes no mail", "look into its log")
    return Finding("ok", f"{place}: a mail server takes notices")


# -- Postfix -----------------------------------------------------------------------------------------------------------

_ASKED = ("smtpd_milters", "non_smtpd_milters", "milter_default_action", "milter_protocol", "smtpd_forbid_bare_newline")


def _postfix(settings: Settings, folder: Path | None) -> Iterator[Finding]:
    asked = _postconf(folder)
    if asked is None:
        if folder is not None:
            yield Finding("error", f"{folder}: postconf finds no Postfix there", "name the folder of its main.cf")
        return
    milters = asked.get("smtpd_milters", "")
    if "unix:" not in milters and "inet:" not in milters:
        fix = "postconf -e smtpd_milters=unix:/run/tamis/milter.sock (the place given to --listen) && postfix reload"
        yield Finding("error", "Postfix asks no milter: its mail is not judged", fix)
        return
    yield from (_milter(place) for place in re.findall(r"(?:unix|inet):[^\s,{}]+", milters))
    if milters != asked.get("non_smtpd_milters", "").replace("$smtpd_milters", milters):
        fix = "postconf -e 'non_smtpd_milters=$smtpd_milters' && postfix reload"
        yield Finding("warning", "Postfix lets local programs (sendmail) past the milter", fix)
    if asked.get("milter_default_action", "tempfail") != "tempfail":
        fix = "postconf -e milter_default_action=tempfail && postfix reload"
        action = asked["milter_default_action"]
        yield Finding("error", f"milter_default_action = {action}: while Tamis is away mail passes or is lost", fix)
    if asked.get("milter_protocol", "6") != "6":
        fix = "postconf -e milter_protocol=6 && postfix reload"
        yield Finding("warning", f"milter_protocol = {asked['milter_protocol']}: each mail takes more round trips", fix)
    if asked.get("smtpd_forbid_bare_newline") == "no":
        fix = "postconf -e smtpd_forbid_bare_newline=yes && postfix reload"
        yield Finding("warning", "Postfix takes bare line feeds: a second mail can be smuggled in a first", fix)


def _postconf(folder: Path | None) -> dict[str, str] | None:
    """Return the settings of Postfix that matter, None where there is none."""
    program = shutil.which("postconf") or shutil.which("postconf", path="/usr/sbin")
    if program is None:
        return None
    where = ["-c", str(folder)] if folder is not None else []
    done = subprocess.run([program, *where, *_ASKED], capture_output=True, text=True, check=False)
    if done.returncode:
        return None
    lines = (line.partition(" =") for line in done.stdout.splitlines())
    return {name: value.strip() for name, _, value in lines}


def _milter(place: str) -> Finding:
    """Try whether somebody answers where Postfix will ask."""
    kind, _, rest = place.partition(":")
    try:
        if kind == "unix":
            with socket.socket(socket.AF_UNIX) as made:
                made.settimeout(_PATIENCE)
                made.connect(rest)
        else:
            host, _, port = rest.rpartition(":")
            socket.create_connection((host.strip("[]"), int(port)), _PATIENCE).close()
    except (OSError, ValueError) as error:
        problem = getattr(error, "strerror", None) or str(error)
        fix = f"start `tamis serve milter --listen {place}`; until then Postfix answers 451 and mail waits"
        return Finding("error", f"{place}: Postfix asks there and nobody answers ({problem})", fix)
    return Finding("ok", f"{place}: a milter answers")
