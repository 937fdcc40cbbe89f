"""The table of the Kafka client's exceptions has each one of the client that is shipped."""

import zipfile
from pathlib import Path

import pytest

from connector.domain.diagnosis.kafka_errors import BY_EXCEPTION
from connector.local import toolchain

pytestmark = pytest.mark.e2e


def test_the_clients_jar_has_no_exception_without_a_class():
    tools = toolchain.find()
    toolchain.assemble(tools, lambda _: None)
    (jar_file,) = (tools.connect_home / "libs").glob("kafka-clients-*.jar")
    folder = "org/apache/kafka/common/errors/"
    with zipfile.ZipFile(jar_file) as jar:
        found = {
            Path(name).stem
            for name in jar.namelist()
            if name.startswith(folder) and name.endswith(".class") and "$" not in name
        }
    # The parent of all others says nothing by itself.
    assert found - {"ApiException"} - set(BY_EXCEPTION) == set()
