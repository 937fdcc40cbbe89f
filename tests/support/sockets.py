"""How many connections a process holds, by the port of the other side."""

from collections import Counter
from contextlib import suppress
from pathlib import Path

_ESTABLISHED = "01"


def connections(pid: int) -> Counter[int]:
    """Remote port -> established TCP connections of a process; empty if it does not run."""
    owned = set()
    with suppress(OSError):
        for link in Path(f"/proc/{pid}/fd").iterdir():
            with suppress(OSError):
                owned.add(str(link.readlink()))
    found: Counter[int] = Counter()
    for table in ("tcp", "tcp6"):
        with suppress(OSError):
            for line in Path(f"/proc/{pid}/net/{table}").read_text(encoding="ascii").splitlines()[1:]:
                fields = line.split()
                if fields[3] == _ESTABLISHED and f"socket:[{fields[9]}]" in owned:
                    found[int(fields[2].rpartition(":")[2], 16)] += 1
    return found
