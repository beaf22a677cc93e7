"""The commands about the store: `tamis store|seller|buyer|alias|optout|order|responses|sent|archive|log|replay`.

`register(group)` adds them to the command line. Each is a short function: arguments in, a call, printing out.
"""

from __future__ import annotations

import click

from engine.context.commands.lists import responses, sent
from engine.context.commands.people import alias, buyer, optout, order, seller
from engine.context.commands.records import archive, log, replay
from engine.context.commands.store import store


def register(group: click.Group) -> None:
    """Add all commands of the store to `group`."""
    for command in (store, seller, buyer, alias, optout, order, responses, sent, archive, log, replay):
        group.add_command(command)
