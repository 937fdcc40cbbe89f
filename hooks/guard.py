"""`!wms_guard`: what must not be deleted by accident is not deleted."""

from sceptre.hooks import Hook

from connector import admission
from connector import sceptre_glue as glue
from connector.operations import deletion_guard


class GuardDeletion(Hook):  # type: ignore[misc]
    """Refuse the deletion of a named stage's stack and of a foundation that is in use.

    Sceptre runs `before_delete` also while a *launch* replaces a stack whose creation failed; such a
    stack holds nothing worth protecting and may go.
    """

    def run(self) -> None:
        with glue.one_line_errors(self.stack.name):
            admission.check_path(self.stack)
            glue.check_name(self.stack)
            deletion_guard.guard(self.stack)
