import json
import re
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.domain.errors import SecretError
from connector.domain.secrets.database import Database, parse_database
from tests.domain.given_secrets import PATH, stored, visible

USER, PASSWORD = "zq-user-7", "zq-password-8"
GOOD: dict[str, Any] = {
    "host": "10.1.2.3",
    "port": 1521,
    "dbname": "WMSPRD",
    "username": USER,
    "password": PASSWORD,
}


def parse(value: object) -> Database:
    return parse_database(stored(value))


def without(*keys: str, **more: object) -> dict[str, Any]:
    return {**{key: value for key, value in GOOD.items() if key not in keys}, **more}


ACCEPTED = {
    "RDS template": {
        **GOOD,
        "engine": "oracle-ee",
        "dbInstanceIdentifier": "wms",
        "masterarn": "arn:aws:secretsmanager:us-east-1:123456789012:secret:master",
    },
    "predecessor": {"ip": "10.1.2.3", "port": "1521", "db": "WMSPRD", "user": USER, "password": PASSWORD},
    "plain": GOOD,
    "both spellings that agree": {**GOOD, "ip": "10.1.2.3", "db": "WMSPRD", "user": USER},
    "no port": without("port"),
    "empty port": {**GOOD, "port": ""},
    "null is absent": {**GOOD, "sid": None, "url": None, "pdb": None, "ip": None},
    "schema": {**GOOD, "schema": "WMS"},
    "cluster": {**GOOD, "dbClusterIdentifier": "c", "engine": "oracle"},
}


@pytest.mark.parametrize("value", ACCEPTED.values(), ids=ACCEPTED)
def test_every_accepted_spelling_means_the_same_database(value: object) -> None:
    found = parse(value)
    assert (found.host, found.port, found.dbname) == (
        "10.1.2.3",
        1521,
        "WMSPRD",
    )
    assert (found.user.reveal(), found.password.reveal()) == (USER, PASSWORD)
    assert (found.sid, found.pdb, found.url) == (None, None, None)


@pytest.mark.parametrize("key", ["user", "username"])
def test_ecs_is_reported_the_key_under_which_the_user_really_is(key: str) -> None:
    found = parse(without("username", **{key: USER}))
    assert (found.user_key, found.password_key) == (key, "password")


@pytest.mark.parametrize("key", ["pdb", "pdbName", "pdb_name"])
def test_a_pluggable_database_has_three_spellings(key: str) -> None:
    assert parse({**GOOD, key: "WMSPDB1"}).pdb == "WMSPDB1"


def test_a_sid_may_stand_in_place_of_the_service_name() -> None:
    found = parse(without("dbname", sid="ORCL"))
    assert (found.sid, found.dbname) == ("ORCL", None)


def test_both_a_host_name_and_an_address_are_hosts() -> None:
    assert parse(without("host", ip="wms-db.example.gov")).host == "wms-db.example.gov"


#: As Amazon RDS's CreateDBInstance calls them.
EDITIONS = ("oracle-ee", "oracle-ee-cdb", "oracle-se2", "oracle-se2-cdb")


@pytest.mark.parametrize("engine", ["oracle", *EDITIONS, *(f"custom-{edition}" for edition in EDITIONS)])
@pytest.mark.parametrize("spelling", [str, str.upper, str.title])
def test_editions_of_oracle_are_oracle(engine: str, spelling: Callable[[str], str]) -> None:
    """Kind: RDS Custom's engines in any case are accepted, unseen characters are refused."""
    assert parse({**GOOD, "engine": spelling(engine)}) == parse(GOOD)


def test_without_a_port_it_is_the_listener_s_usual_one() -> None:
    assert parse(without("port")).port == 1521


OTHER_ENGINES = ("postgres", "postgresql", "aurora-postgresql", "mysql", "sqlserver-ee", "db2-se")
NO_ENGINES = (
    "custom-sqlserver-ee",
    "oracled",
    "myoracle",
    "oracle ",
    "oracle-",
    "custom-",
    "cu\u017ftom-oracle",
)


@pytest.mark.parametrize("engine", [*OTHER_ENGINES, *NO_ENGINES])
def test_another_engine_is_refused_in_a_line_that_names_the_key_and_not_the_value(engine: str) -> None:
    with pytest.raises(SecretError) as refused:
        parse({**GOOD, "engine": engine})
    words = (
        f"secret {PATH}: engine is a text of {len(engine)} characters, which is unknown; allowed: oracle, or"
    )
    assert str(refused.value).startswith(words)
    assert engine not in str(refused.value).partition("allowed")[0]


@given(st.sampled_from(EDITIONS), st.text("-acelorstum \n", min_size=1, max_size=3), st.integers(0, 20))
def test_an_engine_is_oracle_or_refused_and_never_another_database(edition: str, more: str, at: int) -> None:
    """An edition's name with letters pushed in: what is accepted still begins with Oracle's name."""
    engine = edition[:at] + more + edition[at:]
    error = refusal({**GOOD, "engine": engine})
    assert error is not None or re.match("(custom-)?oracle(-|$)", engine)
    assert error is not None or (engine.isprintable() and " " not in engine)


_FAILOVER = (
    "jdbc:oracle:thin:@(DESCRIPTION=(ADDRESS_LIST=(ADDRESS=(PROTOCOL=TCP)(HOST=db1.example)(PORT=1521))"
    "(ADDRESS=(PROTOCOL=TCP)( host = db2.example )( port = 1522 )))(CONNECT_DATA=(SERVICE_NAME=WMSPRD)))"
)
URLS = {
    "jdbc:oracle:thin:@//db1.example:1521/WMSPRD": ((("db1.example", 1521),), "WMSPRD"),
    "jdbc:oracle:thin:@db1.example:1522/WMSPRD": ((("db1.example", 1522),), "WMSPRD"),
    "jdbc:oracle:oci:@//db1.example/WMSPRD": ((("db1.example", 1521),), "WMSPRD"),
    "jdbc:oracle:thin:@db1.example:1521:ORCL": ((("db1.example", 1521),), "ORCL"),
    "jdbc:oracle:thin:@tcps://db1.example:2484/svc.x?ssl_server_dn_match=on": (
        (("db1.example", 2484),),
        "svc.x",
    ),
    "jdbc:oracle:thin:@//db1.example:1521/WMSPRD:dedicated": ((("db1.example", 1521),), "WMSPRD"),
    "jdbc:oracle:thin:@//db1.example:1521/WMSPRD:dedicated/inst1": ((("db1.example", 1521),), "WMSPRD"),
    "jdbc:oracle:thin:@//a:1521,b:1522/WMSPRD": ((("a", 1521), ("b", 1522)), "WMSPRD"),
    "jdbc:oracle:thin:@//a,b:1522/WMSPRD": ((("a", 1522), ("b", 1522)), "WMSPRD"),
    _FAILOVER: ((("db1.example", 1521), ("db2.example", 1522)), "WMSPRD"),
    "jdbc:oracle:thin:@(DESCRIPTION=(ADDRESS=(PORT=1)(HOST=h))(CONNECT_DATA=(SID=ORCL)))": (
        (("h", 1),),
        "ORCL",
    ),
}


@pytest.mark.parametrize("key", ["url", "jdbcUrl", "connectionUrl"])
@pytest.mark.parametrize(("url", "expected"), URLS.items())
def test_a_url_says_where_the_database_is(key: str, url: str, expected: tuple[object, str]) -> None:
    found = parse(without("host", "port", "dbname", **{key: url}))
    assert (found.endpoints, found.dbname) == expected
    assert found.url == url, "the driver is given the URL as it is written"


def test_where_there_is_a_url_the_flows_go_to_its_hosts_and_a_given_name_is_kept() -> None:
    url = "jdbc:oracle:thin:@//db1.example:1522/OTHER"
    for beside in ({}, {"host": "DB1.example"}, {"ip": "db1.example", "port": "1522"}, {"port": ""}):
        found = parse(without("host", "port", **beside, url=url))
        assert found.endpoints == (("db1.example", 1522),)
        assert found.dbname == "WMSPRD"


# What is wrong -> (the secret, words of the message that name the field and what is allowed).
BAD: dict[str, tuple[object, str]] = {
    "no JSON": ("not json", "is not valid JSON (line 1 column 1); expected an object"),
    "array": ([GOOD], "is a JSON array; expected an object"),
    "string": ('"x"', "is a JSON string; expected an object"),
    "empty object": ({}, "lacks 'dbname' (a service name), 'sid' or a 'url' with a service"),
    "no host": (without("host"), "lacks 'host' (or 'ip'); give one, or a 'url'"),
    "no database": (without("dbname"), "lacks 'dbname' (a service name), 'sid'"),
    "no user": (without("username"), "lacks 'username' or 'user'; it has dbname, host, password, port"),
    "no password": (without("password"), "lacks 'password'"),
    "null password": ({**GOOD, "password": None}, "lacks 'password'"),
    "empty password": ({**GOOD, "password": ""}, "'password' must be a text that is not empty"),
    "password a number": ({**GOOD, "password": 12345678}, "'password' must be a text"),
    "password a list": ({**GOOD, "password": [PASSWORD]}, "'password' must be a text"),
    "user an object": ({**GOOD, "username": {"name": USER}}, "'username' must be a text"),
    "blank user": ({**GOOD, "username": " "}, "'username' must be a text that is not empty"),
    "two users": ({**GOOD, "user": "other"}, "has 'username' and 'user' with different values"),
    "two hosts": ({**GOOD, "ip": "10.9.9.9"}, "has 'host' and 'ip' with different values"),
    "two names": ({**GOOD, "db": "OTHER"}, "has 'dbname' and 'db' with different values"),
    "two PDBs": ({**GOOD, "pdb": "A", "pdbName": "B"}, "has 'pdb' and 'pdbName' with different values"),
    "host a number": ({**GOOD, "host": 10}, "'host' must be a text"),
    "host with port": (
        {**GOOD, "host": "h:1521"},
        "host is a text of 6 characters, neither an IPv4 address nor a host",
    ),
    "host IPv6": ({**GOOD, "host": "2001:db8::1"}, "host is a text of 11 characters, neither an IPv4"),
    "an address cut short": ({**GOOD, "host": "10.1.2"}, "characters, neither an IPv4 address nor"),
    "an address too large": ({**GOOD, "host": "999.1.1.1"}, "characters, neither an IPv4 address"),
    "a name with a gap": ({**GOOD, "host": "db..example"}, "characters, neither an IPv4 address"),
    "host a number in quotes": ({**GOOD, "host": "10"}, "host is a text of 2 characters, neither"),
    "host none of the URL's": (
        without("port", url="jdbc:oracle:thin:@//db2.example,db1.example:1521/X"),
        "host is a text of 8 characters, not in the 'url', which names 2; remove one of them",
    ),
    "port none of the URL's": (
        without("host", url="jdbc:oracle:thin:@//db1.example:1522/X"),
        "port 1521 is not in the 'url', which has 1522; remove one of them",
    ),
    "host a URL": ({**GOOD, "host": "//h/x"}, "host is a text of 5 characters, neither"),
    "host with blanks": ({**GOOD, "host": " h "}, "host is a text of 3 characters, neither"),
    "a login in the host": ({**GOOD, "host": f"{USER}/{PASSWORD}@h"}, "host is a text of "),
    "the password in the host": ({**GOOD, "host": f"{PASSWORD}!"}, "host is a text of "),
    "port no number": ({**GOOD, "port": "x"}, "port is a text of 1 character, not a number from 1 to 65535"),
    "port 0": ({**GOOD, "port": 0}, "port is a number of 1 character, not a number from 1 to 65535"),
    "port 65536": ({**GOOD, "port": 65536}, "port is a number of 5 characters, not a number from 1 to 65535"),
    "port true": ({**GOOD, "port": True}, "port is a boolean, not a number"),
    "port a fraction": ({**GOOD, "port": 1521.5}, "port is a number of 6 characters, not a number"),
    "port negative": ({**GOOD, "port": -1}, "port is a number of 2 characters, not a number"),
    "port a list": ({**GOOD, "port": [1521]}, "port is an array of 1 entry, not a number"),
    "the password as port": ({**GOOD, "port": PASSWORD}, "port is a text of 13 characters, not a number"),
    "dbname a number": ({**GOOD, "dbname": 5}, "'dbname' must be a text"),
    "dbname with blanks": (
        {**GOOD, "dbname": "A B"},
        "'dbname' is a text of 3 characters, not a database name",
    ),
    "dbname a reference": ({**GOOD, "dbname": "${env:DATABASE_PASSWORD}"}, "not a database name"),
    "db misspelt": (without("dbname", db="A;B"), "'db' is a text of 3 characters, not a database name"),
    "sid a path": (without("dbname", sid="a/b"), "'sid' is a text of 3 characters, not a database name"),
    "pdb empty": ({**GOOD, "pdb": ""}, "'pdb' must be a text that is not empty"),
    "pdb with quotes": ({**GOOD, "pdb_name": 'a"b'}, "'pdb_name' is a text of 3 characters, not"),
    "the user as dbname": ({**GOOD, "dbname": f"{USER} "}, "'dbname' is a text of 10 characters"),
    "schema a list": ({**GOOD, "schema": ["WMS"]}, "'schema' must be a text"),
    "unknown key": ({**GOOD, "hostname": "h"}, "has 1 unknown key, at place 6 of 6; known: "),
    "wrong case": (without("password", Password=PASSWORD), "has 1 unknown key, at place 5 of 5"),
    "the password as key": ({**GOOD, f"{PASSWORD}x": 1}, "has 1 unknown key, at place 6 of 6"),
    "unknown engine": (
        {**GOOD, "engine": "mysql"},
        "engine is a text of 5 characters, which is unknown; allowed: oracle",
    ),
    "engine a list": ({**GOOD, "engine": ["oracle"]}, "'engine' must be a text"),
    "the password as engine": ({**GOOD, "engine": PASSWORD}, "engine is a text of 13 characters"),
    "url a list": ({**GOOD, "url": [f"{USER}/{PASSWORD}"]}, "'url' must be a text that is not empty"),
    "two urls": ({**GOOD, "url": "a", "jdbcUrl": "b"}, "has 'url' and 'jdbcUrl' with different values"),
    **{
        f"url {number}": (without("host", url=url), words)
        for number, (url, words) in enumerate(
            [
                ("db1.example:1521/x", "the 'url' cannot be parsed; expected jdbc:oracle:thin:@//host"),
                ("jdbc:postgresql://h/x", "the 'url' cannot be parsed"),
                ("jdbc:oracle:thin:@", "the 'url' cannot be parsed"),
                ("jdbc:oracle:thin:@WMSPRD", "no host and port found in the 'url'"),
                ("jdbc:oracle:thin:@(DESCRIPTION=(HOST=h))", "no host and port found in the 'url'"),
                ("jdbc:oracle:thin:@//h:port/x", "no host and port found in the 'url'"),
                ("jdbc:oracle:thin:@//h:99999/x", "port is a number of 5 characters, not a number"),
                ("jdbc:oracle:thin:@//[::1]:1521/x", "no host and port found in the 'url'"),
                ("jdbc:oracle:thin:@//-h:1521/x", "host is a text of 2 characters, neither"),
                ("jdbc:oracle:thin:@//${env:X}:1521/x", "the 'url' cannot be parsed"),
                (f"jdbc:oracle:thin:{USER}/{PASSWORD}@//h:1521/x", "must not contain credentials"),
                (f"jdbc:oracle:thin:{USER}@//h:1521/x", "must not contain credentials"),
                (f"jdbc:oracle:thin:/@//h:1521/x?user={USER}", "must not contain credentials"),
                (f"jdbc:oracle:thin:@//h:1521/x?PASSWORD={PASSWORD}", "must not contain credentials"),
            ]
        )
    },
    "url without service": (
        without("dbname", url="jdbc:oracle:thin:@h:1521"),
        "lacks 'dbname' (a service name), 'sid' or a 'url' with a service",
    ),
}


@pytest.mark.parametrize(("value", "words"), BAD.values(), ids=BAD)
def test_a_bad_shape_is_refused_in_one_line_that_names_path_and_field(value: object, words: str) -> None:
    with pytest.raises(SecretError) as refused:
        parse(value)
    message = str(refused.value)
    assert message.startswith(f"secret {PATH}")
    assert words in message
    assert message.isprintable()
    assert USER not in message
    assert PASSWORD not in message


@pytest.mark.parametrize("key", ["url", "jdbcUrl", "connectionUrl"])
@pytest.mark.parametrize("before", ["", " ", "\n"])
@pytest.mark.parametrize("behind", [" ", "\t", "\r\n", "  \n"])
def test_blanks_around_a_url_do_not_reach_the_driver(key: str, before: str, behind: str) -> None:
    """It would ask the listener for a service whose name ends with a blank.

    Kind: RDS Custom's engines in any case are accepted, unseen characters are refused.
    """
    url = "jdbc:oracle:thin:@//h.example:1521/ORCL"
    found = parse(without("host", "port", "dbname", **{key: f"{before}{url}{behind}"}))
    assert (found.url, found.dbname, found.endpoints) == (url, "ORCL", (("h.example", 1521),))


def test_a_description_in_many_lines_becomes_one_line() -> None:
    start, address, data = "(DESCRIPTION=", "(ADDRESS=(HOST=h)(PORT=1))", "(CONNECT_DATA=(SERVICE_NAME=W)))"
    lines = f"jdbc:oracle:thin:@{start}\r\n\t{address}\n  {data}\n"
    found = parse(without("host", "port", "dbname", url=lines))
    assert found.url == f"jdbc:oracle:thin:@{start} {address} {data}"
    assert (found.endpoints, found.dbname) == ((("h", 1),), "W")


@pytest.mark.parametrize(
    "url", ["//h:1521/W S", "//h:1521/W\nS", "// h:1521/W", "//a:1521, b:1522/W", "h :1521:S"]
)
def test_a_blank_within_a_short_url_is_refused(url: str) -> None:
    error = refusal(without("host", "port", url=f"jdbc:oracle:thin:@{url}"))
    assert error is not None
    assert "the 'url' has a space or a line break in it; expected" in str(error)


#: What comes along when a value is copied or saved -> how it is named.
UNSEEN = {
    "\n": "a line break (U+000A)",
    "\r": "a line break (U+000D)",
    "\t": "a tab (U+0009)",
    "\x00": "a control character (U+0000)",
    "\x7f": "a control character (U+007F)",
    "\u00a0": "a no-break space (U+00A0)",
    "\u00ad": "the character soft hyphen (U+00AD)",
    "\u200b": "a zero width space (U+200B)",
    "\u200e": "the character left-to-right mark (U+200E)",
    "\u2028": "the character line separator (U+2028)",
    "\u2060": "the character word joiner (U+2060)",
    "\u3164": "the character hangul filler (U+3164)",
    "\ud800": "a control character (U+D800)",
    "\ufe0f": "the character variation selector-16 (U+FE0F)",
    "\ufeff": "a byte order mark (U+FEFF)",
}


@pytest.mark.parametrize("character", UNSEEN, ids=[ascii(character) for character in UNSEEN])
@pytest.mark.parametrize(
    "key", ["username", "user", "password", "host", "ip", "dbname", "db", "sid", "pdb", "engine"]
)
def test_a_character_that_nobody_sees_is_refused_by_key_before_the_database_is_asked(
    key: str, character: str
) -> None:
    """Each try with such a user or password is a wrong login, and three lock the account.

    Kind: RDS Custom's engines in any case are accepted, unseen characters are refused.
    """
    other = {"user": "username", "ip": "host", "db": "dbname"}.get(key, key)
    for place, value in (
        ("at its start", f"{character}{GOOD.get(other, 'oracle')}"),
        ("in it", f"zq-{character}{GOOD.get(other, 'oracle')}"),
        ("at its end", f"{GOOD.get(other, 'oracle')}{character}"),
    ):
        error = refusal(without(other, **{key: value}))
        assert (
            str(error)
            == f"secret {PATH}: {key!r} has {UNSEEN[character]} {place}; write the value again without it"
        )


@pytest.mark.parametrize("key", ["username", "user", "password"])
@pytest.mark.parametrize("value", [f" {USER}", f"{USER} ", f" {USER}  "])
def test_a_login_with_a_space_around_it_is_refused_by_key(key: str, value: str) -> None:
    """ECS hands the worker the field as the secret has it, so leaving the space out here would not help."""
    error = refusal(without("username" if key == "user" else key, **{key: value}))
    assert f"secret {PATH}: {key!r} begins or ends with a space, so each try with it may be" in str(error)
    assert USER not in str(error)


def test_a_password_may_have_spaces_within_and_letters_of_any_script() -> None:
    assert parse({**GOOD, "password": "große Übung ☃ 変更"}).password.reveal() == "große Übung ☃ 変更"


@pytest.mark.parametrize("character", [*UNSEEN, " "], ids=ascii)
def test_a_key_that_looks_right_and_is_not_is_named_by_its_place(character: str) -> None:
    error = refusal({**without("username"), f"username{character}": USER})
    assert f"secret {PATH}: the name of key 5 of 5 has " in str(error)
    assert "write the key again" in str(error)


def test_a_line_break_that_json_does_not_allow_is_refused_by_key_too() -> None:
    text = json.dumps(GOOD).replace(PASSWORD, f"{PASSWORD}\n")
    assert "'password' has a line break (U+000A) at its end" in str(refusal(text))


# In brackets and long, so that chance does not put them into the fixed part of a message.
#: What somebody may paste into any field; no fixed text has it.
pasted = st.one_of(
    st.text("abcdefghijklmnopqrstuvwxyz0123456789", min_size=4, max_size=26).map("zq{}".format),
    st.text(visible, min_size=6, max_size=26).map("zq{}".format),
    st.integers(10**6, 10**12).map(str),
)
confidential = st.text(visible, min_size=8, max_size=30).map("<{}>".format)
anything = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.text(max_size=12)),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)
KEYS = [*("host", "ip", "port", "db", "dbname", "sid", "user", "username", "password", "schema", "pdb")]
KEYS += ["pdbName", "pdb_name", "url", "jdbcUrl", "connectionUrl", "engine", "other"]


@given(
    st.dictionaries(st.sampled_from(KEYS), anything, max_size=6),
    confidential,
    confidential,
    st.sampled_from(KEYS),
)
def test_no_message_ever_holds_the_user_or_the_password(
    fields: dict[str, Any], user: str, password: str, misplaced: str
) -> None:
    """Whatever else is wrong, and also when the password was pasted into another field."""
    wrong = {**GOOD, **fields, misplaced: f"x{password}", "username": user, "password": password}
    error = refusal(wrong)
    if error is None:
        return
    for text in (user, password):
        assert text not in str(error)
        assert repr(text)[1:-1] not in str(error)
    assert error.__context__ is None


_FORMS: dict[str, Callable[[str], object]] = {
    "as it is": str,
    "in a list": lambda text: [text],
    "in an object": lambda text: {text: text},
    "with a character that nobody sees": "{}\u200b".format,
    "in a URL": "jdbc:oracle:thin:@//{}:1521/X".format,
    "in the port of a URL": "jdbc:oracle:thin:@//h:{}/X".format,
    "in a description": "jdbc:oracle:thin:@(DESCRIPTION=(ADDRESS=(HOST={})(PORT=1)))".format,
}


@given(pasted, st.sampled_from([*KEYS[:-1], ""]), st.sampled_from(sorted(_FORMS)), st.booleans())
def test_no_message_holds_what_somebody_put_into_any_field(
    text: str, key: str, form: str, beside_a_url: bool
) -> None:
    """Without a key, the text is one itself."""
    url = {"url": "jdbc:oracle:thin:@//h.example:1521/X"} if beside_a_url and key != "url" else {}
    value = _FORMS[form](text) if key else "x\u200b" if "nobody" in form else "x"
    error = refusal({**GOOD, **url, key or text: int(text) if key == "port" and text.isdecimal() else value})
    assert error is None or text not in str(error)


def refusal(value: object) -> SecretError | None:
    try:
        parse(value)
    except SecretError as error:
        return error
    return None


@given(confidential, confidential)
def test_a_database_does_not_print_its_credentials(user: str, password: str) -> None:
    found = parse({**GOOD, "username": user, "password": password})
    assert found.user.reveal() == user
    assert user not in repr(found)
    assert password not in repr(found)
