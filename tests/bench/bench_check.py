"""How long the rules take for one mail, in process: `Filter.check(Message.parse(raw))`, without a model.

The mails have 2 to 5 kB, text and HTML, eight languages in turn, once without and once with a long quotation. The
yardstick is the standard library's own reading of the same mails (`message_from_bytes` of the default policy compat32
and the decoded text of all text parts), in turns with ours. The last lines say where the time goes.
"""

from __future__ import annotations

import email
import statistics

from figures import in_turns, machine, p95
from mails import mails

from engine import Filter, Message
from engine.text.reading import read

MAILS = 160
ROUNDS = 7


def read_with_the_standard_library(raw: bytes) -> list[str]:
    texts = []
    for part in email.message_from_bytes(raw).walk():
        if part.get_content_maintype() == "text":
            payload = part.get_payload(decode=True)
            assert isinstance(payload, bytes)
            texts.append(payload.decode(part.get_content_charset("us-ascii"), "replace"))
    return texts


def measure(judge: Filter, some: list[bytes], name: str) -> None:
    ours, library = in_turns(
        [lambda raw: judge.check(Message.parse(raw)), read_with_the_standard_library], some, ROUNDS
    )
    size = statistics.mean(map(len, some))
    print(f"{name}: {len(some)} mails of {size / 1000:.1f} kB on average, {ROUNDS} rounds")
    for who, times in (("check", ours), ("the standard library's parse", library)):
        print(f"  {who:<30}median {statistics.median(times) * 1e3:6.2f} ms   p95 {p95(times) * 1e3:6.2f} ms")
    print(f"  {'ratio':<30}median {statistics.median(ours) / statistics.median(library):6.2f}", end="")
    print(f"      all mails {sum(ours) / sum(library):.2f}")

    messages = [Message.parse(raw) for raw in some]
    (parse,) = in_turns([Message.parse], some, 3)
    reading, found, whole = (sum(times) for times in in_turns([read, judge.find, judge.check], messages, 3))
    steps = {"parse": sum(parse), "read": reading, "find": found - reading, "decide": whole - found}
    print("  of it: " + ", ".join(f"{step} {time / len(some) * 1e3:.2f} ms" for step, time in steps.items()))


def main() -> None:
    print(machine())
    judge = Filter.load(model="off")
    for raw in mails(MAILS, seed=2, quoted=True):  # warm: patterns are compiled when first needed
        judge.check(Message.parse(raw))
    print(f"{len(judge.plan.rules)} rules")
    measure(judge, mails(MAILS), "without quotation")
    measure(judge, mails(MAILS, quoted=True), "with a long quotation")


if __name__ == "__main__":
    main()
