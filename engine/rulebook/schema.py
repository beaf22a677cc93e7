"""What a pack of rules may say: the schema of the YAML files, and the source of the JSON Schema for editors."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from engine.decide.words import INTENTS as INTENTS
from engine.decide.words import LABELS as INTENT_LABELS
from engine.find.finding import Strength
from engine.message.parts import PartKind

Identifier = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_.-]*$", max_length=100)]
Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$", max_length=60)]
Code = Literal["fr", "en", "de", "it", "es", "nl", "pl", "sv", "any"]
Status = Literal["draft", "shadow", "warn", "enforce", "retired"]
When = str | dict[str, list[Any]]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class Scope(_Strict):
    """Where a rule looks. `body` takes in quotation, signature, hidden text and calendar, which are judged apart."""

    parts: list[PartKind] = Field(default=["subject", "body"], min_length=1)
    within: Literal["segment", "message"] = "segment"


class Find(_Strict):
    """One thing to look for: phrases, a list of phrases, a regex (RE2) or a fact of the message."""

    phrases: list[str] | None = Field(default=None, min_length=1)
    list_: str | None = Field(default=None, alias="list", description="name of a file of lists/, one phrase a line")
    regex: str | None = None
    text: Literal["folded", "original"] = "folded"
    unless_negated: bool = False
    only_negated: bool = False
    fact: str | None = None
    above: float | int | None = None
    below: float | int | None = None
    matches: str | None = Field(default=None, description="a regex (RE2) that one of the fact's values matches")
    host_not_in: str | None = Field(default=None, description="name of a list of hosts")
    longer_than: int | None = None


class TestText(_Strict):
    """A test message by its parts."""

    subject: str = ""
    body: str = ""
    html: str = ""
    mail: str = Field(default="", description="a whole mail, headers and all")
    in_reply: bool = False
    lang: Code | None = None


class Test(_Strict):
    """One test of a rule: exactly one of hit, miss, todo-hit, todo-miss."""

    hit: str | TestText | None = None
    miss: str | TestText | None = None
    todo_hit: str | TestText | None = Field(default=None, alias="todo-hit")
    todo_miss: str | TestText | None = Field(default=None, alias="todo-miss")
    lang: Code | None = None
    spans: dict[str, str] = {}
    because: str | None = None

    @model_validator(mode="after")
    def _one_kind(self) -> Test:
        given = [name for name in ("hit", "miss", "todo_hit", "todo_miss") if getattr(self, name) is not None]
        if len(given) != 1:
            raise ValueError("a test is exactly one of hit, miss, todo-hit, todo-miss")
        return self


class StopIf(_Strict):
    """The brake: a freshly changed rule that hits a larger share of the last messages falls back to shadow."""

    share_above: float = Field(gt=0, le=1)
    of_last: int = Field(gt=0)


class Rule(_Strict):
    """A rule: what to find, what it means, and the tests that hold it to that."""

    id: Identifier
    revision: int = Field(ge=1)
    title: str = Field(min_length=1)
    intent: Literal[INTENT_LABELS] | None = None  # type: ignore[valid-type]
    flag: Identifier | None = None
    strength: Strength | None = None
    status: Status = "enforce"
    languages: list[Code] = Field(min_length=1)
    scope: Scope = Scope()
    find: dict[Name, Find] = Field(min_length=1)
    when: When
    except_: dict[Name, list[Name]] = Field(default={}, alias="except")
    explain: str = ""
    stop_if: StopIf | None = None
    tests: list[Test] = Field(min_length=1)


class Pack(_Strict):
    """A file of rules."""

    pack: Identifier
    rules: list[Rule]
