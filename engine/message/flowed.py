"""format=flowed (RFC 3676): lines that the sender's client cut are put together again."""

from __future__ import annotations


def unflow(text: str, delete_space: bool) -> str:
    """Return `text` with its soft line ends removed; quoted lines keep one `> ` a level, as other mail has them."""
    out: list[str] = []
    depth = -1
    for line in text.split("\n"):
        content = line.lstrip(">")
        quotes = len(line) - len(content)
        content = content.removeprefix(" ")
        if quotes == depth:
            out.append(content)
        else:
            out.append(("\n" if out else "") + _mark(quotes) + content)
        if content.endswith(" ") and content != "-- ":
            depth = quotes
            if delete_space:
                out[-1] = out[-1][:-1]
        else:
            depth = -1
    return "".join(out)


def _mark(quotes: int) -> str:
    return ">" * quotes + " " if quotes else ""
