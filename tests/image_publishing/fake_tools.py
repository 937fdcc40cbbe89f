"""docker, podman and buildah as seen from outside: commands are written down, answers are prepared."""

import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

DIGEST = f"sha256:{'c' * 64}"


@dataclass
class Shell:
    """Implements `connector.image_publishing.tools.Run`. `failing` are beginnings of commands that fail."""

    failing: Mapping[str, str] = field(default_factory=dict)
    missing: frozenset[str] = frozenset()
    answers: Mapping[str, str] = field(default_factory=dict)
    commands: list[str] = field(default_factory=list)
    given: list[str] = field(default_factory=list)
    environments: list[Mapping[str, str]] = field(default_factory=list)

    def __call__(
        self,
        command: Sequence[str],
        *,
        given: str | None = None,
        environment: Mapping[str, str] | None = None,
        shown: bool = False,
    ) -> "subprocess.CompletedProcess[str]":
        if command[0] in self.missing:
            raise FileNotFoundError(2, "No such file or directory", command[0])
        line = " ".join(command)
        self.commands.append(line)
        self.environments.append(environment or {})
        if given is not None:
            self.given.append(given)
        for beginning, words in self.failing.items():
            if line.startswith(beginning):
                return subprocess.CompletedProcess(command, 1, "", words)
        answer = next((text for start, text in self.answers.items() if line.startswith(start)), "")
        return subprocess.CompletedProcess(command, 0, answer, "")

    def ran(self, beginning: str) -> list[str]:
        """The commands that begin like this."""
        return [command for command in self.commands if command.startswith(beginning)]
