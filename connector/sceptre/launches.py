"""Which stacks this process launches: Sceptre runs `before_delete` also where a launch replaces one."""

from connector.sceptre import stack as glue

_LAUNCHED: set[str] = set()


def note(stack: glue.SceptreStack) -> None:
    """Remember that this run launches the stack."""
    _LAUNCHED.add(stack.external_name)


def noted(stack: glue.SceptreStack) -> bool:
    """Whether this run launches the stack: what is deleted of it, is deleted to be made again."""
    return stack.external_name in _LAUNCHED


def replaces(stack: glue.SceptreStack) -> bool:
    """Whether this run's launch replaces a stack that never once was complete."""
    return noted(stack) and glue.never_completed(stack)


def forget() -> None:
    """Forget everything: a new run."""
    _LAUNCHED.clear()
