"""What is set up once for a run of Sceptre, when it imports this project's plugins."""

import gc

from connector.sceptre import excepthook, planned

#: After how many new objects Python looks for rings of objects that nobody needs; 700 if nobody says
#: otherwise. A run imports packages and reads AWS's service models, hundreds of thousands of objects that
#: all stay: a tenth of a launch's own time went into looking at them.
OBJECTS_BETWEEN_COLLECTIONS = 50_000


def begin() -> None:
    """Explain mistakes in config/, remember the stacks that are read, collect less often.

    A second call changes nothing.
    """
    gc.set_threshold(OBJECTS_BETWEEN_COLLECTIONS)
    excepthook.install()
    planned.install()
