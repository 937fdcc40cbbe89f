"""Formatting the broker's directory leaves no password behind."""

import stat
import subprocess
from pathlib import Path
from typing import Any

import pytest

from connector.local import broker


class Tools:
    """A toolchain without programs."""

    def environment(self) -> dict[str, str]:
        return {}


def test_the_file_with_the_password_is_gone_when_the_format_is_killed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    arguments = tmp_path / "format.args"
    arguments.write_text("left by a run before", encoding="utf-8")
    arguments.chmod(0o644)
    seen: list[tuple[str, int]] = []

    def killed(*_: Any, **__: Any) -> None:
        seen.append((arguments.read_text(encoding="utf-8"), stat.S_IMODE(arguments.stat().st_mode)))
        raise KeyboardInterrupt

    monkeypatch.setattr(subprocess, "run", killed)
    with pytest.raises(KeyboardInterrupt):
        broker._format(tmp_path / "server.properties", tmp_path, Tools(), ["java"], "the-password")  # type: ignore[arg-type]
    ((text, mode),) = seen
    assert "the-password" in text
    assert "left by" not in text
    assert mode == 0o600
    assert not arguments.exists()
