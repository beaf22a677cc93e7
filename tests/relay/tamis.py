"""A running `tamis serve milter` for tests, with few rules of its own so that it starts at once."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from engine.data import rules_dir
from tests.relay.mta import wait_for

REVIEW = "Please leave us a review."
QUESTION = "Which name should we engrave?"
THANKS = "Thank you for your order."

_RULE = """\
pack: {pack}
rules:
  - id: {pack}.test
    revision: 1
    title: For tests
    intent: {pack}
    strength: certain
    languages: [any]
    find:
      ask: {{phrases: ["{phrase}"]}}
    when: ask
    tests:
      - {{hit: "{hit}", lang: any}}
      - {{miss: "Good day.", lang: any}}
"""
_START = "import cli; from engine.relay.commands import serve; cli.tamis.add_command(serve); cli.main()"


def make_rules(folder: Path) -> Path:
    """Make a rules folder of two rules: one that finds `REVIEW`, one that finds `QUESTION`."""
    shipped = rules_dir()
    shutil.copytree(shipped / "policy", folder / "policy")
    shutil.copy(shipped / "intents.yaml", folder)
    (folder / "lists").mkdir()
    for pack, phrase, hit in (
        ("review_request", "leave us a review", REVIEW),
        ("customization", "name should we engrave", QUESTION),
    ):
        (folder / "packs" / pack).mkdir(parents=True)
        (folder / "packs" / pack / "any.yaml").write_text(_RULE.format(pack=pack, phrase=phrase, hit=hit))
    return folder


class Tamis:
    """Runs while it is entered. `settings` go into `tamis.yaml` (values as YAML); everything lies in `folder`."""

    def __init__(self, folder: Path, *, listen: str = "", **settings: str) -> None:
        self.folder = folder
        self.config = folder / "tamis.yaml"
        self.socket = folder / "m.sock"
        self.listen = listen or f"unix:{self.socket}"
        self.settings = {
            "alias_domains": "[buyers.example]", "rules": "rules", "model": '"off"', "workers": "2", "bounce": "reject",
            "state": "state", **settings,
        }  # fmt: skip
        if not (folder / "rules").exists():
            make_rules(folder / "rules")
        self.write()
        self.process: subprocess.Popen[bytes]

    def write(self, **changed: str) -> None:
        """Write the settings, some of them changed."""
        self.settings |= changed
        self.config.write_text("".join(f"{name}: {value}\n" for name, value in self.settings.items()))

    def postfix_port(self, port: int) -> None:
        """Say where notices go, which is known only when everything runs."""
        if self.settings["bounce"] == "notice":
            self.write(notice_smtp=f"127.0.0.1:{port}")
            self.process.send_signal(signal.SIGHUP)
            self.wait_note("reloaded")

    def start(self) -> None:
        command = [sys.executable, "-c", _START, "serve", "milter", "--listen", self.listen, "--config", self.config]
        with (self.folder / "journal").open("ab") as journal:
            root = Path(__file__).parents[2]
            self.process = subprocess.Popen(command, stderr=journal, cwd=root, env={**os.environ, "TAMIS_DEBUG": "1"})

    def __enter__(self) -> Tamis:
        self.start()
        self.wait_note("listening")
        if self.listen.startswith("unix:"):
            wait_for(self.socket)
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(60)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        for pid in self.workers():
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue

    def notes(self, event: str = "") -> list[dict[str, Any]]:
        """Return what the journal says, or of it what tells of one event."""
        lines = (self.folder / "journal").read_text().splitlines()
        found = [json.loads(line) for line in lines if line.startswith("{")]
        return [each for each in found if event in ("", each["event"])]

    def wait_note(self, event: str, count: int = 1, seconds: float = 90) -> list[dict[str, Any]]:
        """Wait until the journal tells of an event so many times."""
        end = time.monotonic() + seconds
        while len(found := self.notes(event)) < count:
            assert time.monotonic() < end, f"{len(found)} times {event}: {(self.folder / 'journal').read_text()}"
            time.sleep(0.05)
        return found

    def workers(self) -> list[int]:
        """Return the processes that the master has started and that live."""
        task = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        return [int(pid) for pid in task.read_text().split()] if task.exists() else []
