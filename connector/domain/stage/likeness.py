"""Which of the known names somebody may have meant who wrote another one."""

import difflib

#: From which likeness on a name is taken for a slip of the pen (`difflib`).
_ALIKE = 0.6


def did_you_mean(name: str, known: set[str]) -> str:
    """The question with the stages that somebody may have meant; empty when there are none."""
    meant = close_to(name, known)
    return f"Did you mean {' or '.join(meant)}?" if meant else ""


def close_to(name: str, known: set[str]) -> list[str]:
    """Which of the known names somebody may have meant who wrote `name`, the likeliest first."""
    others = {other.lower(): other for other in sorted(known - {name})}
    found = difflib.get_close_matches(name.lower(), others, n=2, cutoff=_ALIKE)
    return [others[each] for each in found]
