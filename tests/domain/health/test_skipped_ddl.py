"""Every form of a statement that passes over rows gets through the log's filter and is told, however written.

The filter is the one of the shipped log4j2.xml. Its pattern is read here with Python's `re`: what it uses has
the same meaning in Java (`Pattern`, "Summary of regular-expression constructs"), with ASCII classes.
"""

import re
import xml.etree.ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.domain.health.skipped_lines import Seen, Skip, skip_in
from connector.local import toolchain
from tests.support import silent_lines as lines

_SCHEMA_LOGGER = "io.debezium.connector.oracle.OracleDatabaseSchema"
SCHEMA, TABLE = "WMS", "PLAN_BASE_WVR_TBL"


def _filter() -> re.Pattern[str]:
    config = ET.parse(toolchain.IMAGE / "conf" / "log4j2.xml")  # noqa: S314 - a file of ours
    (found,) = config.findall(f".//Logger[@name='{_SCHEMA_LOGGER}']//RegexFilter")
    return re.compile(found.attrib["regex"], re.ASCII)


FILTER = _filter()


def told(ddl: str) -> Seen | None:
    """What is made of a statement that Debezium has applied: filtered, written as one line, read."""
    before, message = lines.schema_change(SCHEMA, "{ddl}").split("Applying", 1)
    message = ("Applying" + message.rpartition(" [")[0]).replace("{ddl}", ddl)
    # Filter: the whole message (`RegexFilter` matches, it does not search). Layout: a line end is " | ".
    if FILTER.fullmatch(message) is None:
        return None
    return skip_in(before + re.sub(r"\s*[\r\n]+\s*", " | ", message))


#: Words of each statement; T is the table. And what is told.
FORMS: dict[tuple[str, ...], Seen | None] = {
    ("DROP", "TABLE", "T"): Seen(Skip.DROPPED, ""),
    ("DROP", "TABLE", "T", ";"): Seen(Skip.DROPPED, ""),
    ("DROP", "TABLE", "T", "PURGE"): Seen(Skip.DROPPED, ""),
    ("DROP", "TABLE", "T", "CASCADE", "CONSTRAINTS", "PURGE"): Seen(Skip.DROPPED, ""),
    ("DROP", "TABLE", "T", "AS", '"BIN$Ab+/cd==$0"', ";"): Seen(Skip.DROPPED, ""),
    ("DROP", "TABLE", "IF", "EXISTS", "T"): Seen(Skip.DROPPED, ""),
    ("DROP", "TABLE", "IF", "EXISTS", "T", "PURGE"): Seen(Skip.DROPPED, ""),
    ("DROP", "TABLE", "T", "IF", "EXISTS"): Seen(Skip.DROPPED, ""),
    ("ALTER", "TABLE", "T", "TRUNCATE", "PARTITION", "P1"): Seen(Skip.TRUNCATED, ""),
    ("ALTER", "TABLE", "T", "TRUNCATE", "PARTITION", "FOR", "(7)"): Seen(Skip.TRUNCATED, ""),
    ("ALTER", "TABLE", "T", "TRUNCATE", "PARTITIONS", "P1", ",", "P2"): Seen(Skip.TRUNCATED, ""),
    ("ALTER", "TABLE", "T", "TRUNCATE", "SUBPARTITION", "P1"): Seen(Skip.TRUNCATED, ""),
    ("ALTER", "TABLE", "T", "TRUNCATE", "SUBPARTITIONS", "P1", ",", "P2"): Seen(Skip.TRUNCATED, ""),
    ("ALTER", "TABLE", "T", "DROP", "PARTITION", "P1"): Seen(Skip.TRUNCATED, ""),
    ("ALTER", "TABLE", "T", "DROP", "PARTITIONS", "P1", ",", "P2"): Seen(Skip.TRUNCATED, ""),
    ("ALTER", "TABLE", "T", "DROP", "SUBPARTITION", "P1"): Seen(Skip.TRUNCATED, ""),
    ("ALTER", "TABLE", "T", "DROP", "SUBPARTITIONS", "P1", ",", "P2"): Seen(Skip.TRUNCATED, ""),
    ("ALTER", "TABLE", "IF", "EXISTS", "T", "DROP", "PARTITION", "P1"): Seen(Skip.TRUNCATED, ""),
    ("ALTER", "TABLE", "T", "EXCHANGE", "PARTITION", "P1", "WITH", "TABLE", "X"): Seen(Skip.TRUNCATED, ""),
    ("ALTER", "TABLE", "T", "EXCHANGE", "SUBPARTITION", "P1", "WITH", "TABLE", "X"): Seen(Skip.TRUNCATED, ""),
    ("ALTER", "TABLE", "T", "DROP", "SUPPLEMENTAL", "LOG", "DATA", "(ALL)", "COLUMNS"): Seen(
        Skip.UNLOGGED, ""
    ),
    ("ALTER", "TABLE", "T", "DROP", "SUPPLEMENTAL", "LOG", "DATA", "(", "PRIMARY KEY,", "ALL", ")"): Seen(
        Skip.UNLOGGED, ""
    ),
    ("ALTER", "TABLE", "T", "ADD", "SUPPLEMENTAL", "LOG", "DATA", "(", "ALL", ")", "COLUMNS"): Seen(
        Skip.UNLOGGED, "", ended=True
    ),
    ("ALTER", "TABLE", "T", "ADD", "SUPPLEMENTAL", "LOG", "DATA", "(PRIMARY", "KEY)", "COLUMNS"): None,
    ("ALTER", "TABLE", "T", "ADD", "PARTITION", "P2", "VALUES", "LESS", "THAN", "(7)"): None,
    ("ALTER", "TABLE", "T", "ADD", "(", "A_COL", "NUMBER(3)", ")"): None,
    ("ALTER", "TABLE", "T", "ADD", "(A_COL VARCHAR2(40)", "DEFAULT", "' DROP PARTITION P1 '", ")"): None,
    ("ALTER", "TABLE", "T", "DROP", "COLUMN", '"DROP PARTITION P1"'): None,
    ("ALTER", "TABLE", "T", "DROP", "COLUMN", "STATE_CD"): None,
    ("ALTER", "TABLE", "T", "MOVE", "PARTITION", "P1"): None,
    ("CREATE", "TABLE", "T", "(A_COL", "NUMBER)"): None,
}


def _expected(words: tuple[str, ...], table: str) -> Seen | None:
    found = FORMS[words]
    return None if found is None else Seen(found.kind, f"{SCHEMA}.{table}", ended=found.ended)


@pytest.mark.parametrize("words", FORMS, ids=" ".join)
def test_each_form_is_told(words: tuple[str, ...]):
    ddl = " ".join(f"{SCHEMA}.{TABLE}" if word == "T" else word for word in words)
    assert told(ddl) == _expected(words, TABLE)


def _plain_comments() -> st.SearchStrategy[str]:
    """What people write in comments: also words of statements, quotation marks and single signs."""
    word = st.sampled_from(
        [
            "old",
            "TABLE",
            "drop table X",
            "'",
            '"',
            "don't",
            "*",
            "-",
            "|",
            "/",
            "truncate partition",
            "ü",
            ";",
        ]
    )
    return st.lists(word, max_size=4).map(" ".join)


#: White space and comments. The line end behind `--` is the one that ends it.
_GAP = st.one_of(
    st.text(" \t\n\r", min_size=1, max_size=3),
    # Not " | ", which the line writes for a line end, where a comment behind "--" may end: see below.
    _plain_comments().map(lambda text: f"/*{text.replace('|', '').replace('*/', '')}*/"),
    _plain_comments().map(lambda text: f"--{text.replace('|', '')}\n"),
)
_GAPS = st.lists(_GAP, min_size=1, max_size=3).map("".join)
#: The name as it is stored, and how it may be written.
_STORED = st.from_regex(r"[A-Z][A-Z0-9_$#]{0,20}", fullmatch=True)


@given(st.data(), st.sampled_from(list(FORMS)), _STORED, st.booleans(), st.booleans())
def test_each_form_is_told_whatever_is_between_its_words(
    data: st.DataObject, words: tuple[str, ...], table: str, quoted: bool, qualified: bool
):
    name = f'"{table}"' if quoted else data.draw(_cased(table))
    dot = data.draw(st.sampled_from(["", " ", "\n", "/* its owner */"]))
    name = f"{SCHEMA}{dot}.{dot}{name}" if qualified else name
    written = [
        part
        for word in words
        for part in (name if word == "T" else data.draw(_cased(word)), data.draw(_GAPS))
    ]
    ddl = data.draw(st.sampled_from(["", " ", "\n", "/* first */", "-- first\n"])) + "".join(written)
    assert told(ddl) == _expected(words, table), ddl


def _cased(word: str) -> st.SearchStrategy[str]:
    """A word in another case, but for what is quoted."""
    if '"' in word or "'" in word:
        return st.just(word)
    return st.sampled_from([word, word.lower(), word.capitalize(), word.swapcase()])


@pytest.mark.parametrize(
    "ddl",
    [
        f"DROP -- old | not used\nTABLE {SCHEMA}.{TABLE}",
        f"DROP TABLE -- old | X | any\n{SCHEMA}.{TABLE}\nPURGE",
        f"DROP TABLE {SCHEMA}.{TABLE} -- a | b",
    ],
)
def test_a_comment_that_holds_the_sign_of_a_line_end_hides_no_drop(ddl: str):
    assert told(ddl) == Seen(Skip.DROPPED, f"{SCHEMA}.{TABLE}")


def test_words_in_a_comment_are_no_statement():
    assert told(f"ALTER TABLE {TABLE} ADD (A_COL NUMBER) -- not: DROP PARTITION P1") is None
    assert told(f"ALTER TABLE {TABLE} ADD (A_COL NUMBER) /* not: DROP PARTITION P1 */") is None


@given(st.text(alphabet="-/*|' \n\"abDROPTABLE.", max_size=300))
def test_no_text_takes_long_or_breaks_it(text: str):
    told(f"DROP TABLE {text}")
    told(f"ALTER TABLE T {text}")


def test_many_comments_are_read_in_a_moment():
    ddl = "DROP " + "-- | " * 400 + f"TABLE {TABLE}"
    assert told(ddl) == Seen(Skip.DROPPED, f"{SCHEMA}.{TABLE}")
