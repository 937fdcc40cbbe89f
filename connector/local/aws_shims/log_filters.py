"""CloudWatch Logs: filter patterns of text, and a deletion that a late line does not fail.

The patterns are those of FilterLogEvents and of subscription filters. MiniStack splits a phrase at its spaces
and requires each word, and does not know `?`. The health check searches the worker's log for several phrases
at once, of which any counts.

Rules: CloudWatch Logs User Guide, "Filter pattern syntax for metric filters, subscription filters, filter log
events, and Live Tail", unstructured log events: terms are case sensitive; several terms must all be there;
`?term` counts if any of them is there; `-term` must not be; a term in double quotes is an exact phrase.
"""

import re
from collections.abc import Callable
from typing import Any

from connector.local.aws_shims._ministack import module, provisioners

#: How often a deletion is tried in all.
_TRIES = 10
_TERM = re.compile(r'(?P<sign>[-?]?)(?:"(?P<phrase>(?:[^"\\]|\\.)*)"|(?P<word>[^\s"]+))')


def matcher(pattern: str) -> Callable[[str], bool]:
    """Whether a message matches a pattern of terms; every message matches an empty one."""
    terms: dict[str, list[str]] = {"": [], "-": [], "?": []}
    for found in _TERM.finditer(pattern):
        text = found["word"] if found["phrase"] is None else re.sub(r"\\(.)", r"\1", found["phrase"])
        terms[found["sign"]].append(text)

    def matches(message: str) -> bool:
        wanted = all(term in message for term in terms[""])
        # Beside terms that must be there AWS ignores those with a question mark.
        any_of = terms[""] or not terms["?"] or any(term in message for term in terms["?"])
        return bool(wanted and any_of) and not any(term in message for term in terms["-"])

    return matches


def install() -> None:
    """Extend MiniStack. Patterns of JSON and of space-delimited fields stay MiniStack's."""
    logs = module("services.cloudwatch_logs")
    ministacks: Callable[[str], Any] = logs._compile_filter_pattern  # noqa: SLF001 - private to MiniStack

    def compiled(raw: str) -> Any:
        return ministacks(raw) if raw.strip().startswith(("{", "[")) else matcher(raw)

    logs._compile_filter_pattern = compiled  # noqa: SLF001
    logs._subscription_pattern_matches = lambda pattern, message: matcher(pattern or "")(message or "")  # noqa: SLF001
    handlers = provisioners()._RESOURCE_HANDLERS["AWS::Logs::LogGroup"]  # noqa: SLF001
    handlers["delete"] = repeated(handlers["delete"])


def repeated(original: Callable[[str, Any], Any]) -> Callable[[str, Any], Any]:
    """Try a deletion again that a line written meanwhile has failed: MiniStack goes through its records.

    A worker that keeps stopping writes one often enough ("dictionary changed size during iteration").
    """

    def delete(physical_id: str, props: Any) -> Any:
        for _ in range(_TRIES - 1):
            try:
                return original(physical_id, props)
            except RuntimeError:
                continue
        return original(physical_id, props)

    return delete
