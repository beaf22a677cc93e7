"""Where the data that ships with Tamis lies: inside the installed package, or beside it in a checkout."""

from __future__ import annotations

from pathlib import Path

from engine.errors import TamisError

_PACKAGE = Path(__file__).parent


def rules_dir() -> Path:
    """Return the folder of the shipped rules. Raises `TamisError` when there is none."""
    return _found("rules", "rules")


def classifier_dir() -> Path:
    """Return the folder of the shipped classifier. Raises `TamisError` when there is none."""
    return _found("models/classifier", "classifier files")


def _found(folder: str, what: str) -> Path:
    places = (_PACKAGE / folder, _PACKAGE.parent / folder)
    for place in places:
        if place.is_dir():
            return place
    looked = " and ".join(str(place) for place in places)
    raise TamisError(f"the {what} that ship with Tamis are missing (looked in {looked}); install Tamis again")
