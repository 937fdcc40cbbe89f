"""The rights that the DBA is asked for, held against what the shipped plugin asks of the database."""

import re
import zipfile

import pytest

from connector.domain.capture.oracle_script import VIEWS
from connector.local import toolchain

pytestmark = pytest.mark.e2e

#: V$ followed by capitals, in class files: names in queries, and one that the compiler makes.
_VIEW = re.compile(rb"\b(G?V)\$([A-Z_]{3,})", re.IGNORECASE)
_COMPILERS_OWN = {"V_$SWITCHMAP"}


def test_every_view_that_the_plugin_names_is_granted():
    """A version that queries another view makes this fail, rather than a launch at the customer's."""
    tools = toolchain.find()
    toolchain.assemble(tools, lambda _: None)
    plugin = tools.connect_home / "plugins" / "debezium-connector-oracle"
    (jar,) = plugin.glob("debezium-connector-oracle-*.jar")
    found: set[str] = set()
    with zipfile.ZipFile(jar) as archive:
        for name in archive.namelist():
            if name.endswith(".class"):
                found |= {
                    f"{kind.decode()}_${view.decode()}".upper()
                    for kind, view in _VIEW.findall(archive.read(name))
                }
    assert len(found) > 10
    assert found - _COMPILERS_OWN <= set(VIEWS)
