"""Which stacks this process launches: Sceptre also runs `before_delete` when a launch replaces a stack."""

from connector.sceptre import stack as sceptre_stack


class LaunchTracker:
    """The stacks that one run launches."""

    def __init__(self) -> None:
        self._launched: set[str] = set()

    def mark(self, stack: sceptre_stack.SceptreStack) -> None:
        """Remember that this run launches the stack."""
        self._launched.add(stack.external_name)

    def is_launch(self, stack: sceptre_stack.SceptreStack) -> bool:
        """Whether this run launches the stack: it is then deleted only to be created again."""
        return stack.external_name in self._launched

    def forget(self) -> None:
        """Forget everything: a new run."""
        self._launched.clear()


#: One process is one Sceptre run.
LAUNCHES = LaunchTracker()


def replaces(stack: sceptre_stack.SceptreStack) -> bool:
    """Whether this run's launch replaces a stack that was never complete."""
    return LAUNCHES.is_launch(stack) and sceptre_stack.never_completed(stack)
