"""The search for leaks finds what is planted, in every way of writing it, and nothing where nothing is."""

import base64
import gzip
import html
import io
import json
import quopri
import string
import zipfile
import zlib
from collections.abc import Callable, Mapping
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from tests.support.leaks import Leak, LeakSearch, unescaped

pytestmark = pytest.mark.no_cover
#: Each writing is tried on so many values.
FEW = settings(max_examples=25)

#: What a password may have: signs that others escape, and letters beyond ASCII.
_SIGNS = string.ascii_letters + string.digits + "\"'\\/&%+=<>{}$!#;:, |é€😀"
#: Unmistakable, so that nothing around it is taken for it.
VALUES = st.text(_SIGNS, min_size=1, max_size=12).map(lambda text: f"Qz7kCanary{text}Xv9w")
#: Around it: nothing that takes part in an escape of what follows or precedes.
AROUND = st.text(string.ascii_letters + string.digits + " .:,{}[]\n", max_size=40)


def _json(value: str, *, ascii_only: bool = True) -> str:
    return json.dumps(value, ensure_ascii=ascii_only)[1:-1]


def _java(value: str) -> str:
    units = value.encode("utf-16-be")
    return "".join(f"\\u{units[at : at + 2].hex()}" for at in range(0, len(units), 2))


def _zip(data: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("member", data)
    return buffer.getvalue()


#: How a text is written -> that writing.
TEXTS: Mapping[str, Callable[[str], str]] = {
    "as it is": str,
    "JSON": _json,
    "JSON with letters": lambda value: _json(value, ascii_only=False),
    "JSON in JSON": lambda value: _json(_json(value)),
    "JSON in JSON in JSON": lambda value: _json(_json(_json(value))),
    "JSON with slashes": lambda value: _json(value).replace("/", "\\/"),
    "each character as Java has it": _java,
    "JAAS or a shell": lambda value: value.replace("\\", "\\\\").replace('"', '\\"'),
    "URL": lambda value: quote(value, safe=""),
    "URL, lower case": lambda value: "".join(f"%{byte:02x}" for byte in value.encode()),
    "form": quote_plus,
    "URL in URL": lambda value: quote(quote(value, safe=""), safe=""),
    "JSON in URL": lambda value: quote(_json(value), safe=""),
    "URL in JSON": lambda value: _json(quote(value)),
    "HTML": html.escape,
    "HTML by number": lambda value: "".join(f"&#{ord(each)};" for each in value),
    "HTML by hexadecimal number": lambda value: "".join(f"&#x{ord(each):x};" for each in value),
    "Python's bytes": lambda value: "".join(f"\\x{byte:02x}" for byte in value.encode()),
    "C's octal": lambda value: "".join(f"\\{byte:03o}" for byte in value.encode()),
    "mail": lambda value: quopri.encodestring(value.encode(), quotetabs=True).decode(),
    "hexadecimal": lambda value: value.encode().hex(),
    "hexadecimal in capitals": lambda value: value.encode().hex().upper(),
    "a dump": lambda value: value.encode().hex(" "),
    "a fingerprint": lambda value: value.encode().hex(":"),
    "hexadecimal of UTF-16": lambda value: value.encode("utf-16-le").hex(),
}
#: How bytes are packed -> that packing.
PACKED: Mapping[str, Callable[[bytes], bytes]] = {
    "not": bytes,
    "gzip": gzip.compress,
    "gzip behind other bytes": lambda data: b"\0\x01\x02batch" + gzip.compress(data),
    "zlib": zlib.compress,
    "zip": _zip,
    "gzip in gzip": lambda data: gzip.compress(gzip.compress(data)),
    "gzip in base64, as CloudWatch sends logs": lambda data: (
        b'{"data": "' + base64.b64encode(gzip.compress(data)) + b'"}'
    ),
}


def _found(value: str, content: str | bytes) -> set[str]:
    return {leak.what for leak in LeakSearch({"password": value}).find("somewhere", content)}


@pytest.mark.parametrize("writing", TEXTS.values(), ids=TEXTS)
@FEW
@given(value=VALUES, before=AROUND, after=AROUND)
def test_a_value_is_found_however_it_is_written(
    writing: Callable[[str], str], value: str, before: str, after: str
):
    # Digits right before or after a number in digits belong to that number.
    content = f"{before} {writing(value)} {after}"
    assert _found(value, content) == {"password"}


@FEW
@given(value=VALUES, before=st.binary(max_size=20), after=st.binary(max_size=20), data=st.data())
def test_base64_is_found_at_each_alignment(value: str, before: bytes, after: bytes, data: st.DataObject):
    for encoding in ("utf-8", "utf-16-le"):
        for shift in range(3):
            coded = base64.b64encode(b"x" * shift + before + value.encode(encoding) + after)
            width = data.draw(st.sampled_from([0, 64, 76]))
            lines = [coded[at : at + width] for at in range(0, len(coded), width)] if width else [coded]
            for text in (
                b"\n".join(lines),
                b"\r\n".join(lines),
                json.dumps("\n".join(line.decode() for line in lines)).encode(),
                coded.replace(b"+", b"-").replace(b"/", b"_"),
                quote(coded, safe="").encode(),
            ):
                assert _found(value, b"Basic " + text) == {"password"}


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be", "utf-16"])
@FEW
@given(value=VALUES.filter(str.isascii), before=AROUND)
def test_utf_16_is_found(encoding: str, value: str, before: str):
    assert _found(value, (before + value).encode(encoding)) == {"password"}
    assert _found(value, (before + _json(value)).encode(encoding)) == {"password"}


@pytest.mark.parametrize("packing", PACKED.values(), ids=PACKED)
@FEW
@given(value=VALUES, before=AROUND)
def test_what_is_packed_is_opened(packing: Callable[[bytes], bytes], value: str, before: str):
    assert _found(value, packing(f"{before} {_json(value)}".encode())) == {"password"}


@FEW
@given(value=VALUES, other=VALUES, before=AROUND)
def test_another_value_is_not_taken_for_it(value: str, other: str, before: str):
    """Two values that differ only in signs that escapes add or take are not told apart, on purpose."""
    assume(unescaped(value.encode()) not in unescaped(other.encode()))
    for writing in TEXTS.values():
        assert _found(value, f"{before} {writing(other)}") == set()


@given(content=st.binary(max_size=300))
def test_nothing_is_found_where_nothing_is(content: bytes):
    assert _found("Qz7kCanary-of-nobody", content) == set()


def test_a_leak_says_where_and_how_and_not_what():
    found = list(
        LeakSearch({"password": "Qz7kCanary-of-a-test"}).find("x.log", "a\nb Qz7kCanary-of-a-test\n")
    )
    assert Leak("x.log", "password", "as it is", 2) in found
    assert str(found[0]) == "the password is in x.log, line 2 (as it is)"
    assert "Qz7k" not in str(found)


def test_a_value_that_could_be_any_text_is_refused():
    with pytest.raises(ValueError, match="too short to be told from other text: pin"):
        LeakSearch({"pin": "1234567"})
