"""`python -m tools.gates GATE DIRECTORY [TOOL]`, as the Makefile calls it.

    variants   .rendered                    add templates of settings that config/ does not have
    checkov    .rendered  .../bin/checkov
    parliament .rendered  .../bin/parliament
    nist       .rendered  .../node_modules
    cyclonedx  .sbom      .../bin/python

Prints one line for each problem and ends with status 1 if there is one, with 2 if a gate could not be run.
"""

import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from tools.gates import checkov, cyclonedx, nist, parliament, templates
from tools.gates.judge import GateError

GATES: Mapping[str, Callable[[Path, Mapping[str, str]], list[str]]] = {
    "checkov": checkov.run,
    "parliament": parliament.run,
    "nist": nist.run,
    "cyclonedx": cyclonedx.run,
}


def main(arguments: Sequence[str]) -> int:
    """Run what the arguments name; answers the exit status."""
    try:
        match arguments:
            case ["variants", directory]:
                found = list(templates.write_variants(Path(directory)))
                sys.stdout.write(f"{len(found)} templates of other settings\n")
                return 0
            case [gate, directory, tool] if gate in GATES:
                reader = cyclonedx.read_all if gate == "cyclonedx" else templates.read_all
                read = reader(Path(directory))
                problems = GATES[gate](Path(tool), read)
                for line in problems:
                    sys.stderr.write(f"{gate}: {line}\n")
                return 1 if problems else 0
    except GateError as error:
        sys.stderr.write(f"error: {error}\n")
        return 2
    sys.stderr.write(f"{__doc__}")
    return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
