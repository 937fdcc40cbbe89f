"""CloudWatch Logs' filter patterns of text, for FilterLogEvents and subscription filters.

MiniStack splits a phrase at its spaces and requires each word, and does not know `?`. The health check
searches the worker's log for several phrases at once, of which any counts.

Rules: CloudWatch Logs User Guide, "Filter pattern syntax for metric filters, subscription filters, filter log
events, and Live Tail", unstructured log events: terms are case sensitive; several terms must all be there;
`?term` counts if any of them is there; `-term` must not be; a term in double quotes is an exact phrase.
"""

import re
from collections.abc import Callable
from typing import Any

from connector.local.aws_shims._ministack import module

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
