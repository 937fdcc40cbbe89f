"""Looks for confidential values in anything that somebody could read, however they are written there.

A value is found as itself; escaped as in JSON, a URL, HTML, a string of Java, Python or C, a mail
(quoted-printable), also several times over and one way inside another; in UTF-16; as hexadecimal digits; as
base64 at each of its three alignments, with either alphabet, wrapped or not; and each of these in gzip, zlib
or a zip.
"""

import base64
import binascii
import html
import io
import quopri
import re
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

#: How deep archives inside archives are opened.
_DEPTH = 3
_GZIP = b"\x1f\x8b\x08"
#: What gzip begins with in base64, as in the events that CloudWatch Logs sends.
_GZIP_BASE64 = re.compile(rb"H4sI[A-Za-z0-9+/]{20,}={0,2}")
_ZIP = b"PK\x03\x04"

_ESCAPE = re.compile(
    rb"%(?:25)*(?P<url>[0-9A-Fa-f]{2})"
    rb"|\\+u(?P<high>[dD][89abAB][0-9A-Fa-f]{2})\\+u(?P<low>[dD][c-fC-F][0-9A-Fa-f]{2})"
    rb"|\\+u(?P<unit>[0-9A-Fa-f]{4})"
    rb"|\\+x(?P<byte>[0-9A-Fa-f]{2})"
    rb"|\\+(?P<octal>[0-3][0-7]{2})"
    rb"|\\+(?P<blank>[nrt])"
    rb"|&(?:amp;)*(?P<entity>\#[0-9]{1,7}|\#[xX][0-9A-Fa-f]{1,6}|[a-z]{2,6});"
)
#: base64's two alphabets are one here.
_ONE_ALPHABET = bytes.maketrans(b"-_", b"+/")
#: What stands between two digits of a dump or of a fingerprint.
_BETWEEN = b" \t\r\n:,-"
#: A page of nothing, of which files that are made in advance have many.
_HOLE = bytes(4096)
#: A blank and a plus sign are the same in a form that was sent.
_PLUS = bytes.maketrans(b"+", b" ")


@dataclass(frozen=True)
class Leak:
    """A value that is where it must not be; the value itself is not said."""

    place: str
    what: str
    form: str
    line: int = 0

    def __str__(self) -> str:
        where = f"{self.place}, line {self.line}" if self.line else self.place
        return f"the {self.what} is in {where} ({self.form})"


class LeakSearch:
    """Knows confidential values by their names; they are to be unmistakable, of 8 characters at least."""

    def __init__(self, values: Mapping[str, str]) -> None:
        short = [name for name, value in values.items() if len(value) < 8]
        if short:
            raise ValueError(f"too short to be told from other text: {', '.join(short)}")
        self._values = {name: value.encode() for name, value in values.items()}
        self._needles: Mapping[str, Mapping[str, frozenset[bytes]]] = {
            form: {name: frozenset(make(value)) for name, value in values.items()}
            for form, make in _NEEDLES.items()
        }

    def find(self, place: str, content: str | bytes, depth: int = _DEPTH) -> Iterator[Leak]:
        """Every value in a content, once for each form."""
        raw = content.encode("utf-8", "surrogatepass") if isinstance(content, str) else content
        raw = raw.replace(_HOLE, b"")
        seen: set[tuple[str, str]] = set()
        for form, text in _readings(raw):
            for name, needles in self._needles[form].items():
                if (name, form) not in seen and any(needle in text for needle in needles):
                    seen.add((name, form))
                    yield Leak(place, name, form, self._line(raw, name))
        if depth:
            for number, inner in enumerate(_inside(raw), 1):
                yield from self.find(f"{place} > archive {number}", inner, depth - 1)

    def _line(self, raw: bytes, name: str) -> int:
        at = raw.find(self._values[name])
        return raw.count(b"\n", 0, at) + 1 if at >= 0 else 0


def _readings(raw: bytes) -> Iterator[tuple[str, bytes]]:
    """Form -> the content as it is to be read for it. A form may come more than once."""
    texts = [raw]
    if b"\0" in raw:
        texts.append(raw.replace(b"\0", b""))
    for number, text in enumerate(texts):
        yield ("UTF-16" if number else "as it is"), text
        plain = _decoded(text)
        yield "escaped", _unquoted(plain)
        if b"=" in text:
            yield "escaped", unescaped(quopri.decodestring(text))
        yield from _coded(text)
        if plain != text:
            yield from _coded(plain)


def _coded(text: bytes) -> Iterator[tuple[str, bytes]]:
    yield "base64", text.translate(_ONE_ALPHABET, b'\t\r\n\\" ')
    yield "hexadecimal", text.lower().replace(b"0x", b"").translate(None, _BETWEEN)


def unescaped(text: bytes) -> bytes:
    """A text without its escapes, however often it was escaped: equal texts stay equal.

    Backslashes are left out: quoting adds them. A blank stands for a plus sign, too.
    """
    return _unquoted(_decoded(text))


def _decoded(text: bytes) -> bytes:
    while True:
        decoded = _ESCAPE.sub(_character, text)
        if decoded == text:
            return text
        text = decoded


def _unquoted(text: bytes) -> bytes:
    return text.translate(_PLUS, b"\\")


def _character(match: re.Match[bytes]) -> bytes:
    kind = match.lastgroup
    if kind == "low":
        units = bytes.fromhex(f"{match['high'].decode()}{match['low'].decode()}")
        return units.decode("utf-16-be").encode()
    said = match[str(kind)].decode()
    if kind in ("url", "byte"):
        return bytes.fromhex(said)
    if kind == "octal":
        return bytes([int(said, 8)])
    if kind == "unit":
        return chr(int(said, 16)).encode("utf-8", "surrogatepass")
    if kind == "blank":
        return b" "
    character = html.unescape(f"&{said};")
    # A name that is none stays, and so does one that only begins with the name of a sign.
    unknown = character.endswith(";") and not said.startswith("#") and said != "semi"
    return match[0] if unknown else character.encode("utf-8", "replace")


def _plain(value: str) -> Iterator[bytes]:
    yield value.encode()


def _escaped(value: str) -> Iterator[bytes]:
    yield unescaped(value.encode())


def _base64(value: str) -> Iterator[bytes]:
    """What stands in base64 whatever comes before and after: at three alignments, two encodings."""
    for data in (value.encode(), value.encode("utf-16-le")):
        for before in range(3):
            whole = base64.b64encode(b"\0" * before + data).rstrip(b"=")
            # Each sign holds 6 bits: those that hold bits of a neighbour say nothing.
            first = -(-8 * before // 6)
            last = 8 * (before + len(data)) // 6
            yield whole[first:last]


def _hexadecimal(value: str) -> Iterator[bytes]:
    for encoding in ("utf-8", "utf-16-le", "utf-16-be"):
        yield binascii.hexlify(value.encode(encoding))


_NEEDLES: Mapping[str, Callable[[str], Iterator[bytes]]] = {
    "as it is": _plain,
    "UTF-16": _plain,
    "escaped": _escaped,
    "base64": _base64,
    "hexadecimal": _hexadecimal,
}


def _inside(raw: bytes) -> Iterator[bytes]:
    """What is packed anywhere in a content: batches of a topic's segment, members of a zip, a log's event."""
    if raw.startswith(_ZIP):
        with zipfile.ZipFile(io.BytesIO(raw)) as archive:
            yield from (archive.read(name) for name in archive.namelist())
        return
    at = raw.find(_GZIP)
    while at >= 0:
        yield _inflated(raw[at:], 31)
        at = raw.find(_GZIP, at + 1)
    if raw[:1] == b"\x78" and (raw[0] << 8 | raw[1]) % 31 == 0:
        yield _inflated(raw, 15)
    for match in _GZIP_BASE64.finditer(raw):
        yield _inflated(base64.b64decode(match[0] + b"==", validate=False), 31)


def _inflated(data: bytes, window: int) -> bytes:
    """As much as can be read."""
    try:
        return zlib.decompressobj(window).decompress(data)
    except zlib.error:
        return b""
