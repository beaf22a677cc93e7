"""Where the data that ships with Tamis lies: inside the installed package, or beside it in a checkout."""

from __future__ import annotations

from pathlib import Path

from engine.errors import TamisError

_PACKAGE = Path(__file__).parent


def rules_dir() -> Path:
    """Return the folder of the shipped rules. Raises `TamisError` when there is none."""
    places = (_PACKAGE / "rules", _PACKAGE.parent / "rules")
    for place in places:
        if place.is_dir():
            return place
    looked = " and ".join(str(place) for place in places)
    raise TamisError(f"the rules that ship with Tamis are missing (looked in {looked}); install Tamis again")
