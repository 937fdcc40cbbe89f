"""The settings of a stage in this checkout, without Sceptre: for commands that contact nothing."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from connector.domain.capture.settings import ConnectorSettings
from connector.domain.errors import OperatorError
from connector.domain.stage.stage import Stage

ROOT = Path(__file__).resolve().parents[2]
#: What Jinja would fill in, and what stands here in its place.
_JINJA, _FILLED_IN = re.compile(r"\{\{.*?\}\}"), "(filled in by Sceptre)"


def checkout() -> Path:
    """The current directory if it holds `config/`, else this checkout."""
    here = Path.cwd()
    return here if (here / "config" / "config.yaml").is_file() else ROOT


def connector_settings(stage: Stage, project: Path | None = None) -> ConnectorSettings:
    """What `connector:` says for the stage, by Sceptre's rules of inheritance; the defaults without any."""
    found, place = setting(stage, "connector", project)
    if not isinstance(found or {}, Mapping):
        raise OperatorError(f"{place}: connector is {found!r}; expected settings like kind")
    return ConnectorSettings.parse(found or {})


def kafka_auth(stage: Stage, project: Path | None = None) -> str | None:
    """The setting `kafka_auth` of the stage; None where the broker string's port decides."""
    found, _ = setting(stage, "kafka_auth", project)
    return str(found) if found else None


def setting(stage: Stage, name: str, project: Path | None = None) -> tuple[Any, Path | None]:
    """A setting, and the file that says it; None without one.

    The nearest file that names it counts, and replaces what the others say. Raises `OperatorError` for a
    file that is no YAML, and for a value that only Sceptre can fill in.
    """
    for path in _files(stage, project):
        found = _read(path)
        if name in found:
            if found[name] == _FILLED_IN:
                raise OperatorError(f"{path}: Jinja makes {name}, and only sceptre reads that; {_OPTIONS}")
            return found[name], path
    return None, None


_OPTIONS = "give its settings as options"


def _read(path: Path) -> Mapping[str, Any]:
    """What a file says; nothing where there is none."""
    try:
        text = _JINJA.sub(lambda _: f'"{_FILLED_IN}"', path.read_text(encoding="utf-8"))
        content = yaml.safe_load(text)
    except FileNotFoundError:
        return {}
    except (UnicodeDecodeError, yaml.YAMLError):
        raise OperatorError(
            f"{path} cannot be read as YAML; fix it (`wms-connector render` says where), or {_OPTIONS}"
        ) from None
    return content if isinstance(content, dict) else {}


def _files(stage: Stage, project: Path | None) -> Iterator[Path]:
    """The stage's own file first, then those that it inherits from."""
    config = (project or checkout()) / "config"
    if stage.ephemeral:
        yield config / "ephemeral" / stage.name / "config.yaml"
        # Beside the branches' directories there is a link to it, once the first of them was made.
        yield config / "default" / "config.yaml"
    else:
        yield config / stage.name / "config.yaml"
    yield config / "config.yaml"
