"""nginx with the very configuration that docs/guide/proxy.md shows."""

from __future__ import annotations

import re
import shutil
import socket
import subprocess
import time
from pathlib import Path
from typing import Self

PAGE = Path(__file__).parents[2] / "docs/guide/proxy.md"
START_SECONDS = 20


def free_port() -> int:
    """Tell a port that nobody has."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


class Nginx:
    """nginx before a server on this machine, which is at `/a/b/` of it; a context."""

    def __init__(self, folder: Path, port: int, server_port: int) -> None:
        self.folder = folder
        self.port = port
        found = re.search(r"```nginx\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
        assert found
        block = found[1]
        # Where things are is all that is another here than on the page.
        for shown, here in [
            ("listen 80;", f"listen 127.0.0.1:{port};"),
            ("127.0.0.1:8000", f"127.0.0.1:{server_port}"),
            ("/var/cache/nginx/projectile", str(folder / "cache")),
            ("server_name example.org;", "server_name 127.0.0.1 localhost;"),
            ("location /maps/", "location /a/b/"),
        ]:
            assert block.count(shown) == 1, shown
            block = block.replace(shown, here)
        scratch = "".join(
            f"    {kind}_temp_path {folder}/{kind};\n"
            for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
        )
        self._file = folder / "nginx.conf"
        self._file.write_text(
            f"daemon off;\nmaster_process off;\nworker_processes 1;\npid {folder}/pid;\nerror_log {folder}/error.log;\n"
            f"events {{}}\nhttp {{\n    access_log {folder}/access.log;\n{scratch}{block}}}\n"
        )

    def __enter__(self) -> Self:
        program = shutil.which("nginx") or "/usr/sbin/nginx"
        command = [
            program,
            "-p",
            str(self.folder),
            "-c",
            str(self._file),
            "-e",
            str(self.folder / "error.log"),
        ]
        self._process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        until = time.monotonic() + START_SECONDS
        while True:
            with socket.socket() as trial:
                if trial.connect_ex(("127.0.0.1", self.port)) == 0:
                    return self
            assert self._process.poll() is None, (self.folder / "error.log").read_text()
            assert time.monotonic() < until, "nginx does not listen"
            time.sleep(0.05)

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
