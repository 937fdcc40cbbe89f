"""JDBC URLs of Oracle's thin and OCI drivers, as far as this project must understand them.

The driver itself connects by the URL as it is written; here only hosts and ports (for security groups
and reachability) and the service name (for Debezium) are read from it. A URL with credentials is refused:
Kafka Connect would show it to everybody.
"""

import re
from dataclasses import dataclass

from connector.domain.errors import SecretError
from connector.domain.secrets.characters import BLANKS

DEFAULT_PORT = 1521

_LINE_BREAKS = re.compile(r"[ \t]*[\t\r\n][ \t\r\n]*")
_URL = re.compile(r"jdbc:oracle:(?:thin|oci):(?P<credentials>[^@]*)@(?P<rest>\S.*)", re.DOTALL)
_CREDENTIALS = re.compile(r"password|\b(?:user|username|pwd)\s*=", re.IGNORECASE)
_EASY = re.compile(
    r"(?:tcps?://|//)?(?P<hosts>[^/?()]+)"
    r"(?:/(?P<service>[A-Za-z0-9_.$#-]+)(?::[A-Za-z]+)?(?:/[A-Za-z0-9_.$#-]+)?)?(?:\?.*)?"
)
_HOST_PORT_SID = re.compile(r"(?P<hosts>[^:]+:[0-9]+):(?P<sid>[A-Za-z0-9_.$#-]+)")
_HOST = re.compile(r"\(\s*HOST\s*=\s*([^)\s]+)\s*\)", re.IGNORECASE)
_PORT = re.compile(r"\(\s*PORT\s*=\s*([0-9]+)\s*\)", re.IGNORECASE)
_SERVICE = re.compile(r"\(\s*(?:SERVICE_NAME|SID)\s*=\s*([^)\s]+)\s*\)", re.IGNORECASE)

_EXPECTED = (
    "expected jdbc:oracle:thin:@//host:port/service, jdbc:oracle:thin:@host:port:sid "
    "or a DESCRIPTION with HOST and PORT in each ADDRESS"
)


@dataclass(frozen=True)
class OracleAddress:
    """What a URL says: each `(host, port)` and the service name or SID, if it has one."""

    endpoints: tuple[tuple[str, int], ...]
    service: str | None


def tidied(url: str) -> str:
    """The URL without blanks around it and, if it is a DESCRIPTION, on one line.

    Blanks between the parts of a DESCRIPTION have no meaning: in tnsnames.ora one is written in many lines.
    In the short form a blank behind the service's name would be part of the name.
    """
    url = url.strip(BLANKS)
    return _LINE_BREAKS.sub(" ", url) if "(" in url else url


def parse_oracle_url(path: str, url: str) -> OracleAddress:
    """Hosts, ports and service in `url`, the URL of the secret at `path`; never quotes the URL.

    Raises `SecretError` for credentials in it, for a TNS alias (the worker has no tnsnames.ora) and for
    whatever else names no host.
    """
    match = _URL.fullmatch(url)
    if _CREDENTIALS.search(url) or (match is not None and match["credentials"]):
        raise SecretError(
            f"secret {path}: the 'url' must not contain credentials; put them into 'username' and 'password'"
        )
    if match is None or "${" in url:
        raise SecretError(f"secret {path}: the 'url' cannot be parsed; {_EXPECTED}")
    rest = match["rest"]
    if not rest.startswith("(") and re.search(r"\s", rest):
        raise SecretError(f"secret {path}: the 'url' has a space or a line break in it; {_EXPECTED}")
    found = _description(rest) if rest.startswith("(") else _easy_connect(rest)
    if found is None:
        raise SecretError(f"secret {path}: no host and port found in the 'url'; {_EXPECTED}")
    return found


def _description(text: str) -> OracleAddress | None:
    hosts, ports = _HOST.findall(text), _PORT.findall(text)
    if not hosts or len(hosts) != len(ports):
        return None
    service = _SERVICE.search(text)
    return OracleAddress(
        tuple((host, int(port)) for host, port in zip(hosts, ports, strict=True)),
        service[1] if service else None,
    )


def _easy_connect(text: str) -> OracleAddress | None:
    with_sid = _HOST_PORT_SID.fullmatch(text)
    if with_sid is not None:
        endpoints = _endpoints(with_sid["hosts"])
        return None if endpoints is None else OracleAddress(endpoints, with_sid["sid"])
    match = _EASY.fullmatch(text)
    if match is None:
        return None
    # A bare word is a TNS alias, not a host.
    if match["service"] is None and not re.search(r":[0-9]+$", match["hosts"]):
        return None
    endpoints = _endpoints(match["hosts"])
    return None if endpoints is None else OracleAddress(endpoints, match["service"])


def _endpoints(hosts: str) -> tuple[tuple[str, int], ...] | None:
    """`a:1521,b:1522`; in `a,b:1522` the port stands for both, as the driver reads it."""
    port = DEFAULT_PORT
    found: list[tuple[str, int]] = []
    for entry in reversed(hosts.split(",")):
        host, colon, digits = entry.strip().partition(":")
        if colon:
            if not re.fullmatch(r"[0-9]{1,5}", digits):
                return None
            port = int(digits)
        found.append((host, port))
    return tuple(reversed(found))
