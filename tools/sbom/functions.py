"""What the functions' zip holds beside our own code: the vendored packages, as uv.lock pins them."""

import re
import tomllib
from importlib import metadata
from pathlib import Path
from typing import Any

from lambda_src.packaging import VENDORED, build_package
from tools.sbom.component import Component, Product

ROOT = Path(__file__).resolve().parents[2]
#: The list of licences for people; a test makes it.
LICENCES = ROOT / "lambda_src" / "LICENCES.md"
#: An SPDX identifier, as packages write it into `License` before PEP 639 gave them `License-Expression`.
_IDENTIFIER = re.compile(r"[A-Za-z0-9][A-Za-z0-9.+-]*")


def functions(lock: Path = ROOT / "uv.lock") -> Product:
    """The zip's packages. Raises ValueError where the installed version is not the locked one."""
    locked = {
        package["name"]: package for package in tomllib.loads(lock.read_text(encoding="utf-8"))["package"]
    }
    found = tuple(_package(name, locked.get(name)) for name in VENDORED)
    return Product("application", "wms-connector/functions", build_package().sha256[:16], found)


def _package(name: str, locked: dict[str, Any] | None) -> Component:
    version = metadata.version(name)
    if locked is None or locked["version"] != version:
        raise ValueError(f"{name} {version} is installed and uv.lock has another one; run `make setup`")
    # The zip runs on any architecture: what has compiled wheels, too, is taken without its compiled parts.
    (wheel,) = (each for each in locked["wheels"] if each["url"].endswith("-none-any.whl"))
    return Component(
        "library",
        f"pkg:pypi/{name}@{version}",
        "",
        name,
        version,
        wheel["hash"].removeprefix("sha256:"),
        (licence(name),),
        "the zip",
    )


def licence(name: str) -> str:
    """The licence that an installed package states, as SPDX. Raises ValueError where it states none."""
    stated = metadata.metadata(name)
    expression = next((stated[key] for key in ("License-Expression", "License") if key in stated), "")
    if not _IDENTIFIER.fullmatch(expression):
        raise ValueError(f"{name} states no licence as an SPDX identifier, but {expression[:60]!r}")
    return expression


def paper(product: Product) -> str:
    """The list as a document."""
    head = [
        "# What the functions' zip holds, with licences",
        "",
        "Made by `tests/tools/test_sbom.py` from the installed packages and `uv.lock`; a test fails when it",
        "is stale. Licences are SPDX identifiers. The zip holds each package's own licence text too, and",
        "this project's code, which is [CC0 1.0](../LICENSE). Python and boto3 come with Lambda's runtime",
        "and are not in the zip.",
        "",
        "| package | version | licences | SHA-256 of its wheel |",
        "|---|---|---|---|",
    ]
    rows = [
        f"| {c.name} | {c.version} | {', '.join(c.licences)} | `{c.sha256}` |" for c in product.components
    ]
    return "\n".join([*head, *rows]) + "\n"
