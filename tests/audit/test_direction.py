"""Whose mail it is, and what a corpus proves about who wrote first."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.audit.direction import Sides
from engine.audit.entry import Record
from engine.errors import UsageError
from engine.message.parts import Message

from .helpers import BEGS, PLAIN, audited, jsonl, mail, mbox, rows

ASKED = "Dear shop, how do I clean the silver ring that you sent me last week? It has gone quite dark.\n"
TIP = "Hello,\na tip: clean the ring with a soft cloth and do not wear it in the shower.\n"
ALIASES = Sides.of(["buyers.example"], [])
OWN = Sides.of([], ["shop@seller.example", "Anna@Seller.example"])
BOTH = Sides.of(["Buyers.Example."], ["shop@seller.example"])


def direction(sides: Sides, sender: str, to: str, **headers: str) -> str:
    return sides.way_of(Message.parse(mail(PLAIN, sender=sender, to=to, **headers)), None).direction


@pytest.mark.parametrize(
    ("sides", "sender", "to", "expected"),
    [
        (Sides(), "anna@buyers.example", "shop@seller.example", "out"),
        (ALIASES, "shop@seller.example", "a1@buyers.example", "out"),
        (ALIASES, "a1@buyers.example", "shop@seller.example", "in"),
        (ALIASES, "shop@seller.example", "tax@office.example", "other"),
        (OWN, "shop@seller.example", "buyer@home.example", "out"),
        (OWN, "buyer@home.example", "anna@seller.example", "in"),
        (OWN, "x@a.example", "y@b.example", "other"),
        (OWN, "shop@seller.example", "anna@seller.example", "other"),
        (BOTH, "shop@seller.example", "tax@office.example", "other"),
        (BOTH, "shop@seller.example", "a1+token@BUYERS.example", "out"),
        (BOTH, "rival@shop.example", "a1@buyers.example", "out"),
        (BOTH, "a1@buyers.example", "shop@seller.example", "in"),
    ],
)
def test_direction_follows_from_domains_and_addresses(sides: Sides, sender: str, to: str, expected: str) -> None:
    assert direction(sides, sender, to) == expected


def test_a_copy_to_an_alias_counts_as_sent_to_it() -> None:
    assert direction(ALIASES, "shop@seller.example", "tax@office.example", Cc="A One <a1@buyers.example>") == "out"


def test_a_record_without_addresses_is_a_sellers_text() -> None:
    record = Record("1", "", PLAIN, None, False, (), {}, {"seller": "Shop 7"})
    way = BOTH.way_of(Message.of(body=PLAIN), record)
    assert (way.direction, way.seller) == ("out", "Shop 7")


def test_only_the_sellers_address_is_told() -> None:
    inbound = BOTH.way_of(Message.parse(mail(PLAIN, sender="a1@buyers.example", to="shop@seller.example")), None)
    assert inbound.seller == "shop@seller.example"


def test_what_is_no_domain_or_address_is_refused() -> None:
    with pytest.raises(UsageError, match="no mail domain"):
        Sides.of(["not a domain"], [])
    with pytest.raises(UsageError, match="no mail address"):
        Sides.of([], ["nobody"])


# -- in an audit -------------------------------------------------------------------------------------------------------


def quoted(text: str) -> str:
    return "On Mon, 2 Feb 2026 a buyer wrote:\n" + "".join(f"> {line}\n" for line in text.splitlines())


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, object]]:
    folder = tmp_path_factory.mktemp("corpus")
    buyer, shop = "a1@buyers.example", "shop@seller.example"
    mails = [
        mail(
            TIP, sender=shop, to=buyer, In_Reply_To="<q1@home.example>"
        ),  # before the question: the order is no matter
        mail(ASKED, sender=buyer, to=shop, Message_ID="<q1@home.example>"),
        mail(TIP + "\n" + quoted(ASKED), sender=shop, to=buyer),
        mail(TIP, sender=shop, to="a2@buyers.example", In_Reply_To="<q1@home.example>"),
        mail(TIP, sender="rival@shop.example", to=buyer, In_Reply_To="<q1@home.example>"),
        mail(BEGS, sender="away@buyers.example", to=shop, Message_ID="<v@home.example>", Auto_Submitted="auto-replied"),
        mail(TIP, sender=shop, to="away@buyers.example", References="<v@home.example>"),
        mail(TIP + "\n" + quoted(ASKED), sender=shop, to="a1+x7@buyers.example", In_Reply_To="<q1@home.example>"),
        mail(BEGS, sender=shop, to="friend@home.example"),
    ]
    corpus = mbox(folder / "in.mbox", mails)
    return rows(audited(folder / "a", corpus, alias_domains=("buyers.example",), size=3, workers=2))


def test_an_answer_to_a_message_of_the_corpus_is_a_reply(found: list[dict[str, object]]) -> None:
    assert [row["reply"] for row in found] == [
        "thread", "none", "original_only", "none", "none", "none", "none", "thread+original", "none",
    ]  # fmt: skip
    assert [row["in_reply"] for row in found] == [row["reply"] != "none" for row in found]
    assert "reply" not in found[0]["assumed"]  # type: ignore[operator]
    assert "reply" in found[3]["assumed"], "what the corpus does not hold is not disproved"  # type: ignore[operator]


def test_the_other_direction_is_not_judged_and_nothing_of_it_is_kept(found: list[dict[str, object]]) -> None:
    assert [row["direction"] for row in found] == ["out", "in", "out", "out", "out", "in", "out", "out", "other"]
    for row in (found[1], found[5], found[8]):
        assert (row["verdict"], row["content"], row["intents"]) == ("not_judged", None, [])
        assert "buyers.example" not in str(row["seller"])


def test_a_record_may_say_itself_whether_it_is_a_reply(tmp_path: Path) -> None:
    headers = {"From": "shop@seller.example", "To": "a1@buyers.example"}
    corpus = jsonl(tmp_path / "in.jsonl", [{"body": TIP, "headers": headers, "context": {"reply": "thread"}}])
    (row,) = rows(audited(tmp_path / "a", corpus, alias_domains=("buyers.example",)))
    assert row["reply"] == "thread"
