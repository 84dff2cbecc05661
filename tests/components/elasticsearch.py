"""A real Elasticsearch 8.19 on loopback, without Docker: the `integ-test-zip` from Maven Central, run by an ordinary user.

It is the server with few modules (no scripts, no language analyzers): what works here works on every official distribution.
Also run by benchmarks and soaks; `Elasticsearch(nodes=3)` gives a cluster whose nodes can be killed.
"""

from __future__ import annotations

import contextlib
import json
import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
import zipfile
from base64 import b64encode
from collections.abc import Mapping
from pathlib import Path

ROOT = Path(__file__).parents[2]
VERSION = "8.19.21"
ARTIFACT = f"org.elasticsearch.distribution.integ-test-zip:elasticsearch:{VERSION}:zip"
ROLES = ROOT / "deploy" / "elasticsearch" / "roles.yml"
SERVER_USER = "tradewarn-es"
#: user → (password, roles). `boss` may do everything: for what tests do behind our back.
USERS: Mapping[str, tuple[str, str]] = {
    "boss": ("boss-secret", "superuser"),
    "loader": ("loader-secret", "indexer"),
    "looker": ("looker-secret", "reader"),
}


def obtain() -> Path:
    """The unpacked server under .components/, fetched once. Raises CalledProcessError when Maven cannot."""
    components = ROOT / ".components"
    home = components / f"elasticsearch-{VERSION}"
    if (home / "bin" / "elasticsearch").exists():
        return home
    components.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=components) as fresh:
        maven = ["mvn", "-q", "-B"]
        subprocess.run([*maven, "dependency:get", "-Dtransitive=false", f"-Dartifact={ARTIFACT}"], check=True)
        subprocess.run(
            [*maven, "dependency:copy", f"-Dartifact={ARTIFACT}", f"-DoutputDirectory={fresh}"], check=True, cwd=fresh
        )
        (packed,) = Path(fresh).glob("*.zip")
        with zipfile.ZipFile(packed) as archive:
            archive.extractall(fresh)
        unpacked = Path(fresh) / f"elasticsearch-{VERSION}"
        for tool in (unpacked / "bin").iterdir():
            tool.chmod(0o755)
        with contextlib.suppress(OSError):  # another process was first
            unpacked.rename(home)
    return home


class Elasticsearch:
    """`nodes` servers of one cluster. `urls` are their addresses in order."""

    def __init__(self, nodes: int = 1, heap: str = "256m") -> None:
        self._user = _ordinary_user()
        self._folder = Path(tempfile.mkdtemp(prefix="tradewarn-es-"))
        self._folder.chmod(0o755)
        self._home = self._reachable(obtain())
        self._heap = heap
        ports = _free_ports(2 * nodes)
        self.ports, self._transport = ports[:nodes], ports[nodes:]
        self._processes: dict[int, subprocess.Popen[bytes]] = {}
        for node in range(nodes):
            self._configure(node)
        if self._user:
            subprocess.run(["chown", "-R", f"{self._user.pw_uid}:{self._user.pw_gid}", str(self._folder)], check=True)
        for node in range(nodes):
            self._add_users(node)
            self.start(node)
        self.wait(nodes)

    @property
    def urls(self) -> list[str]:
        return [f"http://127.0.0.1:{port}" for port in self.ports]

    def start(self, node: int) -> None:
        log = (self._folder / f"node{node}" / "out.log").open("ab")
        command = [str(self._home / "bin" / "elasticsearch"), "-p", str(self._folder / f"node{node}" / "pid")]
        self._processes[node] = self._popen(command, node, log)

    def _popen(self, command: list[str], node: int, log: object) -> subprocess.Popen[bytes]:
        identity = {"user": self._user.pw_uid, "group": self._user.pw_gid, "extra_groups": []} if self._user else {}
        return subprocess.Popen(
            command,
            env=self._environment(node),
            stdout=log,  # type: ignore[call-overload]
            stderr=subprocess.STDOUT,
            cwd=self._folder,
            start_new_session=True,
            **identity,
        )

    def kill(self, node: int) -> None:
        """kill -9, as a power cut would."""
        process = self._processes.pop(node)
        pid = self._folder / f"node{node}" / "pid"
        for number in {process.pid, int(pid.read_text()) if pid.exists() else process.pid}:
            with contextlib.suppress(ProcessLookupError):
                os.kill(number, 9)
        process.wait(timeout=30)

    def close(self) -> None:
        for node in list(self._processes):
            self.kill(node)
        shutil.rmtree(self._folder, ignore_errors=True)

    def wait(self, nodes: int = 1, timeout: float = 300) -> None:
        """Until so many nodes are there and every shard is where it should be."""
        deadline = time.monotonic() + timeout
        path = f"/_cluster/health?wait_for_nodes={nodes}&wait_for_no_initializing_shards=true&timeout=1s"
        while time.monotonic() < deadline:
            for node, process in self._processes.items():
                if process.poll() is not None:
                    log = (self._folder / f"node{node}" / "out.log").read_text(errors="replace")
                    raise RuntimeError(f"Elasticsearch node {node} ended: {log[-3000:]}")
            with contextlib.suppress(OSError, urllib.error.URLError, ValueError):
                health = self.ask("GET", path)
                if not health["timed_out"] and health["status"] in {"green", "yellow"}:
                    return
            time.sleep(0.2)
        raise TimeoutError(f"Elasticsearch is not ready after {timeout} s")

    def ask(self, method: str, path: str, body: object = None, node: int | None = None) -> dict[str, object]:
        """A request as `boss`, behind our client's back. Raises urllib.error.HTTPError."""
        port = self.ports[next(iter(self._processes)) if node is None else node]
        request = urllib.request.Request(
            f"http://127.0.0.1:{port}{path}",
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={
                "Content-Type": "application/json",
                "Authorization": "Basic " + b64encode(f"boss:{USERS['boss'][0]}".encode()).decode(),
            },
        )
        with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310
            return dict(json.load(answer))

    def _reachable(self, home: Path) -> Path:
        """The server's home, or a copy where the ordinary user may read it."""
        if not self._user or all(folder.stat().st_mode & 0o005 == 0o005 for folder in [home, *home.parents]):
            return home
        copy = self._folder / "home"
        shutil.copytree(home, copy)
        return copy

    def _configure(self, node: int) -> None:
        folder = self._folder / f"node{node}"
        for name in ("config", "data", "logs", "tmp"):
            (folder / name).mkdir(parents=True)
        shutil.copytree(self._home / "config", folder / "config", dirs_exist_ok=True)
        seeds = [f"127.0.0.1:{port}" for port in self._transport]
        single = len(self.ports) == 1
        settings = {
            "cluster.name": f"tradewarn-{self.ports[0]}",
            "node.name": f"node{node}",
            "network.host": "127.0.0.1",
            "http.port": self.ports[node],
            "transport.port": self._transport[node],
            "path.data": str(folder / "data"),
            "path.logs": str(folder / "logs"),
            "xpack.security.enabled": True,
            "xpack.security.transport.ssl.enabled": False,
            "xpack.security.http.ssl.enabled": False,
            "xpack.security.enrollment.enabled": False,
            "ingest.geoip.downloader.enabled": None,
            "cluster.routing.allocation.disk.threshold_enabled": False,
            "discovery.type": "single-node" if single else None,
            "discovery.seed_hosts": None if single else seeds,
            "cluster.initial_master_nodes": None if single else [f"node{n}" for n in range(len(self.ports))],
        }
        lines = [f"{name}: {json.dumps(value)}" for name, value in settings.items() if value is not None]
        (folder / "config" / "elasticsearch.yml").write_text("\n".join(lines) + "\n", encoding="utf-8")
        shutil.copy(ROLES, folder / "config" / "roles.yml")

    def _add_users(self, node: int) -> None:
        """The file realm's two files, as `elasticsearch-users useradd` writes them (which takes two seconds a user)."""
        config = self._folder / f"node{node}" / "config"
        template = self._folder / "node0" / "config"
        if node:
            for name in ("users", "users_roles"):
                shutil.copy(template / name, config / name)
        else:
            for user, (password, role) in USERS.items():
                tool = [str(self._home / "bin" / "elasticsearch-users"), "useradd", user, "-p", password, "-r", role]
                log = (self._folder / "users.log").open("ab")
                if self._popen(tool, node, log).wait(timeout=60):
                    raise RuntimeError((self._folder / "users.log").read_text(errors="replace"))
        if self._user:
            for name in ("users", "users_roles"):
                os.chown(config / name, self._user.pw_uid, self._user.pw_gid)

    def _environment(self, node: int) -> dict[str, str]:
        folder = self._folder / f"node{node}"
        java = next((str(p) for p in sorted(Path("/usr/lib/jvm").glob("*17*")) if (p / "bin/java").exists()), "")
        return {
            "PATH": os.environ["PATH"],
            "HOME": str(self._folder),
            "ES_PATH_CONF": str(folder / "config"),
            "ES_TMPDIR": str(folder / "tmp"),
            "ES_JAVA_OPTS": f"-Xms{self._heap} -Xmx{self._heap}",
            "CLI_JAVA_OPTS": "-Xms16m -Xmx64m",
            **({"ES_JAVA_HOME": java} if java else {}),
        }


def _ordinary_user() -> pwd.struct_passwd | None:
    """Whom to run as; None: ourselves. Elasticsearch refuses root, so a user is made for it."""
    if os.geteuid() != 0:
        return None
    try:
        return pwd.getpwnam(SERVER_USER)
    except KeyError:
        subprocess.run(
            ["useradd", "--system", "--no-create-home", "--shell", "/usr/sbin/nologin", SERVER_USER], check=True
        )
        return pwd.getpwnam(SERVER_USER)


def _free_ports(count: int) -> list[int]:
    sockets = [socket.socket() for _ in range(count)]
    try:
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in sockets]
    finally:
        for one in sockets:
            one.close()
