"""The secret `dbInfo`: where the source database is and who logs in.

Accepts what the predecessor, its sibling systems and the RDS credential template write, and becomes one
frozen type here; nothing else in the project reads the raw fields.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from connector.domain.errors import SecretError
from connector.domain.redacted import Redacted
from connector.domain.secrets import StoredSecret, json_object, present_key, required_text

_HOST = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?")
_EASY_CONNECT = re.compile(r"@(?://)?(?P<host>[^:/()?]+):(?P<port>[0-9]+)")
_DESCRIPTION_HOST = re.compile(r"\(\s*HOST\s*=\s*([^)\s]+)\s*\)", re.IGNORECASE)
_DESCRIPTION_PORT = re.compile(r"\(\s*PORT\s*=\s*([0-9]+)\s*\)", re.IGNORECASE)

_FIELDS = {
    "host": ("host", "ip"),
    "port": ("port",),
    "dbname": ("dbname", "db"),
    "sid": ("sid",),
    "user": ("username", "user"),
    "password": ("password",),
    "schema": ("schema",),
    "pdb": ("pdb", "pdbName", "pdb_name"),
    "url": ("url", "jdbcUrl", "connectionUrl"),
    "engine": ("engine",),
}
#: Keys that the RDS credential template adds and this project has no use for.
_IGNORED = ("dbInstanceIdentifier", "dbClusterIdentifier", "masterarn")


class Engine(StrEnum):
    """Which Debezium connector reads the database."""

    ORACLE = "oracle"
    #: A stand-in for the local world and for tests, not a product.
    POSTGRES = "postgres"

    @property
    def default_port(self) -> int:
        """The listener's usual port; Debezium's own default for Oracle, 1528, is nobody's."""
        return 1521 if self is Engine.ORACLE else 5432


@dataclass(frozen=True)
class Database:
    """A source database. Address parts may appear in templates; user and password may not.

    `user_key` and `password_key` are the JSON keys under which ECS finds the credentials in the secret.
    """

    engine: Engine
    endpoints: tuple[tuple[str, int], ...]
    dbname: str | None
    sid: str | None
    pdb: str | None
    url: str | None
    user: Redacted
    password: Redacted
    user_key: str
    password_key: str

    @property
    def host(self) -> str:
        """The first (usually only) host."""
        return self.endpoints[0][0]

    @property
    def port(self) -> int:
        """The first (usually only) port."""
        return self.endpoints[0][1]


def parse_database(stored: StoredSecret) -> Database:
    """`dbInfo` as a `Database`; raises `SecretError` naming the field and what is allowed."""
    path = stored.path
    fields = json_object(path, stored.text)
    _refuse_unknown(path, fields)
    engine = _engine(path, fields)
    url = _optional(path, fields, "url")
    if url is not None and "password" in url.lower():
        raise SecretError(f"secret {path}: the URL must not carry credentials; use username and password")
    sid = _optional(path, fields, "sid")
    dbname = _optional(path, fields, "dbname")
    if url is None and sid is None and dbname is None:
        raise SecretError(f"secret {path} lacks 'dbname' (a service name), 'sid' or 'url'; give one")
    return Database(
        engine=engine,
        endpoints=_endpoints(path, fields, engine, url),
        dbname=dbname,
        sid=sid,
        pdb=_optional(path, fields, "pdb"),
        url=url,
        user=Redacted(required_text(path, fields, *_FIELDS["user"], confidential=True)),
        password=Redacted(required_text(path, fields, *_FIELDS["password"], confidential=True)),
        user_key=present_key(path, fields, *_FIELDS["user"]) or "username",
        password_key=_FIELDS["password"][0],
    )


def _refuse_unknown(path: str, fields: Mapping[str, Any]) -> None:
    known = {key for keys in _FIELDS.values() for key in keys} | set(_IGNORED)
    unknown = sorted(set(fields) - known)
    if unknown:
        raise SecretError(
            f"secret {path} has the unknown key {unknown[0]!r}; known: {', '.join(sorted(known))}"
        )


def _engine(path: str, fields: Mapping[str, Any]) -> Engine:
    text = _optional(path, fields, "engine")
    if text is None:
        return Engine.ORACLE
    # RDS writes the edition behind a hyphen: oracle-se2, oracle-ee-cdb.
    base = "postgres" if text in ("postgres", "postgresql") else text.split("-")[0]
    try:
        return Engine(base)
    except ValueError:
        raise SecretError(f"secret {path}: engine {text!r} is unknown; allowed: oracle, postgres") from None


def _endpoints(
    path: str, fields: Mapping[str, Any], engine: Engine, url: str | None
) -> tuple[tuple[str, int], ...]:
    host = _optional(path, fields, "host")
    if host is not None:
        return ((_checked_host(path, host), _port(path, fields, engine)),)
    if url is None:
        raise SecretError(f"secret {path} lacks 'host' (or 'ip'); give one, or a 'url'")
    easy = _EASY_CONNECT.search(url)
    if easy is not None:
        return ((_checked_host(path, easy["host"]), int(easy["port"])),)
    hosts, ports = _DESCRIPTION_HOST.findall(url), _DESCRIPTION_PORT.findall(url)
    if hosts and len(hosts) == len(ports):
        pairs = zip(hosts, ports, strict=True)
        return tuple((_checked_host(path, host), int(port)) for host, port in pairs)
    raise SecretError(
        f"secret {path}: no host and port found in the URL; expected jdbc:oracle:thin:@//host:port/service "
        "or a DESCRIPTION with HOST and PORT in each ADDRESS"
    )


def _checked_host(path: str, host: str) -> str:
    if not _HOST.fullmatch(host):
        raise SecretError(f"secret {path}: host {host!r} is neither an address nor a host name")
    return host


def _port(path: str, fields: Mapping[str, Any], engine: Engine) -> int:
    value = fields.get("port")
    if value is None or value == "":
        return engine.default_port
    text = str(value).strip()
    if isinstance(value, bool) or not re.fullmatch(r"[0-9]{1,5}", text) or not 1 <= int(text) <= 65535:
        raise SecretError(f"secret {path}: port {value!r} is not a number from 1 to 65535")
    return int(text)


def _optional(path: str, fields: Mapping[str, Any], field: str) -> str | None:
    key = present_key(path, fields, *_FIELDS[field])
    return None if key is None else required_text(path, fields, key)
