"""A product as CycloneDX 1.6, in JSON: https://cyclonedx.org/docs/1.6/json/.

Neither a time nor a random number is in it: the same content gives the same bytes.
"""

import json
import re
import uuid
from typing import Any

from tools.sbom.component import Component, Product

SCHEMA = "http://cyclonedx.org/schema/bom-1.6.schema.json"
#: Serial numbers are made from the content, below this name.
_NAMESPACE = uuid.uuid5(uuid.NAMESPACE_URL, "https://cyclonedx.org/wms-connector")
#: What SPDX's list has as one identifier; an expression, and a name of our own, is none.
_IDENTIFIER = re.compile(r"(?!LicenseRef-)[A-Za-z0-9.+-]+")
#: This project's own licence, of pyproject.toml.
_OURS = ("CC0-1.0",)


def document(product: Product) -> str:
    """The document, ending with a newline."""
    body = {
        "$schema": SCHEMA,
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {
            "component": {
                "type": product.kind,
                "bom-ref": product.name,
                "name": product.name,
                "version": product.version,
                "licenses": _licences(_OURS),
            }
        },
        "components": [_component(each) for each in product.components],
        "dependencies": [
            {"ref": product.name, "dependsOn": [each.purl for each in product.components if each.shipped]}
        ],
    }
    serial = uuid.uuid5(_NAMESPACE, json.dumps(body, sort_keys=True))
    return json.dumps({**body, "serialNumber": f"urn:uuid:{serial}"}, indent=2) + "\n"


def _component(each: Component) -> dict[str, Any]:
    return {
        "type": each.kind,
        "bom-ref": each.purl,
        **({"group": each.group} if each.group else {}),
        "name": each.name,
        "version": each.version,
        "scope": "required" if each.shipped else "excluded",
        "hashes": [{"alg": "SHA-256", "content": each.sha256}],
        "licenses": _licences(each.licences),
        "purl": each.purl,
        "properties": [{"name": "wms-connector:place", "value": each.place}],
    }


def _licences(licences: tuple[str, ...]) -> list[dict[str, Any]]:
    return [{"license": {"id" if _IDENTIFIER.fullmatch(each) else "name": each}} for each in licences]
