"""A worker's directory with other lines in its worker.properties."""

import shutil
from collections.abc import Mapping
from pathlib import Path


def with_properties(
    home: Path, made: Path, changes: Mapping[str, str | None], script: Mapping[str, str] | None = None
) -> Path:
    """A CONNECT_HOME at `made` with the files of `home` and other lines in worker.properties; None: none.

    `script`: texts of bin/entrypoint.sh and what stands in their place. ValueError if one is not there.
    """
    made.mkdir(parents=True)
    for entry in home.iterdir():
        if entry.name not in ("bin", "conf"):
            (made / entry.name).symlink_to(entry)
    for own in ("bin", "conf"):
        shutil.copytree(home / own, made / own)
    start = made / "bin" / "entrypoint.sh"
    for text, other in (script or {}).items():
        content = start.read_text(encoding="utf-8")
        if text not in content:
            raise ValueError(f"{start.name} has no {text}")
        start.write_text(content.replace(text, other), encoding="utf-8")
    file = made / "conf" / "worker.properties"
    file.write_text(changed(file.read_text(encoding="utf-8"), changes), encoding="utf-8")
    return made


def changed(properties: str, changes: Mapping[str, str | None]) -> str:
    """A properties file with other values: in the place of the line that is there, else at the end."""
    left = dict(changes)
    lines = []
    for line in properties.splitlines():
        key = line.partition("=")[0]
        if line.startswith("#") or key not in changes:
            lines.append(line)
            continue
        value = left.pop(key, None)
        if value is not None:
            lines.append(f"{key}={value}")
    lines += [f"{key}={value}" for key, value in left.items() if value is not None]
    return "\n".join(lines) + "\n"
