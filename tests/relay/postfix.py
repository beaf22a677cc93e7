"""A private Postfix on loopback: own configuration, queue and log in a folder, nothing of the system's is touched."""

from __future__ import annotations

import base64
import json
import os
import pwd
import smtplib
import socket
import socketserver
import subprocess
import threading
import time
from pathlib import Path
from typing import Any

import pytest

_SERVICES = """\
127.0.0.1:{port} inet n - n - 50 smtpd
pickup    unix  n - n 60 1 pickup
cleanup   unix  n - n - 0 cleanup
qmgr      unix  n - n 300 1 qmgr
rewrite   unix  - - n - - trivial-rewrite
bounce    unix  - - n - 0 bounce
defer     unix  - - n - 0 bounce
trace     unix  - - n - 0 bounce
proxymap  unix  - - n - - proxymap
smtp      unix  - - n - 100 smtp
relay     unix  - - n - 100 smtp
showq     unix  n - n - - showq
error     unix  - - n - - error
retry     unix  - - n - - error
anvil     unix  - - n - 1 anvil
postlog   unix-dgram n - n - 1 postlogd
"""


def missing() -> str:
    """Return what keeps a Postfix from being started here, or an empty string."""
    if not Path("/usr/sbin/postfix").exists():
        return "Postfix is not installed (apt-get install postfix)"
    if os.geteuid() != 0:
        return "only root can start a Postfix"
    return ""


def need_postfix() -> None:
    """Go on only where a Postfix can be started: CI fails without one, elsewhere the test is skipped and says why."""
    problem = missing()
    if problem and (os.environ.get("CI") or os.environ.get("TAMIS_CI")):
        pytest.fail(problem)
    if problem:
        pytest.skip(problem)


class Postfix:
    """Runs while it is entered. `milter` is what stands in `smtpd_milters`; `login` accepts any password."""

    def __init__(self, base: Path, milter: str, sink: int, **settings: str) -> None:
        self.base = base
        self.port = _free_port()
        self._conf = base / "conf"
        self._auth = _Auth(base / "auth")
        self._settings = {
            "compatibility_level": "3.6",
            "queue_directory": f"{base}/queue",
            "data_directory": f"{base}/data",
            "command_directory": "/usr/sbin",
            "daemon_directory": "/usr/lib/postfix/sbin",
            "mail_owner": "postfix",
            "setgid_group": "postdrop",
            "maillog_file": f"{base}/maillog",
            "maillog_file_prefixes": str(base),
            "inet_interfaces": "127.0.0.1",
            "inet_protocols": "ipv4",
            "myhostname": "mx.test.invalid",
            "mydestination": "",
            "mynetworks": "127.0.0.0/8",
            "smtpd_relay_restrictions": "permit_mynetworks,reject",
            "relayhost": f"[127.0.0.1]:{sink}",
            "smtp_host_lookup": "native",
            "disable_dns_lookups": "yes",
            "alias_maps": "",
            "alias_database": "",
            "local_recipient_maps": "",
            "local_transport": "error:no local delivery",
            "smtpd_peername_lookup": "no",
            "smtpd_client_connection_count_limit": "0",
            "smtpd_sasl_auth_enable": "yes",
            "smtpd_sasl_type": "dovecot",
            "smtpd_sasl_path": f"{base}/auth",
            "message_size_limit": "60000000",
            "smtpd_milters": milter,
            "non_smtpd_milters": milter,
            "milter_protocol": "6",
            "milter_default_action": "tempfail",
            **settings,
        }

    def __enter__(self) -> Postfix:
        self._write()
        done = subprocess.run(["/usr/sbin/postfix", "-c", self._conf, "start"], capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr + self.log()
        end = time.monotonic() + 60
        while time.monotonic() < end:
            try:
                with socket.create_connection(("127.0.0.1", self.port), 5) as probe:
                    if probe.recv(3):
                        return self
            except OSError:
                time.sleep(0.05)
        raise TimeoutError(self.log())

    def __exit__(self, *_: object) -> None:
        subprocess.run(["/usr/sbin/postfix", "-c", self._conf, "stop"], capture_output=True)
        self._auth.close()

    def _write(self) -> None:
        for folder in (self._conf, self.base / "queue", self.base / "data"):
            folder.mkdir()
        owner = pwd.getpwnam("postfix")
        os.chown(self.base / "data", owner.pw_uid, owner.pw_gid)
        lines = (f"{name} = {value}\n" for name, value in self._settings.items())
        (self._conf / "main.cf").write_text("".join(lines))
        (self._conf / "master.cf").write_text(_SERVICES.format(port=self.port))
        (self._conf / "dynamicmaps.cf").write_text("")
        for file in self._conf.iterdir():  # Postfix waits at each file that is younger than a second
            os.utime(file, (time.time() - 60,) * 2)

    def client(self, login: str = "") -> smtplib.SMTP:
        """Return an SMTP client, logged in when a name is given."""
        client = smtplib.SMTP("127.0.0.1", self.port, timeout=120)
        client.ehlo("client.test.invalid")
        if login:
            client.login(login, "any")
        return client

    def queue(self) -> list[dict[str, Any]]:
        """Return the mails that wait in Postfix's queue."""
        done = subprocess.run(["/usr/sbin/postqueue", "-c", self._conf, "-j"], capture_output=True, text=True)
        return [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]

    def sendmail(self, raw: bytes, *recipients: str, sender: str) -> None:
        """Submit a mail by the local program."""
        command = ["/usr/sbin/sendmail", "-C", str(self._conf), "-i", "-f", sender, *recipients]
        subprocess.run(command, input=raw, check=True)

    def log(self) -> str:
        file = self.base / "maillog"
        return file.read_text(errors="replace") if file.exists() else ""


class _Auth:
    """Dovecot's side of the authentication protocol: every password is right, and the user is who says so."""

    def __init__(self, path: Path) -> None:
        class Handler(socketserver.StreamRequestHandler):
            def handle(self) -> None:
                self.wfile.write(b"VERSION\t1\t1\nMECH\tPLAIN\tplaintext\nSPID\t1\nCUID\t1\nCOOKIE\t00\nDONE\n")
                for line in self.rfile:
                    words = line.decode().rstrip("\n").split("\t")
                    if words[0] == "AUTH":
                        given = next(word[5:] for word in words if word.startswith("resp="))
                        user = base64.b64decode(given).split(b"\0")[1].decode()
                        self.wfile.write(f"OK\t{words[1]}\tuser={user}\n".encode())

        class Server(socketserver.ThreadingUnixStreamServer):
            daemon_threads = True

        self._server = Server(str(path), Handler)
        path.chmod(0o666)
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
