"""The two documents of `make sbom` against CycloneDX's own schema, without the network."""

import json
import subprocess
from collections.abc import Mapping
from pathlib import Path

from tools.gates.judge import GateError

#: Run by the Python that has the library; it prints the first error of each file, as JSON.
_PROGRAM = """\
import json, sys
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
found = {}
for name, text in json.load(sys.stdin).items():
    version = SchemaVersion.from_version(json.loads(text)["specVersion"])
    error = JsonStrictValidator(version).validate_str(text)
    found[name] = None if error is None else str(error.data)
print(json.dumps(found))
"""


def read_all(directory: Path) -> dict[str, str]:
    """Name -> text of every document in a directory."""
    found = {path.name: path.read_text(encoding="utf-8") for path in sorted(directory.glob("*.cdx.json"))}
    if not found:
        raise GateError(f"{directory} holds no document; run `make sbom`")
    return found


def run(python: Path, documents: Mapping[str, str]) -> list[str]:
    """What the schema has against the documents, one line each."""
    done = subprocess.run(
        [str(python), "-c", _PROGRAM],
        input=json.dumps(dict(documents)),
        capture_output=True,
        text=True,
        check=False,
    )
    try:
        found: dict[str, str | None] = json.loads(done.stdout)
    except ValueError:
        lines = (done.stderr or done.stdout).strip().splitlines()
        raise GateError(f"the schema could not be asked: {lines[-1] if lines else 'no output'}") from None
    if found.keys() != documents.keys():
        raise GateError(
            f"the schema was asked about {len(documents)} documents and answered for {len(found)}"
        )
    return [f"{name}: {' '.join(error.split())[:300]}" for name, error in found.items() if error]
