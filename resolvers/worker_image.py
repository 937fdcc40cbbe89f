"""`!worker_image`: the worker's image, pinned by digest."""

import threading
from collections.abc import Mapping

from sceptre.resolvers import Resolver

from connector.aws import calls, stacks
from connector.domain.errors import OperatorError
from connector.image_publishing import content, registry
from connector.sceptre import stack as sceptre_stack

#: Images that this process has looked up; one process is one Sceptre run.
_known: dict[tuple[str, ...], str] = {}
_lock = threading.Lock()


class WorkerImage(Resolver):  # type: ignore[misc]
    """Resolve to `<repository>@<digest>`: as configured, else the published image of this checkout.

    Argument: a mapping with `configured`, the setting `image` of the stage or an empty text.
    """

    def resolve(self) -> str:
        with sceptre_stack.one_line_errors(self.stack.name):
            argument = self.argument or {}
            if not isinstance(argument, Mapping):
                raise OperatorError("!worker_image needs a mapping with 'configured'")
            configured = argument.get("configured")
            if configured:
                return str(configured)
            connection: calls.Port = self.stack.connection_manager
            tag = content.tag()
            key = (str(connection.region), str(connection.profile), str(connection.sceptre_role), tag)
            with _lock:
                if key not in _known:
                    where = registry.repository(stacks.foundation_outputs(connection))
                    _known[key] = registry.require_published(connection, where, tag)
                return _known[key]


def forget() -> None:
    """Forget everything: a new run."""
    with _lock:
        _known.clear()
