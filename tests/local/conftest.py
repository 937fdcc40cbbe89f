"""The embedded AWS alone, with a tiny program in the Connect worker's place: seconds instead of a JVM."""

import stat
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from connector.local import aws, leftovers
from connector.local.addresses import free_port
from connector.local.seeds import SeededAccount
from connector.local.toolchain import Toolchain

#: Behaves as the image's entry point: finds its address by the metadata endpoint and answers on 8083; on
#: `/hold/N` it takes N MiB of memory. The variables BEHAVIOUR (`die`, `deaf`) and the file `BEHAVIOUR_FILE`
#: make it fail as real workers do.
_ENTRYPOINT = """\
#!{python}
import http.server, json, os, signal, sys, urllib.request
meta = json.load(urllib.request.urlopen(os.environ["ECS_CONTAINER_METADATA_URI_V4"]))
address = meta["Networks"][0]["IPv4Addresses"][0]
if os.environ.get("BEHAVIOUR") == "die":
    print("INFO starting"); print("ERROR no such broker " + os.environ.get("KAFKA_PASSWORD", "")); sys.exit(3)
signal.signal(signal.SIGTERM, lambda *_: (print("leaving", flush=True), sys.exit(0)))
held = []
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        if self.path.startswith("/hold/"):
            held.extend(bytearray(b"x" * (1 << 20)) for _ in range(int(self.path[6:])))
        body = json.dumps({{"environment": dict(os.environ), "cwd": os.getcwd()}}).encode()
        self.send_response(200); self.end_headers(); self.wfile.write(body)
    def log_message(self, *args): pass
print("worker at", address, flush=True)
if os.environ.get("BEHAVIOUR") == "deaf":
    signal.pause()
http.server.ThreadingHTTPServer((address, 8083), Handler).serve_forever()
"""


class Embedded:
    """A running embedded AWS."""

    def __init__(self, endpoint: str, state: Path) -> None:
        self.endpoint = endpoint
        self.state = state
        self.account = SeededAccount(endpoint)

    def client(self, service: str) -> Any:
        """A client of this server."""
        return self.account.client(service)


@pytest.fixture(scope="session")
def tools(tmp_path_factory: pytest.TempPathFactory) -> Toolchain:
    """A toolchain whose image is the tiny program."""
    target = tmp_path_factory.mktemp("image")
    script = target / "connect" / "bin" / "entrypoint.sh"
    script.parent.mkdir(parents=True)
    script.write_text(_ENTRYPOINT.format(python=sys.executable), encoding="utf-8")
    script.chmod(script.stat().st_mode | stat.S_IXUSR)
    return Toolchain(Path("/usr"), "mvn", target)


def serve(state: Path, tools: Toolchain, *, enforce_iam: bool) -> Iterator[Embedded]:
    port = free_port()
    process = aws.start(
        state, port, tools, tools.connect_home, enforce_iam=enforce_iam, log=state / "logs" / "aws.log"
    )
    try:
        aws.wait(process, f"http://127.0.0.1:{port}")
        yield Embedded(f"http://127.0.0.1:{port}", state)
    finally:
        aws.stop(process)
        leftovers.end_tasks(state)


@pytest.fixture(scope="session")
def embedded(tmp_path_factory: pytest.TempPathFactory, tools: Toolchain) -> Iterator[Embedded]:
    """The embedded AWS, rights not enforced."""
    yield from serve(tmp_path_factory.mktemp("aws"), tools, enforce_iam=False)


@pytest.fixture(scope="session")
def enforcing(tmp_path_factory: pytest.TempPathFactory, tools: Toolchain) -> Iterator[Embedded]:
    """The embedded AWS with IAM policies evaluated."""
    yield from serve(tmp_path_factory.mktemp("aws-iam"), tools, enforce_iam=True)
