"""What all tests share: no network and no credentials for those that need none, golden files, hypothesis."""

import gc
import ipaddress
import os
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings
from xdist.scheduler.loadscope import LoadScopeScheduling  # type: ignore[import-untyped]

settings.register_profile("default", deadline=None, max_examples=60)
settings.register_profile("ci", settings.get_profile("default"), derandomize=True, print_blob=True)
# Lines are reached by the first examples. More of them find mistakes, which is what `make test-unit` is for.
settings.register_profile("coverage", settings.get_profile("ci"), max_examples=10)
settings.register_profile("long", settings.get_profile("default"), max_examples=20_000)
settings.load_profile(
    os.environ.get("HYPOTHESIS_PROFILE") or ("ci" if os.environ.get("CI") == "true" else "default")
)

# Thousands of tests are many objects that stay. With Python's own thresholds they are looked through so often
# that collecting the tests takes a quarter longer.
gc.set_threshold(50_000, 20, 100)

#: Modules that need many seconds together, mostly because they prove a rule on every stage, or start a shell
#: or a process for each case. `make test` runs them beside those on the real parts, not in the unit part.
SLOW = (
    "commands/test_adopt.py",
    "commands/test_backup.py",
    "commands/test_operate.py",
    "commands/test_plan.py",
    "config/test_config.py",
    "domain/access/",
    "domain/diagnosis/test_rules.py",
    "domain/stage/test_teardown.py",
    "faults/oracle/test_cases.py",
    "faults/test_load.py",
    "hooks/test_admit.py",
    "hooks/test_admit_account.py",
    "hooks/test_every_hook.py",
    "hooks/test_foreign_stacks.py",
    "hooks/test_publish.py",
    "image/test_entrypoint.py",
    "lambda_src/clients/test_http_transport.py",
    "lambda_src/clients/test_tls.py",
    "lambda_src/connect_admin/test_status_in_time.py",
    "lambda_src/connect_health/test_check.py",
    "lambda_src/connect_health/test_incident.py",
    "lambda_src/connect_health/test_worker_run.py",
    "lambda_src/test_packaging.py",
    "local/oracle/test_sessions.py",
    "local/test_ecs_events.py",
    "operations/test_cluster_view.py",
    "oracle_config/test_granted_rights.py",
    "pipelines/",
    "sceptre/test_render.py",
    "support/test_leaks.py",
    "templates/test_lint.py",
    "templates/test_role_rights.py",
    "templates/test_rules.py",
    "test_architecture.py",
)

#: The package whose tests share one world.
ONE_WORLD = "tests/e2e/one_world"

#: What needs a minute and more of `make test-e2e`, the longest first. Out of date, it costs time only.
LONGEST = (
    ONE_WORLD,
    "tests/e2e/test_teardown.py",
    "tests/e2e/test_refused_login.py",
    "tests/e2e/test_rotation.py",
    "tests/local/oracle/test_connector.py",
    "tests/e2e/test_authentication.py",
    "tests/mistakes/test_mistakes.py",
    "tests/e2e/test_mistakes.py",
    "tests/lambda_src/test_real_parts.py",
    "tests/local/test_world.py",
    "tests/e2e/test_rights.py",
)

Golden = Callable[[str | Path, str], None]
ROOT = Path(__file__).parents[1]


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--rewrite-golden",
        action="store_true",
        help="Write the golden files anew instead of comparing with them; review the diff.",
    )


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Golden:
    """Compares `text` with a golden file: `golden(path, text)`.

    A relative path is looked for in `golden/` beside the test's module. Only --rewrite-golden writes.
    """
    base = request.path.parent / "golden"
    rewrite = bool(request.config.getoption("--rewrite-golden"))

    def compare(path: str | Path, text: str) -> None:
        file = base / path
        if rewrite:
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8")
            return
        assert file.exists(), f"{file} does not exist; run pytest with --rewrite-golden and review it"
        assert text == file.read_text(encoding="utf-8"), (
            f"differs from {file.name}; if that is meant, run pytest with --rewrite-golden and review"
        )

    return compare


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what is slow, and begin with what takes longest: beside it, two processes share all the rest."""
    for item in items:
        if item.path.is_relative_to(ROOT / "tests") and str(item.path.relative_to(ROOT / "tests")).startswith(
            SLOW
        ):
            item.add_marker("slow")
    items.sort(key=lambda item: turn(item.nodeid))


def scope(nodeid: str) -> str:
    """What stays in one process, for its world takes long to launch: a module, or the tests of ONE_WORLD."""
    return ONE_WORLD if nodeid.startswith(f"{ONE_WORLD}/") else nodeid.partition("::")[0]


def turn(nodeid: str) -> int:
    """The place of a test's scope in LONGEST; all others are behind them, in the order of their names."""
    found = scope(nodeid)
    return LONGEST.index(found) if found in LONGEST else len(LONGEST)


class ByWorld(LoadScopeScheduling):  # type: ignore[misc]
    """Tests on the real parts that share a world stay in one process."""

    def _split_scope(self, nodeid: str) -> str:
        return scope(nodeid)


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """`--dist loadscope` means by world, and in the order of `turn`, not of how many tests a scope has."""
    if config.getvalue("dist") != "loadscope":
        return None
    config.option.loadscopereorder = False
    return ByWorld(config, log)


class NetworkRefusedError(RuntimeError):
    """A unit test tried to leave this machine."""


@pytest.fixture(autouse=True)
def _sealed(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Unit tests see no AWS credentials and reach loopback only; tests marked e2e are left alone."""
    if request.node.get_closest_marker("e2e") is not None:
        return
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", os.devnull)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    for method in ("connect", "connect_ex", "sendto"):
        monkeypatch.setattr(socket.socket, method, _loopback_only(getattr(socket.socket, method)))
    monkeypatch.setattr(socket, "getaddrinfo", _known_hosts_only(socket.getaddrinfo))


def _loopback_only(original: Callable[..., Any]) -> Callable[..., Any]:
    def guarded(self: socket.socket, *args: Any) -> Any:
        # sendto has the address last, connect has only the address; a Unix socket's is no tuple.
        address = args[-1]
        if isinstance(address, tuple):
            _refuse_foreign(address[0])
        return original(self, *args)

    return guarded


def _known_hosts_only(original: Callable[..., Any]) -> Callable[..., Any]:
    def guarded(host: str | bytes | None, *args: Any, **kwargs: Any) -> Any:
        if host is not None:
            _refuse_foreign(host.decode() if isinstance(host, bytes) else host)
        return original(host, *args, **kwargs)

    return guarded


def _refuse_foreign(host: str) -> None:
    if host in ("localhost", ""):
        return
    try:
        local = ipaddress.ip_address(host).is_loopback or ipaddress.ip_address(host).is_unspecified
    except ValueError:
        local = False
    if not local:
        raise NetworkRefusedError(f"a unit test must not reach {host!r}; mark it e2e or use loopback")
