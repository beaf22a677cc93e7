"""Reads the results of a finished audit, part by part."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from engine.audit.settings import read_manifest
from engine.errors import InputError


class Results:
    """A folder of results with its manifest."""

    def __init__(self, folder: Path) -> None:
        """Read the manifest. Raises InputError for a folder that holds no finished results this version can read."""
        self.folder = folder
        self.manifest = read_manifest(folder)
        try:
            self.settings: dict[str, Any] = self.manifest["settings"]
            self.corpus: dict[str, Any] = self.manifest["corpus"]
            files = [file["path"] for file in self.manifest["files"]]
        except (KeyError, TypeError) as error:
            raise InputError(
                f"{folder}: not finished, or damaged; start the audit again with its own command"
            ) from error
        self._parts = [name.removeprefix("messages/") for name in files if name.startswith("messages/")]

    @property
    def parts(self) -> int:
        """How many parts there are."""
        return len(self._parts)

    def messages(self, part: int, columns: Sequence[str] | None = None) -> Any:
        """Return the messages of a part as a table. Raises InputError where the file is missing or damaged."""
        return self._table("messages", part, columns)

    def findings(self, part: int, columns: Sequence[str] | None = None) -> Any:
        """Return the findings of a part as a table. Raises InputError where the file is missing or damaged."""
        return self._table("findings", part, columns)

    def findings_of(self, part: int, numbers: Sequence[int]) -> dict[int, list[dict[str, Any]]]:
        """Return the findings of some messages of a part, by the message's number."""
        found: dict[int, list[dict[str, Any]]] = {number: [] for number in numbers}
        if numbers:
            table = self.findings(part)
            kept = table.filter(pc.is_in(table["number"], value_set=pa.array(numbers, pa.int64())))
            for row in kept.to_pylist():
                found[row["number"]].append(row)
        return found

    def _table(self, name: str, part: int, columns: Sequence[str] | None) -> Any:
        path = self.folder / name / self._parts[part]
        try:
            return pq.read_table(path, columns=list(columns) if columns is not None else None)
        except (OSError, pa.ArrowException) as error:
            raise InputError(f"{path}: missing or damaged; remove the results and make them again") from error

    def each(self) -> Iterator[int]:
        """Yield the numbers of the parts."""
        return iter(range(self.parts))
