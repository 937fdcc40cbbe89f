"""Which stacks this process launches: Sceptre runs `before_delete` also where a launch replaces one."""

from connector.sceptre import stack as sceptre_stack


class LaunchTracker:
    """The stacks that one run launches."""

    def __init__(self) -> None:
        self._launched: set[str] = set()

    def mark(self, stack: sceptre_stack.SceptreStack) -> None:
        """Remember that this run launches the stack."""
        self._launched.add(stack.external_name)

    def is_launch(self, stack: sceptre_stack.SceptreStack) -> bool:
        """Whether this run launches the stack: what is deleted of it, is deleted to be made again."""
        return stack.external_name in self._launched

    def forget(self) -> None:
        """Forget everything: a new run."""
        self._launched.clear()


#: One process is one Sceptre run.
LAUNCHES = LaunchTracker()


def replaces(stack: sceptre_stack.SceptreStack) -> bool:
    """Whether this run's launch replaces a stack that never once was complete."""
    return LAUNCHES.is_launch(stack) and sceptre_stack.never_completed(stack)
