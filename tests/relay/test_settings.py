"""`tamis.yaml`: what may stand in it, and where its mistakes are."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.errors import UsageError
from engine.relay.settings import AliasDomains, Settings, load

GOOD = "alias_domains: [buyers.example]\nbounce: reject\n"


def settings(folder: Path, text: str) -> Settings:
    file = folder / "tamis.yaml"
    file.write_text(text)
    return load(file)


def test_the_least_settings(tmp_path: Path) -> None:
    made = settings(tmp_path, GOOD)
    assert (made.mode, made.auth, made.profile, made.model, made.on_failure) == (
        "filter", "smtp_auth", "strict", "auto", "tempfail",
    )  # fmt: skip


def test_paths_count_from_the_file(tmp_path: Path) -> None:
    made = settings(tmp_path, GOOD + "rules: my/rules\nopt_outs: /srv/list\nstate: var\nprofile: mine.yaml\nmodel: m\n")
    assert made.rules == str(tmp_path / "my/rules")
    assert made.opt_outs == "/srv/list"
    assert made.outbox == tmp_path / "var" / "outbox.sqlite"
    assert made.profile == str(tmp_path / "mine.yaml")
    assert made.model == str(tmp_path / "m")


@pytest.mark.parametrize(
    ("text", "place", "words"),
    [
        ("", "1:1", "empty"),
        ("- a\n", "1:1", "mapping"),
        ("bounce: reject\n", "1:1", "`alias_domains` is missing"),
        (GOOD + "auht: none\n", "3:1", "did you mean `auth`?"),
        (GOOD + "auth: login\n", "3:7", "smtp_auth"),
        (GOOD + "mode: marketplace\n", "3:7", "`filter`"),
        (GOOD + "workers: 0\n", "3:10", "greater than or equal to 1"),
        (GOOD + "workers: two\n", "3:10", "integer"),
        (GOOD + "model: off\n", "3:8", '"off" in quotes'),
        ('alias_domains: [buyers.example, "*"]\nbounce: reject\n', "1:33", "no domain"),
        ("alias_domains: [user@buyers.example]\nbounce: reject\n", "1:17", "no domain"),
        ("alias_domains: [buyers.example]\n", "1:1", "`notice_from` is missing"),
        ("alias_domains: [buyers.example]\nauth: none\n", "2:7", "no notices"),
        (GOOD + "auth: authentication_results\n", "3:7", "authserv_id"),
        (GOOD + "notice_smtp: localhost\n", "3:14", "host:port"),
        (GOOD + "notice_from: nobody\n", "3:14", "no mail address"),
        (GOOD + "help_url: help.example\n", "3:11", "https://"),
    ],
)
def test_mistakes_have_a_place_and_a_way_out(tmp_path: Path, text: str, place: str, words: str) -> None:
    with pytest.raises(UsageError) as caught:
        settings(tmp_path, text)
    problem = str(caught.value)
    assert f"tamis.yaml:{place}: error T" in problem
    assert words in problem


def test_all_mistakes_are_told_at_once(tmp_path: Path) -> None:
    with pytest.raises(UsageError) as caught:
        settings(tmp_path, "alias_domains: [x]\nbounce: reject\nhelp_url: x\nnotice_smtp: x\n")
    assert str(caught.value).count("error T") == 3


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"none\.yaml.*cannot be read"):
        load(tmp_path / "none.yaml")


@pytest.mark.parametrize(
    ("address", "held"),
    [
        ("a@buyers.example", True), ("A@BUYERS.Example.", True), ("a+token@buyers.example", True),
        ('"a b"@buyers.example', True), ("@relay.example:a@buyers.example", True), ("a@buyers.example ", True),
        ("a@market.fr", True), ("a@market.co.uk", False), ("a@sub.buyers.example", False), ("a@xbuyers.example", False),
        ("buyers.example", True), ("a@bücher.example", True), ("a@shop.example", False), ("a@", False), ("", False),
        ("a@buyersxexample", False),
    ],
)  # fmt: skip
def test_which_recipients_are_buyers(address: str, held: bool) -> None:
    assert AliasDomains(["buyers.example", "market.*", "xn--bcher-kva.example"]).holds(address) is held
