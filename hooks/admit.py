"""`!wms_admit`: before a launch changes anything, check everything that can be checked."""

import threading

from sceptre.hooks import Hook

from connector.sceptre import excepthook, preflight
from connector.sceptre import stack as sceptre_stack

#: Stages admitted in this process: every stack of a stage asks, and the first answer holds for the run.
_admitted: set[tuple[str, str]] = set()
_lock = threading.Lock()

# Sceptre imports its plugins before it reads config/, so a mistake there is reported in one line too.
excepthook.install()


class AdmitStage(Hook):  # type: ignore[misc]
    """Refuse a stage whose name is not allowed, that lacks the foundation, or whose settings are wrong."""

    def run(self) -> None:
        with sceptre_stack.one_line_errors(sceptre_stack.group_of(self.stack)), _lock:
            preflight.check_path(self.stack)
            sceptre_stack.check_name(self.stack)
            if sceptre_stack.is_foundation(self.stack):
                return
            key = (sceptre_stack.group_of(self.stack), str(self.stack.region))
            if key not in _admitted:
                preflight.admit(self.stack)
                _admitted.add(key)
