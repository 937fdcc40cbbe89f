"""`python -m tools.sbom DIRECTORY`: write image.cdx.json and functions.cdx.json.

Ends with status 1 and one line where the lists that they are made of disagree.
"""

import sys
from collections.abc import Sequence
from pathlib import Path

from connector.domain.errors import OperatorError
from tools.sbom.cyclonedx import document
from tools.sbom.functions import functions
from tools.sbom.image import image


def main(arguments: Sequence[str]) -> int:
    """Write both documents; answers the exit status."""
    if len(arguments) != 1:
        sys.stderr.write(f"{__doc__}\n")
        return 2
    try:
        products = {"image": image(), "functions": functions()}
    except (OperatorError, ValueError) as error:
        sys.stderr.write(f"error: {error}\n")
        return 1
    directory = Path(arguments[0])
    directory.mkdir(parents=True, exist_ok=True)
    for name, product in products.items():
        file = directory / f"{name}.cdx.json"
        file.write_text(document(product), encoding="utf-8")
        sys.stdout.write(f"{file}: {len(product.components)} components\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
