"""What an error is: its class, its cause in one line, and who says it. Pure.

The one judgement that health check, mails, `status`, a registration and `explain` share. What counts is, in
this order: a refused login; a number of the database's that is neither a position nor a wrapper; a sign of
Debezium, Kafka's client or AWS; a number of the driver's; a number that no family has; a wrapper's number;
words about a connection, by who says them; and what a wrapper's own words mean if there is nothing inside it.
"""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from connector.domain.diagnosis import signs
from connector.domain.diagnosis.classes import class_named
from connector.domain.diagnosis.error_class import ErrorClass
from connector.domain.diagnosis.missing_right import missing_rights
from connector.domain.diagnosis.one_line import one_line
from connector.domain.diagnosis.oracle_codes import LOGIN_CODES, POSITIONS, RAISED, WRAPPERS, by_code
from connector.domain.diagnosis.speaker import (
    DRIVER_CODES,
    REACHED,
    Speaker,
    of_cause,
    of_host,
    of_package,
    reached,
)
from connector.domain.diagnosis.trace import Cause, Code, Prefix, parse

#: A number that refuses a login, in any writing: Oracle writes five digits, other programs fewer.
_LOGIN = re.compile(
    "(?:ORA|TNS)-(?:0*(?P<short>"
    + "|".join(f"{code}(?!\\d)" for code in sorted(LOGIN_CODES))
    + ")|(?P<long>"
    + "|".join(f"{code:05d}" for code in sorted(LOGIN_CODES))
    + "))|SQL ?STATE\\W{1,4}28\\w{3}\\b",
    re.IGNORECASE,
)
#: What stands between the letters and the digits where a program has written another sign, or a line ended.
_DAMAGE = re.compile(
    r"(?<![A-Za-z])(ORA|TNS)(?:[\s\u00ad\u2010-\u2015\u2043\u2212\u200b-\u200d\u2060\ufe58\ufe63_=-]|%2d|&#?\w{1,8};|\\u[0-9a-f]{4}){0,6}"
    r"(?=\d)",
    re.IGNORECASE,
)
_WRAPPED = re.compile(r"((?:ORA|TNS)-\d{1,4})\r?\n[ \t]{0,8}(?=\d)", re.IGNORECASE)
#: PL/SQL's numbers that mean a package may not be used: no such name, no such part, no right on it.
_NO_PACKAGE = frozenset({201, 302, 904, 905})
_NETWORK_CLASSES = {
    Speaker.DATABASE: "unreachable",
    Speaker.DRIVER: "unreachable",
    Speaker.BROKERS: "brokers",
    Speaker.AWS: "AWS endpoint",
}
#: By whom the certificate was shown that is not trusted.
_TLS_CLASSES = {
    Speaker.DATABASE: "database protocol",
    Speaker.DRIVER: "database protocol",
    Speaker.AWS: "AWS endpoint",
}
#: What an exception of such a package means if its words tell nothing about a connection.
_VAGUE = frozenset({"no-session", "database error", "AWS endpoint"})
_NO_CAUSE = "no cause given"
#: Exceptions whose message is only a date: the class says what is wrong with it.
_TELLING_NAMES = frozenset({"CertificateExpiredException", "CertificateNotYetValidException"})


@dataclass(frozen=True)
class Diagnosis:
    """`cause` is one line without values of rows. `login`: the text holds a refused login, wherever."""

    error_class: ErrorClass
    cause: str
    speaker: Speaker = Speaker.UNKNOWN
    login: bool = False

    @property
    def restart(self) -> bool:
        """Whether a restart may help."""
        return self.error_class.retry


@dataclass(frozen=True)
class _Verdict:
    """A class by name, and what it was made of."""

    error_class: str
    cause: str
    speaker: Speaker


def diagnose(text: str, *, about: Speaker = Speaker.UNKNOWN) -> Diagnosis:
    """The diagnosis of a trace, an event of the worker's log, or any text about a failure.

    `about`: what the caller knows the text to be about, for words that do not tell it themselves.
    """
    causes = parse(text).causes
    verdict = _with_missing_right(_judge(causes, about), text, causes)
    error_class, login = class_named(verdict.error_class), _login(text)
    if login is not None and error_class.retry:
        # Wherever it stands, even in a value or between head and tail: a login is never tried again.
        return Diagnosis(class_named("login"), login, Speaker.DATABASE, login=True)
    return Diagnosis(error_class, verdict.cause, verdict.speaker, login is not None)


def _with_missing_right(verdict: _Verdict, text: str, causes: Sequence[Cause]) -> _Verdict:
    """What the cluster's owners must grant comes first: the rest may be cut."""
    rights = missing_rights(text, causes) if verdict.error_class == "cluster rights" else ()
    if not rights:
        return verdict
    named = "; ".join(map(str, rights))
    return replace(verdict, cause=one_line(f"missing right: {named} ({verdict.cause})"))


def _login(text: str) -> str | None:
    """A refused login's number anywhere in a text, though a terminal, a mail or a chat has damaged it."""
    match = _LOGIN.search(text)
    if match is None:
        plain = _DAMAGE.sub(r"\1-", unicodedata.normalize("NFKC", text))
        match = _LOGIN.search(plain) or _LOGIN.search(_WRAPPED.sub(r"\1", plain))
    if match is None:
        return None
    number = match["short"] or match["long"]
    return match[0].upper() if number is None else f"{match[0][:3].upper()}-{int(number):05d}"


def _judge(causes: Sequence[Cause], about: Speaker) -> _Verdict:
    codes = list(_ranked(causes))
    best = min(codes, key=lambda found: found[0], default=None)
    if best is not None and best[0] <= _Rank.RAISED:
        return _of_code(best[1], Speaker.DATABASE)
    if (told := _by_signs(causes)) is not None:
        return told
    if best is not None and best[0] < _Rank.POSITION:
        return _of_code(best[1], Speaker.DRIVER if best[0] == _Rank.DRIVER else Speaker.DATABASE)
    return _by_words(causes, about) or _Verdict("unknown", _last(causes), Speaker.UNKNOWN)


def _by_signs(causes: Sequence[Cause]) -> _Verdict | None:
    """By the innermost cause that tells what is wrong; in the words of the outermost of the same class."""
    for number in reversed(range(len(causes))):
        cause = causes[number]
        if cause.suppressed:
            continue
        if name := signs.telling(cause):
            says = next(each for each in causes if signs.telling(each) == name)
            return _Verdict(name, _with_reason(says, causes), _speaker(says, causes))
        if name := signs.of_trust(cause):
            speaker = reached(causes[: number + 1])
            return _Verdict(_TLS_CLASSES.get(speaker, name), _says(cause), speaker)
        if signs.of_network(cause) and of_host(cause.message) is Speaker.AWS:
            return _Verdict("AWS endpoint", _says(cause), Speaker.AWS)
    return None


class _Rank:
    """How much a number tells; the smallest tells most."""

    LOGIN, SERVER, RAISED, DRIVER, OTHER, WRAPPER, POSITION = range(7)


def _ranked(causes: Sequence[Cause]) -> Iterator[tuple[int, Code]]:
    """Every number with its rank, so that the first of the best is the cause.

    The innermost exception comes first, and in one exception the server's first message, which is the error
    itself: the others say where it happened.
    """
    for cause in reversed(causes):
        for code in cause.codes:
            yield _rank(code, suppressed=cause.suppressed), code


def _rank(code: Code, *, suppressed: bool) -> int:
    name = _class_of(code)
    if name == "login":
        return _Rank.LOGIN
    if code.prefix in (Prefix.PLS, Prefix.SQLSTATE):
        return _Rank.SERVER if name and code.prefix is Prefix.PLS else _Rank.OTHER if name else _Rank.POSITION
    if code.number in POSITIONS:
        return _Rank.WRAPPER if name else _Rank.POSITION
    if code.number in WRAPPERS:
        return _Rank.WRAPPER
    if not name:
        return _Rank.OTHER
    if suppressed:
        return _Rank.OTHER
    if code.number in RAISED:
        # PL/SQL that catches an error raises one of its own around it: then the caught one tells more.
        return _Rank.RAISED
    return _Rank.DRIVER if code.number in DRIVER_CODES else _Rank.SERVER


def _class_of(code: Code) -> str:
    """The name of a number's class; empty when no family has it."""
    if code.prefix is Prefix.PLS:
        return "database rights" if code.number in _NO_PACKAGE else ""
    if code.prefix is Prefix.SQLSTATE:
        return {8: "unreachable", 28: "login"}.get(code.number // 1000, "")
    if code.number in RAISED:
        return "database trigger"
    family = by_code.get(code.number)
    return "" if family is None else family.error_class


def _of_code(code: Code, speaker: Speaker) -> _Verdict:
    return _Verdict(_class_of(code) or "database error", one_line(str(code)), speaker)


def _by_words(causes: Sequence[Cause], about: Speaker) -> _Verdict | None:
    """By the words about a connection, or by what a wrapper says itself."""
    for number in reversed(range(len(causes))):
        cause = causes[number]
        if cause.suppressed:
            continue
        name = signs.fallback(cause)
        if name and name not in _VAGUE:
            return _Verdict(name, _with_reason(cause, causes), _speaker(cause, causes))
        if signs.of_network(cause):
            speaker = reached(causes[: number + 1])
            speaker = speaker if speaker in REACHED else about
            name = _NETWORK_CLASSES.get(speaker, "network")
            if name == "unreachable" and signs.of_unknown_host(cause):
                name = "database host"
            return _Verdict(name, _says(cause), speaker)
    for cause in reversed(causes):
        if name := signs.fallback(cause):
            return _Verdict(name, _with_reason(cause, causes), _speaker(cause, causes))
    return None


def _speaker(cause: Cause, causes: Sequence[Cause]) -> Speaker:
    """Who says a cause; of Java's own, to whom the exceptions around it speak."""
    for found in (of_package(cause.exception), of_cause(cause)):
        if found is not Speaker.UNKNOWN:
            return found
    spoken_to = reached(causes)
    return Speaker.WORKER if spoken_to is Speaker.UNKNOWN and cause.exception else spoken_to


def _with_reason(cause: Cause, causes: Sequence[Cause]) -> str:
    """What a cause says, and the innermost one's words where they add something."""
    says, last = _says(cause), _last(causes)
    return says if last in says or says in last or last == _NO_CAUSE else one_line(f"{says} ({last})")


def _last(causes: Sequence[Cause]) -> str:
    """What the innermost exception says, or its class if it says nothing."""
    inner = [cause for cause in causes if not cause.suppressed] or causes
    return next((_says(cause) for cause in reversed(inner) if cause.message or cause.exception), _NO_CAUSE)


def _says(cause: Cause) -> str:
    """Its message; with its class where the message is only an address or a date, or empty."""
    message = one_line(cause.message)
    if message and cause.name and (" " not in message or cause.name in _TELLING_NAMES):
        return one_line(f"{cause.name}: {message}")
    return message or cause.name or _NO_CAUSE
