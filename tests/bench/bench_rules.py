"""What 10,000 rules cost instead of 200: for one message, for a cold start, and for a start from the plan cache.

The rules are generated, all in English, of the shape analysts write: four phrases with gaps, alternatives and open
endings, and a second find that takes hits back. Half of the words come from the corpus, half are invented, so that most
rules are no candidate for a given message; each has the least tests a rule must have. The rest of the folder is the
shipped one. Loads are measured in fresh processes. The first message comes apart: what the filter needs once to look
for all literals is made then.
"""

from __future__ import annotations

import json
import os
import random
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from figures import in_turns, machine
from mails import CORPUS, mails

from engine import Filter, Message
from engine.data import rules_dir

COUNTS = (200, 10_000)
A_FILE = 100  # rules in one file
MAILS = 60
ROUNDS = 7
LOADS = 3
SYLLABLES = [a + b for a in "bcdfghjklmnprstvwz" for b in ("a", "e", "i", "o", "u", "an", "el", "is", "or", "un")]
INTENTS = ("marketing", "stock_out.out", "review_request.product", "off_platform_contact", "proactive_service.tips")
RULE = """\
  - id: bench.generated-{number}.en
    revision: 1
    title: A generated rule, number {number}
    explain: Says what its words say; made for the benchmark.
    intent: {intent}
    strength: strong
    languages: [en]
    find:
      said:
        phrases: {said}
      other:
        phrases: {other}
    when: {{all: [said]}}
    except: {{said: [other]}}
    tests:
      - hit: "Well, {hit}."
      - miss: "Nothing of the kind is said here."
"""
LOAD = """
import json, sys, time
from engine import Filter, Message
begin = time.perf_counter()
judge = Filter.load(rules=sys.argv[1], model="off")
loaded = time.perf_counter()
judge.check(Message.parse(open(sys.argv[2], "rb").read()))
print(json.dumps([loaded - begin, time.perf_counter() - loaded]))
"""


class Words:
    """Draws words: every second one from the corpus, the others invented."""

    def __init__(self, seed: int) -> None:
        self._draw = random.Random(seed)
        text = "".join(path.read_text("utf-8") for path in sorted(CORPUS.glob("*en.jsonl")))
        self._known = sorted(set(re.findall(r"\b[a-z]{3,12}\b", text)))

    def word(self) -> str:
        if self._draw.random() < 0.5:
            return self._draw.choice(self._known)
        return "".join(self._draw.choice(SYLLABLES) for _ in range(self._draw.randint(2, 4)))

    def phrase(self) -> tuple[str, str]:
        """Return a phrase and a text that it matches."""
        one, two, three, four = (self.word() for _ in range(4))
        return self._draw.choice(
            [
                (f"{one}* .. {two}", f"{one}s and then {two}"),
                (f"({one}|{three}) (the|your|our)? ({two}|{four})", f"{three} your {two}"),
                (f"{one} {two}* .. ({three}|{four})", f"{one} {two} so {four}"),
                (f"({one}|{three}) .. {two}", f"{one} the {two}"),
            ]
        )


def make_rules(folder: Path, count: int) -> None:
    """Write a rules folder with `count` generated rules."""
    shutil.copytree(rules_dir(), folder, ignore=shutil.ignore_patterns("packs"))
    pack = folder / "packs" / "bench"
    pack.mkdir(parents=True)
    words = Words(seed=1)
    for first in range(0, count, A_FILE):
        rules = []
        for number in range(first, min(first + A_FILE, count)):
            said, other = [words.phrase() for _ in range(4)], [words.phrase()]
            rules.append(
                RULE.format(
                    number=number,
                    intent=INTENTS[number % len(INTENTS)],
                    said=json.dumps([phrase for phrase, _ in said]),
                    other=json.dumps([phrase for phrase, _ in other]),
                    hit=said[0][1],
                )
            )
        (pack / f"en-{first:05}.yaml").write_text("pack: bench\nrules:\n" + "\n".join(rules), "utf-8")


def load(rules: Path, mail: Path, cache: Path) -> tuple[float, float]:
    """Return the seconds a fresh process takes to load, and for its first message."""
    command = [sys.executable, "-c", LOAD, str(rules), str(mail)]
    environment = {**os.environ, "TAMIS_CACHE_DIR": str(cache)}
    loaded, first = json.loads(subprocess.run(command, env=environment, stdout=subprocess.PIPE, check=True).stdout)
    return loaded, first


def measure_loads(count: int, rules: Path, mail: Path, cache: Path) -> None:
    cold, warm = [], []
    for _ in range(LOADS):
        shutil.rmtree(cache, ignore_errors=True)
        cold.append(load(rules, mail, cache)[0])
        warm.append(load(rules, mail, cache))
    loaded, first = (statistics.median(times) for times in zip(*warm, strict=True))
    size = sum(path.stat().st_size for path in cache.glob("plan-*")) / 1e6
    print(
        f"{count:>6,} rules: load {statistics.median(cold):6.2f} s cold, {loaded:5.2f} s from the cache ({size:.1f} MB)"
    )
    print(f"              then {first:.2f} s for the first message")


def main() -> None:
    print(machine())
    some = mails(MAILS * 8)[1::8]  # the English ones
    with tempfile.TemporaryDirectory() as folder:
        mail = Path(folder, "mail.eml")
        mail.write_bytes(some[0])
        filters = []
        for count in COUNTS:
            rules = Path(folder, f"rules-{count}")
            make_rules(rules, count)
            measure_loads(count, rules, mail, Path(folder, f"cache-{count}"))
            os.environ["TAMIS_CACHE_DIR"] = str(Path(folder, f"cache-{count}"))
            filters.append(Filter.load(rules=rules, model="off"))
        messages = [Message.parse(raw) for raw in some]
        in_turns([judge.check for judge in filters], messages, 1)  # warm: patterns are compiled when first needed
        few, many = in_turns([judge.check for judge in filters], messages, ROUNDS)
        hits = [sum(len(judge.find(message)[1]) for message in messages) / len(messages) for judge in filters]
    for count, times, found in zip(COUNTS, (few, many), hits, strict=True):
        print(f"{count:>6,} rules: check {sum(times) / len(times) * 1e3:6.2f} ms a message, {found:.2f} findings in it")
    print(
        f"the others cost {(sum(many) - sum(few)) / len(few) * 1e3:+.2f} ms a message, times {sum(many) / sum(few):.2f}"
    )


if __name__ == "__main__":
    main()
