"""A PostgreSQL server of the tests' own: private folder, unix socket only, ended with the tests.

PostgreSQL refuses to run as root, so root's tests start it as another user.
"""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy.engine import URL

USER = "tamis"
INSTALL = "apt-get install postgresql"


def binaries() -> Path | None:
    """Return the folder of initdb and postgres: Debian keeps them outside the path, the newest version is taken."""
    debian = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    if debian:
        return debian[-1].parent
    found = shutil.which("initdb")
    return Path(found).resolve().parent if found else None


@contextmanager
def server(bin_folder: Path) -> Iterator[Path]:
    """Run a server; give the folder of its socket."""
    # Short, for a socket's path holds 107 characters.
    root = Path(tempfile.mkdtemp(prefix="tamis-pg-", dir="/tmp"))
    as_user = _other_user() if os.geteuid() == 0 else {}
    if as_user:
        os.chown(root, int(as_user["user"]), int(as_user["group"]))
    data = root / "data"
    process = None
    try:
        init = [bin_folder / "initdb", "-D", data, "-U", USER, "-A", "trust", "-E", "UTF8", "--locale=C", "-N"]
        subprocess.run(init, check=True, capture_output=True, cwd=root, **as_user)
        # Nothing here must survive a power cut, so nothing waits for the disk.
        options = ("listen_addresses=", f"unix_socket_directories={root}", "fsync=off", "max_connections=100")
        command = [bin_folder / "postgres", "-D", data, *(word for option in options for word in ("-c", option))]
        with (root / "log").open("wb") as log:
            process = subprocess.Popen(command, stdout=log, stderr=log, cwd=root, **as_user)
        _wait(bin_folder, root, process)
        yield root
    finally:
        if process is not None:
            process.send_signal(signal.SIGINT)  # fast shutdown: connections are closed
            process.wait(30)
        shutil.rmtree(root)


def url(folder: Path, database: str) -> str:
    """Return the URL of a database of the server whose socket lies in `folder`."""
    made = URL.create("postgresql", username=USER, database=database, query={"host": str(folder)})
    return made.render_as_string()


def _other_user() -> dict[str, int]:
    for name in ("postgres", "nobody"):
        try:
            found = pwd.getpwnam(name)
            return {"user": found.pw_uid, "group": found.pw_gid}
        except KeyError:
            continue
    raise RuntimeError("root's tests need a user `postgres` or `nobody` to run PostgreSQL as")


def _wait(bin_folder: Path, folder: Path, process: subprocess.Popen[bytes]) -> None:
    ask = [bin_folder / "pg_isready", "-q", "-h", folder, "-U", USER, "-d", "postgres"]
    for _ in range(300):
        if process.poll() is not None:
            break
        if subprocess.run(ask).returncode == 0:
            return
        time.sleep(0.1)
    raise RuntimeError(f"PostgreSQL did not start: {(folder / 'log').read_text()[-2000:]}")
