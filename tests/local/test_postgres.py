"""PostgreSQL runs whoever the user is and wherever the checkout lies."""

import os
from pathlib import Path

import psycopg
import pytest

from connector.local import postgres, toolchain
from connector.local.addresses import free_port
from connector.local.postgres import Runner

pytestmark = pytest.mark.e2e

WAYS = {"this user's own way": None, "as nobody, from a copy": Runner(uid=65534)}


@pytest.mark.parametrize("way", WAYS)
def test_a_server_beneath_a_private_directory_starts_and_decodes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, way: str
):
    """A checkout beneath a directory like /root: nobody else may even look into it."""
    chosen = WAYS[way]
    if chosen is not None:
        if os.geteuid() != 0:
            pytest.skip("only root can become somebody else")
        monkeypatch.setattr(postgres, "runner", lambda: chosen)
    tmp_path.chmod(0o700)
    data = tmp_path / "data"
    home = postgres.install(toolchain.find(), print)
    port = free_port()
    process = postgres.start(home, data, "127.0.0.1", port, admin_password="pw", log=tmp_path / "log")
    try:
        postgres.wait(process, "127.0.0.1", port, "pw")
        with psycopg.connect(
            host="127.0.0.1", port=port, user="postgres", password="pw", dbname="postgres"
        ) as it:
            assert it.execute("SHOW wal_level").fetchone() == ("logical",)
            it.execute("SELECT pg_create_logical_replication_slot('probe', 'pgoutput')")
        with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
            psycopg.connect(host="127.0.0.1", port=port, user="postgres", password="no", dbname="postgres")
    finally:
        postgres.stop(process)
        postgres.remove(data)
