"""What the table says of a code's reaction is what the shipped classes answer.

After an upgrade of Debezium or of the driver this fails for every code that is treated otherwise.
"""

import subprocess
from pathlib import Path

import pytest

from connector.domain.diagnosis.oracle_codes import by_code
from connector.domain.diagnosis.oracle_family import Reaction
from connector.local import toolchain

pytestmark = pytest.mark.e2e

_SOURCE = Path(__file__).parent / "Reactions.java"
#: By its arguments: some are retried. The driver's number alone does not tell.
_BY_ARGUMENTS = {600}


def test_the_shipped_connector_retries_what_the_table_says():
    tools = toolchain.find()
    toolchain.assemble(tools, lambda _: None)
    home = tools.connect_home
    plugin = home / "plugins" / "debezium-connector-oracle"
    done = subprocess.run(
        [str(tools.java), "-cp", f"{plugin}/*:{home / 'libs'}/*", str(_SOURCE)],
        input="".join(f"{code}\n" for code in by_code),
        env=tools.environment(),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-4000:]
    answers = dict(line.split() for line in done.stdout.splitlines())
    assert len(answers) == len(by_code)
    for code, family in by_code.items():
        # At a login `OracleConnection` throws a RetriableException, whatever the number.
        if not family.connecting and code not in _BY_ARGUMENTS:
            expected = Reaction.RETRIES if answers[str(code)] == "true" else Reaction.FAILS
            assert family.connector is expected, f"ORA-{code:05d}"
