"""The commands `tamis serve ...` and `tamis doctor`: arguments in, a call, printing out. Exit statuses as in `cli`."""

from __future__ import annotations

from pathlib import Path

import click

_CONFIG = click.option(
    "--config", type=click.Path(path_type=Path), default=Path("/etc/tamis/tamis.yaml"), show_default=True,
    help="The settings.",
)  # fmt: skip


@click.group()
def serve() -> None:
    """Run Tamis beside a mail server."""


@serve.command(epilog="Example: tamis serve milter --listen unix:/run/tamis/milter.sock --config tamis.yaml")
@click.option("--listen", required=True, help="unix:/path (faster) or inet:127.0.0.1:8891.")
@_CONFIG
def milter(listen: str, config: Path) -> int:
    """Judge the mail of Postfix (or another MTA with milters) as it comes in.

    SIGHUP loads settings and rules anew, SIGTERM ends after answering what is in flight. What happens is told on
    standard error, one JSON object a line.
    """
    from engine.relay.listening import Address
    from engine.relay.master import Master

    Master(config, Address.of(listen)).run()
    return 0


@click.command(epilog="Example: tamis doctor --config /etc/tamis/tamis.yaml")
@_CONFIG
@click.option(
    "--postfix", type=click.Path(path_type=Path), help="The folder of Postfix's main.cf (default: the system's)."
)
def doctor(config: Path, postfix: Path | None) -> int:
    """Look at the settings and at Postfix, and say what to do. Exit status 1 when something must be done."""
    from engine.relay.doctor import examine

    errors = 0
    for finding in examine(config, postfix):
        click.echo(finding.render())
        errors += finding.level == "error"
    return 1 if errors else 0
