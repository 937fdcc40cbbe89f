"""Asks the shipped jars what they think of connector configs, without a network, in one start of the JVM."""

import json
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from connector.local.toolchain import Toolchain

_SOURCE = Path(__file__).with_name("FieldDefinitions.java")
_SECONDS = 120


@dataclass(frozen=True)
class Verdict:
    """What the definitions say of one config.

    `captured` are those of the tables asked about that the connector would capture, `topics` the names it
    would use, by role; both are empty where there are errors.
    """

    errors: Mapping[str, Sequence[str]]
    unknown: Sequence[str]
    captured: Sequence[str]
    topics: Mapping[str, str]

    @property
    def refused(self) -> set[str]:
        """The keys that are wrong or unknown."""
        return {*self.errors, *self.unknown}


@dataclass(frozen=True)
class Answer:
    """Verdicts by case, and the definitions themselves: set -> key -> definition."""

    verdicts: Mapping[str, Verdict]
    fields: Mapping[str, Any]


def ask(
    tools: Toolchain, configs: Mapping[str, Mapping[str, str]], tables: Sequence[tuple[str, str]]
) -> Answer:
    """Judge `configs`, by case. Raises RuntimeError with the JVM's own words when it fails."""
    home = tools.connect_home
    places = [home / "libs", *sorted((home / "plugins").iterdir())]
    command = [str(tools.java), "-Xmx256m", "-cp", ":".join(f"{place}/*" for place in places), str(_SOURCE)]
    question = json.dumps({"tables": tables, "configs": {case: dict(c) for case, c in configs.items()}})
    done = subprocess.run(
        command,
        input=question,
        capture_output=True,
        text=True,
        timeout=_SECONDS,
        env=tools.environment(),
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"{_SOURCE.name} failed: {done.stderr[-4000:]}")
    answer = json.loads(done.stdout)
    verdicts = {case: Verdict(**result) for case, result in answer["results"].items()}
    return Answer(verdicts, answer["fields"])
