"""Every code of the table is diagnosed as its family says, in any language and inside any wrapper."""

import re
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.domain.diagnosis.classes import class_named
from connector.domain.diagnosis.diagnose import diagnose
from connector.domain.diagnosis.error_class import Owner
from connector.domain.diagnosis.oracle_codes import FAMILIES, LOGIN_CODES, POSITIONS, SEEN, WRAPPERS, by_code
from connector.domain.diagnosis.oracle_family import Reaction

_FAULTS = Path(__file__).parents[3] / "docs" / "faults-oracle.md"

DATABASE, NETWORK, US = Owner.DATABASE, Owner.NETWORK, Owner.US
#: Number -> who fixes it, and whether a restart may help: said here again, not read from the table.
EXPECTED = {
    # LogMiner and redo.
    **dict.fromkeys((308, 1291, 1370), (DATABASE, False)),
    **dict.fromkeys((310, 1284, 1285, 1315, 1343), (DATABASE, True)),
    **dict.fromkeys((313, 314, 333, 353, 354, 368), (DATABASE, False)),
    **dict.fromkeys((1287, 1295, 1296, 1297, 1299, 1324, 1361), (DATABASE, False)),
    **dict.fromkeys((1001, 1281, 1289, 1290, 1292, 1306, 1307, 1333, 1371), (US, True)),
    **dict.fromkeys((1280, 1332), (DATABASE, True)),
    44609: (US, False),
    # Sessions.
    **dict.fromkeys((18, 20, 2391, 12516, 12518, 12519, 12520), (DATABASE, True)),
    **dict.fromkeys((28, 31, 1012, 2396, 2399), (DATABASE, True)),
    **dict.fromkeys((1014, 1033, 1034, 1035, 1089, 1090, 1092, 1109, 12526, 12528), (DATABASE, True)),
    **dict.fromkeys((1300, 16000), (DATABASE, False)),
    # Logins.
    **dict.fromkeys((1005, 1017, 28000, 28001, 28009), (DATABASE, False)),
    **dict.fromkeys((12650, 12660, 28040), (DATABASE, False)),
    # Archive destination, memory, space.
    **dict.fromkeys((257, 16014, 16038, 19809, 19815), (DATABASE, True)),
    **dict.fromkeys((4030, 4031, 4036, 27102), (DATABASE, True)),
    **dict.fromkeys((1652, 1653, 1654, 30036), (DATABASE, True)),
    # Rights and what a DBA sets up.
    **dict.fromkeys((942, 1031, 1045, 1354, 1536, 1950, 31603, 41900), (DATABASE, False)),
    **dict.fromkeys((258, 1325), (DATABASE, False)),
    # Network.
    **dict.fromkeys((3113, 3114, 3135, 12170, 12537, 12541, 12543, 12545, 12547, 12560), (NETWORK, True)),
    **dict.fromkeys((17002, 17008, 17410, 17800, 17820, 17868, 18954), (NETWORK, True)),
    **dict.fromkeys((12505, 12514), (US, True)),
    **dict.fromkeys((12154, 12504), (US, False)),
    # Snapshots and locks.
    **dict.fromkeys((1555, 8180, 8181, 22924), (DATABASE, False)),
    **dict.fromkeys((1466, 8103), (DATABASE, True)),
    **dict.fromkeys((54, 60, 1327, 4021, 30006), (DATABASE, True)),
    1013: (DATABASE, True),
    **dict.fromkeys((600, 604, 7445), (DATABASE, True)),
}


def _thrown(code: int, words: str = "сообщение без смысла") -> str:
    """A failed task's trace about a code, as ojdbc prints it, in a language that nobody here reads."""
    return (
        "org.apache.kafka.connect.errors.ConnectException: An exception occurred in the change event "
        "producer. This connector will be stopped.\n"
        "\tat io.debezium.pipeline.ErrorHandler.setProducerThrowable(ErrorHandler.java:67)\n"
        f"Caused by: java.sql.SQLException: ORA-{code:05d}: {words}\n"
        f"\nhttps://docs.oracle.com/error-help/db/ora-{code:05d}/\n"
        "\tat oracle.jdbc.driver.T4CTTIoer11.processError(T4CTTIoer11.java:509)\n"
    )


def test_no_code_has_two_families():
    assert not [code for code, count in Counter(c for f in FAMILIES for c in f.codes).items() if count > 1]


def test_every_family_has_a_class_and_a_source_and_every_code_its_words():
    for family in FAMILIES:
        assert class_named(family.error_class).name != "unknown"
        assert family.source
        assert all(family.codes.values())


@pytest.mark.parametrize("code", by_code, ids="ORA-{:05d}".format)
def test_a_code_is_diagnosed_as_its_family_whatever_the_language(code: int):
    found = diagnose(_thrown(code))
    expected = class_named(by_code[code].error_class)
    assert (found.error_class, found.restart) == (expected, expected.retry)
    assert f"ORA-{code:05d}" in found.cause


@pytest.mark.parametrize(("code", "expected"), EXPECTED.items(), ids=map("ORA-{:05d}".format, EXPECTED))
def test_owner_and_restart_are_right(code: int, expected: tuple[Owner, bool]):
    found = diagnose(f"ORA-{code:05d}: words")
    assert found.error_class.name != "unknown"
    assert (found.error_class.owner, found.restart) == expected


def test_at_least_sixty_codes_are_said_twice():
    assert len(EXPECTED) >= 60


@given(st.sampled_from(sorted(LOGIN_CODES)), st.sampled_from(sorted(by_code)), st.booleans())
def test_a_login_is_never_retried_whatever_stands_beside_it(login: int, other: int, first: bool):
    pair = (login, other) if first else (other, login)
    assert not diagnose("\n".join(map(_thrown, pair))).restart


@given(st.sampled_from(sorted(by_code)), st.sampled_from((604, 603, 1280, 1284)))
def test_what_stands_inside_a_wrapper_counts(code: int, wrapper: int):
    text = f"java.sql.SQLException: ORA-{wrapper:05d}: around\nORA-{code:05d}: inside\nORA-06512: at line 1\n"
    found = diagnose(text)
    if code not in POSITIONS | WRAPPERS:
        assert found.error_class.name == by_code[code].error_class
    assert "ORA-06512" not in found.cause


def _observed() -> dict[int, set[Reaction]]:
    """Code -> what docs/faults-oracle.md says that the connector did: by the task's state.

    Left out: a snapshot that is asked for while the task streams on, and retries with a limit.
    """
    found: dict[int, set[Reaction]] = {}
    for row in _FAULTS.read_text(encoding="utf-8").splitlines():
        cells = [cell.strip() for cell in row.split("|")]
        if len(cells) < 14 or not cells[1].startswith("`") or "not run" in row:
            continue
        state = {"FAILED": Reaction.FAILS, "RUNNING": Reaction.RETRIES}.get(cells[3])
        for code in set(re.findall(r"ORA-(\d{5})", f"{cells[4]} {cells[6]}")):
            if state is not None and not re.match("`asked-|.*two-retries", cells[1]):
                found.setdefault(int(code), set()).add(state)
    return found


#: A row whose error reaches only a part that goes on without its answer, or a text that is not the error.
_SIDE = {942: Reaction.RETRIES}


def test_what_is_called_seen_was_seen_so():
    """The reaction of each seen code is the one in the record of the running connector."""
    observed = _observed()
    for code in sorted(SEEN):
        states = observed[code] - {_SIDE.get(code)}
        expected = {by_code[code].connector} - {Reaction.EITHER} or {Reaction.FAILS, Reaction.RETRIES}
        assert states == expected, f"ORA-{code:05d}"


def test_what_was_seen_is_called_seen():
    assert {code for code in _observed() if code in by_code} == SEEN
