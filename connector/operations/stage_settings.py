"""The settings of a stage in this checkout, without Sceptre: for commands that contact nothing."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from connector.domain.capture.settings import ConnectorSettings
from connector.domain.errors import OperatorError
from connector.domain.stage.stage import Stage

ROOT = Path(__file__).resolve().parents[2]


def checkout() -> Path:
    """The current directory if it holds `config/`, else this checkout."""
    here = Path.cwd()
    return here if (here / "config" / "config.yaml").is_file() else ROOT


def connector_settings(stage: Stage, project: Path | None = None) -> ConnectorSettings:
    """What `connector:` says in the stage's config.yaml; the defaults where the stage has no directory."""
    found = written(stage, project).get("connector") or {}
    if not isinstance(found, Mapping):
        raise OperatorError(f"{_file(stage, project)}: connector is {found!r}; expected settings like kind")
    return ConnectorSettings.parse(found)


def written(stage: Stage, project: Path | None = None) -> Mapping[str, Any]:
    """What the stage's own config.yaml says; nothing where there is none.

    Raises `OperatorError` for a file that is no YAML mapping, or is one only when Sceptre has filled it in.
    """
    path = _file(stage, project)
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (UnicodeDecodeError, yaml.YAMLError):
        raise OperatorError(
            f"{path} cannot be read as YAML; fix it (`wms-connector render` says where), or give its "
            "settings as options"
        ) from None
    return content if isinstance(content, dict) else {}


def _file(stage: Stage, project: Path | None) -> Path:
    group = Path("ephemeral", stage.name) if stage.ephemeral else Path(stage.name)
    return (project or checkout()) / "config" / group / "config.yaml"
