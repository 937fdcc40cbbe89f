"""What the health check makes of a text that somebody pastes, for `wms-connector explain`. Pure."""

from dataclasses import dataclass, replace
from typing import Any

from connector.domain.diagnosis.diagnose import Diagnosis, diagnose
from connector.domain.diagnosis.error_class import ErrorClass
from connector.domain.errors import OperatorError, one_line
from connector.domain.health.error_classes import named
from connector.domain.health.pasted import ERROR, Passage, newest, passages
from connector.domain.health.skipped_lines import skip_in
from connector.domain.stage.stage import Stage

#: Stands for the stage in a command when none is given.
PLACEHOLDER = "<stage>"
#: Of more errors in one paste only so many are looked at, the last ones.
_MOST_OTHERS = 200


@dataclass(frozen=True)
class Explained:
    """What one passage says. `line`: where it begins in the paste, from 1."""

    line: int
    error_class: ErrorClass
    cause: str
    restart: bool


@dataclass(frozen=True)
class Explanation:
    """`finding`: what counts. `others`: other errors of the paste, each where it was last. `lines`: how many.

    `login`: the line of a refused login anywhere in the paste, because of which nothing would be restarted.
    """

    finding: Explained
    others: tuple[Explained, ...]
    lines: int
    login: int | None = None

    @property
    def unknown(self) -> bool:
        """Whether no class describes the error."""
        return self.finding.error_class.name == "unknown"

    def command(self, stage: Stage | None) -> str:
        """The command to run next; a placeholder stands for a stage that is not known."""
        if stage is not None:
            return self.finding.error_class.command_for(stage)
        command = self.finding.error_class.command
        return command.format(stage=PLACEHOLDER, target=PLACEHOLDER)

    def to_json(self, stage: Stage | None) -> dict[str, Any]:
        """As `--json` prints it."""
        found = self.finding
        return {
            "class": found.error_class.name,
            "restart": found.restart,
            "owner": found.error_class.owner.value,
            "meaning": found.error_class.meaning,
            "cause": found.cause,
            "next_step": found.error_class.next_step,
            "command": self.command(stage),
            "line": found.line,
            "others": [
                {"line": other.line, "class": other.error_class.name, "cause": other.cause}
                for other in self.others
            ],
        }


def explain(text: str) -> Explanation:
    """The explanation of a paste. Raises OperatorError for one without a word."""
    found = passages(text)
    if not found:
        raise OperatorError("there is no text to explain; give a trace, or a line of the worker's log")
    chosen = newest(found)
    finding, login = _finding(chosen), None
    if diagnose(text).login:
        login = next((each.line for each in found if diagnose(each.text).login), chosen.line)
        finding = replace(finding, restart=False)
    others = [each for each in found if each is not chosen and each.rank >= ERROR]
    listed = {(each.error_class.name, each.cause): each for each in map(_finding, others[-_MOST_OTHERS:])}
    listed.pop((finding.error_class.name, finding.cause), None)
    ordered = tuple(sorted(listed.values(), key=lambda each: each.line))
    return Explanation(finding, ordered, len(text.splitlines()), login)


def _finding(passage: Passage) -> Explained:
    skip = skip_in(passage.text.partition("\n")[0]) if passage.level else None
    found: Diagnosis = diagnose(passage.text)
    error_class, restart = found.error_class, found.restart and not found.login
    if skip is not None and not skip.ended:
        error_class, restart = named(skip.kind.value), False
    return Explained(passage.line, error_class, one_line(found.cause), restart)
