"""The secret `dbInfo`: where the source database is and who logs in.

Accepts what the predecessor, its sibling systems and the RDS credential template write, and becomes one
frozen type here; nothing else in the project reads the raw fields.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from connector.domain.errors import SecretError
from connector.domain.secrets.hosts import plausible
from connector.domain.secrets.oracle_url import DEFAULT_PORT, OracleAddress, parse_oracle_url, tidied
from connector.domain.secrets.redacted import Redacted
from connector.domain.secrets.secrets import (
    StoredSecret,
    credential,
    described,
    json_object,
    present_key,
    required_text,
)

_HOST = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?")
# Service names, SIDs and PDB names go into the connector config and into URLs as they are.
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.$#-]{0,127}")

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
#: Every key that `dbInfo` may have.
DATABASE_KEYS = (*(key for keys in _FIELDS.values() for key in keys), *_IGNORED)


#: `oracle`, and what RDS and RDS Custom call their editions: oracle-se2, oracle-ee-cdb, custom-oracle-ee
#: (Amazon RDS API reference, CreateDBInstance, Engine). People write them in any case.
_ORACLE = re.compile(r"(?:custom-)?oracle(?:-[a-z0-9]+)*", re.IGNORECASE | re.ASCII)


@dataclass(frozen=True)
class Database:
    """A source database, which is Oracle. Address parts may appear in templates; user and password may not.

    `endpoints` are the hosts and ports in `url` where there is one, for that is what the driver connects
    to. `dbname` is the service name that the secret or its URL names. `user_key` and `password_key` are the
    JSON keys under which ECS finds the credentials in the secret.
    """

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
    fields = json_object(path, stored.text, known=DATABASE_KEYS)
    _refuse_other_engines(path, fields)
    url = _url(path, fields)
    address = None if url is None else parse_oracle_url(path, url)
    sid, dbname = _name(path, fields, "sid"), _name(path, fields, "dbname")
    if dbname is None and address is not None:
        dbname = address.service
    if sid is None and dbname is None:
        raise SecretError(
            f"secret {path} lacks 'dbname' (a service name), 'sid' or a 'url' with a service; give one"
        )
    _optional(path, fields, "schema")
    return Database(
        endpoints=_endpoints(path, fields, address),
        dbname=dbname,
        sid=sid,
        pdb=_name(path, fields, "pdb"),
        url=url,
        user=credential(path, fields, *_FIELDS["user"]),
        password=credential(path, fields, *_FIELDS["password"]),
        user_key=present_key(path, fields, *_FIELDS["user"]) or "username",
        password_key=_FIELDS["password"][0],
    )


def _refuse_other_engines(path: str, fields: Mapping[str, Any]) -> None:
    text = _optional(path, fields, "engine")
    if text is not None and not _ORACLE.fullmatch(text):
        raise SecretError(
            f"secret {path}: engine is {described(text)}, which is unknown; allowed: oracle, or RDS's name "
            "of an edition of it (oracle-se2, custom-oracle-ee-cdb)"
        )


def _url(path: str, fields: Mapping[str, Any]) -> str | None:
    """The URL as the driver gets it, on one line and without blanks around it."""
    url = _optional(path, fields, "url")
    return None if url is None else tidied(url)


def _endpoints(
    path: str, fields: Mapping[str, Any], address: OracleAddress | None
) -> tuple[tuple[str, int], ...]:
    host = _optional(path, fields, "host")
    if address is not None:
        found = tuple(
            (_checked_host(path, named), _checked_port(path, port)) for named, port in address.endpoints
        )
        _refuse_contradiction(path, fields, host, found)
        return found
    if host is None:
        raise SecretError(f"secret {path} lacks 'host' (or 'ip'); give one, or a 'url'")
    return ((_checked_host(path, host), _port(path, fields)),)


def _refuse_contradiction(
    path: str, fields: Mapping[str, Any], host: str | None, endpoints: tuple[tuple[str, int], ...]
) -> None:
    """The driver uses the URL only: another host or port beside it is a mistake, since it has no effect."""
    hosts = {named.lower() for named, _ in endpoints}
    if host is not None and host.lower() not in hosts:
        raise SecretError(
            f"secret {path}: host is {described(host)}, not in the 'url', which names {len(hosts)}; "
            "remove one of them"
        )
    given = fields.get("port")
    ports = {port for _, port in endpoints}
    if given in (None, ""):
        return
    port = _checked_port(path, given)
    if port not in ports:
        raise SecretError(
            f"secret {path}: port {port} is not in the 'url', which has "
            f"{', '.join(map(str, sorted(ports)))}; remove one of them"
        )


def _checked_host(path: str, host: str) -> str:
    if not _HOST.fullmatch(host) or not plausible(host):
        raise SecretError(
            f"secret {path}: host is {described(host)}, neither an IPv4 address nor a host name"
        )
    return host


def _port(path: str, fields: Mapping[str, Any]) -> int:
    """The listener's usual port where none is given; nobody uses Debezium's own default, 1528."""
    value = fields.get("port")
    return DEFAULT_PORT if value in (None, "") else _checked_port(path, value)


def _checked_port(path: str, value: object) -> int:
    text = str(value).strip()
    if not re.fullmatch(r"[0-9]{1,5}", text) or not 1 <= int(text) <= 65535:
        raise SecretError(f"secret {path}: port is {described(value)}, not a number from 1 to 65535")
    return int(text)


def _name(path: str, fields: Mapping[str, Any], field: str) -> str | None:
    name = _optional(path, fields, field)
    if name is not None and not _NAME.fullmatch(name):
        key = present_key(path, fields, *_FIELDS[field])
        raise SecretError(
            f"secret {path}: {key!r} is {described(name)}, not a database name; "
            "expected letters, digits and _.$#-"
        )
    return name


def _optional(path: str, fields: Mapping[str, Any], field: str) -> str | None:
    key = present_key(path, fields, *_FIELDS[field])
    return None if key is None else required_text(path, fields, key, confidential=True)
