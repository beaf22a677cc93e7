"""What holds for the whole store, kept in it: every host that shares the store goes by the same."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from datetime import timedelta
from difflib import get_close_matches
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from engine.context.addresses import canonical_domain
from engine.context.database import insert_new
from engine.context.schema import setting
from engine.errors import UsageError

SHORTEST_LOCAL_PART = 8
_LONGEST_LOCAL_PART = 64  # RFC 5321


@dataclass(frozen=True, slots=True)
class Settings:
    """The settings of a store. Raises UsageError for a value that cannot work.

    `alias_domains`: the domains of buyers' aliases, the first for new ones; `alias_length`: characters of a new alias,
    domain and @ included (R-07); `platform_names`: names that no business may bear (R-13); `time_zone`: where a day
    ends; `orders_max_age_minutes`: how old the order feed may be to say that there is no order; `order_open_days`: how
    long a closed order still counts; `uncertain_max_per_day`: how many uncertain messages a seller may send a day;
    `archive`: a folder or an fsspec URL.
    """

    alias_domains: tuple[str, ...] = ()
    alias_length: int = 35
    platform_names: tuple[str, ...] = ()
    time_zone: str = "UTC"
    orders_max_age_minutes: int = 60
    order_open_days: int = 60
    uncertain_max_per_day: int = 50
    archive: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "alias_domains", tuple(canonical_domain(domain) for domain in self.alias_domains))
        object.__setattr__(self, "platform_names", tuple(self.platform_names))
        for name in ("orders_max_age_minutes", "order_open_days", "uncertain_max_per_day"):
            if getattr(self, name) < 0:
                raise UsageError(f"the setting {name} cannot be negative")
        try:
            ZoneInfo(self.time_zone)
        except (KeyError, ValueError, OSError) as error:  # no such zone, or no name of one
            raise UsageError(f"there is no time zone {self.time_zone!r}; write one such as Europe/Paris") from error
        if self.alias_domains:
            self._check_length()

    def _check_length(self) -> None:
        domain = self.alias_domains[0]
        if self.local_part < SHORTEST_LOCAL_PART:
            raise UsageError(
                f"an alias of {self.alias_length} characters at {domain} leaves {self.local_part} before the @, and "
                f"{SHORTEST_LOCAL_PART} are needed; set alias_length to {SHORTEST_LOCAL_PART + 1 + len(domain)} or more"
            )
        if self.local_part > _LONGEST_LOCAL_PART:
            raise UsageError(
                f"an alias of {self.alias_length} characters at {domain} has {self.local_part} before the @, and mail "
                f"allows {_LONGEST_LOCAL_PART}; set alias_length to {_LONGEST_LOCAL_PART + 1 + len(domain)} or less"
            )

    @property
    def local_part(self) -> int:
        """How many characters a new alias has before the @."""
        return self.alias_length - 1 - len(self.alias_domains[0])

    @property
    def zone(self) -> ZoneInfo:
        """The marketplace's time zone."""
        return ZoneInfo(self.time_zone)

    @property
    def orders_max_age(self) -> timedelta:
        """How old the order feed may be to say that there is no order."""
        return timedelta(minutes=self.orders_max_age_minutes)


_KINDS: dict[str, Any] = {field.name: type(field.default) for field in fields(Settings)}


def settings_of(values: Mapping[str, Any]) -> Settings:
    """Return the settings that `values` give (lists as lists or texts parted by commas). Raises UsageError."""
    return Settings(**{name: _value(name, value) for name, value in values.items()})


def _value(name: str, value: Any) -> Any:
    kind = _KINDS.get(name)
    if kind is None:
        close = get_close_matches(name, _KINDS, n=1)
        hint = f" Did you mean {close[0]}?" if close else ""
        raise UsageError(f"there is no setting {name}.{hint} Settings: {', '.join(_KINDS)}.")
    if kind is tuple:
        words = value.split(",") if isinstance(value, str) else value
        if isinstance(words, list | tuple) and all(isinstance(word, str) for word in words):
            return tuple(word.strip() for word in words if word.strip())
        raise UsageError(f"the setting {name} takes words parted by commas, not {value!r}")
    if kind is int:
        try:
            return int(value)
        except (TypeError, ValueError):
            raise UsageError(f"the setting {name} takes a whole number, not {value!r}") from None
    return str(value)


def read_settings(connection: Connection) -> Settings:
    """Return the settings of the store."""
    rows = connection.execute(sa.select(setting.c.name, setting.c.value)).all()
    return settings_of({name: json.loads(value) for name, value in rows})


def change_settings(connection: Connection, values: Mapping[str, Any]) -> Settings:
    """Change some settings and return all of them. Raises UsageError; nothing is changed then."""
    changed = settings_of({**asdict(read_settings(connection)), **values})
    for name, value in asdict(changed).items():
        text = json.dumps(value, ensure_ascii=False)
        if not insert_new(connection, setting, {"name": name, "value": text}):
            connection.execute(sa.update(setting).where(setting.c.name == name).values(value=text))
    return changed
