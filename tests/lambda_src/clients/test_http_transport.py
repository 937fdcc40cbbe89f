"""HTTP over real sockets: what is sent, how long is waited, whom it trusts, and what failures read like."""

import ast
import re
import subprocess
import sys
import threading
import tomllib
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import ClassVar

import pytest
import requests
from urllib3.connectionpool import HTTPConnectionPool
from urllib3.exceptions import ConnectTimeoutError, MaxRetryError

from connector.domain.errors import ServerError
from lambda_src.clients.http_transport import HttpTransport
from lambda_src.clients.transport import NotConnected
from tests.support.tls_front import tls_front

FUNCTIONS = Path(__file__).parents[3] / "lambda_src"


class Server(BaseHTTPRequestHandler):
    hang = threading.Event()
    asked: ClassVar[list[tuple[str, dict[str, str]]]] = []

    def do_GET(self) -> None:
        self.asked.append((self.path, dict(self.headers)))
        if self.path == "/hang":
            self.hang.wait(5)
            return
        if self.path == "/closed":
            self.close_connection = True
            return
        self.send_response(302 if self.path == "/moved" else 409)
        self.send_header("Location", "/elsewhere")
        self.send_header("Set-Cookie", "stays=no")
        self.end_headers()
        self.wfile.write(b'{"message": "rebalance"}')

    def log_message(self, *_: object) -> None: ...


@pytest.fixture
def url() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Server)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    Server.hang.clear()
    Server.asked.clear()
    yield f"http://127.0.0.1:{server.server_port}"
    Server.hang.set()
    server.shutdown()
    server.server_close()


def test_a_reply_is_handed_on_whatever_its_status_and_no_redirect_is_followed(url: str) -> None:
    transport = HttpTransport()
    assert transport.request("GET", f"{url}/", None, 5).body == b'{"message": "rebalance"}'
    assert transport.request("GET", f"{url}/", None, 5).status == 409
    assert transport.request("GET", f"{url}/moved", None, 5).status == 302
    assert [path for path, _ in Server.asked] == ["/", "/", "/moved"]


def test_no_request_depends_on_the_one_before_or_on_the_environment(
    url: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A proxy of the environment would be asked instead; a password of .netrc would be sent."""
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login somebody password secret\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    transport = HttpTransport()
    for _ in range(2):
        assert transport.request("GET", f"{url}/", None, 5).status == 409
    for _, headers in Server.asked:
        assert not {"Cookie", "Authorization"} & headers.keys()


def test_a_server_that_hangs_is_given_up_in_time(url: str) -> None:
    with pytest.raises(ServerError, match="no answer within") as caught:
        HttpTransport().request("GET", f"{url}/hang", None, 0.2)
    assert caught.value.retriable


def test_a_request_whose_answer_is_cut_off_is_not_sent_again(url: str) -> None:
    with pytest.raises(ServerError, match="the connection was closed too early") as caught:
        HttpTransport().request("GET", f"{url}/closed", None, 5)
    assert caught.value.retriable
    assert not isinstance(caught.value, NotConnected)
    assert [path for path, _ in Server.asked] == ["/closed"]


def test_a_port_on_which_nobody_listens_is_reported_in_words_and_apart_from_a_late_answer(url: str) -> None:
    with pytest.raises(NotConnected, match="^connection refused$") as caught:
        HttpTransport().request("GET", "http://127.0.0.1:9/", None, 2)
    assert caught.value.retriable
    with pytest.raises(ServerError) as late:
        HttpTransport().request("GET", f"{url}/hang", None, 0.2)
    assert not isinstance(late.value, NotConnected)


def test_a_host_that_does_not_answer_is_not_connected_to(monkeypatch: pytest.MonkeyPatch) -> None:
    def late(*_: object, **__: object) -> None:
        reason = ConnectTimeoutError("timed out")
        raise requests.ConnectTimeout(MaxRetryError(HTTPConnectionPool("x"), "/", reason))

    monkeypatch.setattr(requests.Session, "request", late)
    with pytest.raises(NotConnected, match="^no connection within 5 s$"):
        HttpTransport().request("GET", "http://127.0.0.1:9/", None, 30)


@pytest.fixture
def unused_tcp_port() -> int:
    with ThreadingHTTPServer(("127.0.0.1", 0), Server) as server:
        return int(server.server_port)


def test_of_certificates_only_the_given_authority_s_are_trusted(tmp_path: Path, unused_tcp_port: int) -> None:
    """The authority itself passes TLS: the front then finds nobody behind it."""
    other = tmp_path / "other"
    other.mkdir()
    with (
        tls_front(unused_tcp_port, other) as (_, stranger),
        tls_front(unused_tcp_port, tmp_path) as (port, certificate),
    ):
        url = f"https://127.0.0.1:{port}/"
        with pytest.raises(ServerError) as trusted:
            HttpTransport(certificate.read_text()).request("GET", url, None, 5)
        assert "TLS failed" not in str(trusted.value)
        for authority in (stranger.read_text(), None):
            with pytest.raises(ServerError, match="TLS failed: .*certificate verify failed"):
                HttpTransport(authority).request("GET", url, None, 5)


def test_with_an_authority_of_its_own_no_public_one_is_trusted(tmp_path: Path, unused_tcp_port: int) -> None:
    with tls_front(unused_tcp_port, tmp_path) as (port, certificate):
        transport = HttpTransport(certificate.read_text())
        with pytest.raises(ServerError):
            transport.request("GET", f"https://127.0.0.1:{port}/", None, 5)
    adapter = transport._session.get_adapter("https://x")
    pool = adapter.poolmanager.connection_from_url(  # type: ignore[attr-defined]
        f"https://127.0.0.1:{port}/", pool_kwargs={"cert_reqs": "CERT_REQUIRED"}
    )
    assert (pool.ca_certs, pool.ca_cert_dir) == (None, None)
    assert pool.conn_kw["ca_cert_data"] == certificate.read_text()


def test_an_authority_of_the_environment_is_not_trusted(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, unused_tcp_port: int
) -> None:
    with tls_front(unused_tcp_port, tmp_path) as (port, certificate):
        for variable in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
            monkeypatch.setenv(variable, str(certificate))
        with pytest.raises(ServerError, match="TLS failed: .*certificate verify failed"):
            HttpTransport().request("GET", f"https://127.0.0.1:{port}/", None, 5)


#: Whatever a module could send HTTP with.
HTTP_CLIENTS = {"requests", "urllib3", "http.client", "urllib.request", "httpx", "aiohttp"}


def _imports(path: Path) -> set[str]:
    """The modules that a file imports, with what it takes from them."""
    found = set[str]()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return found


def test_connect_and_the_metrics_page_are_asked_through_requests_and_nothing_else() -> None:
    """One module sends HTTP, with `requests`; everything else gets its transport."""
    senders = {
        path.relative_to(FUNCTIONS).as_posix(): {
            client
            for client in HTTP_CLIENTS
            for name in _imports(path)
            if name == client or name.startswith(f"{client}.")
        }
        for path in FUNCTIONS.rglob("*.py")
    }
    assert {path: found for path, found in senders.items() if found} == {
        "clients/http_transport.py": {"requests", "urllib3"}
    }
    assert isinstance(HttpTransport()._session, requests.Session)
    project = tomllib.loads((FUNCTIONS.parent / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert any(re.match(r"requests\b", each) for each in project["dependencies"])


def test_a_handler_is_imported_without_the_http_client() -> None:
    """A cold start pays for it only when it asks Connect."""
    code = "import sys, lambda_src.connect_admin.handler, lambda_src.connect_health.handler as h\n"
    done = subprocess.run([sys.executable, "-c", f"{code}assert 'requests' not in sys.modules"], check=False)
    assert done.returncode == 0
