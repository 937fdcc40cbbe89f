"""checkov over all templates, without the network."""

import json
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from tools.gates.judge import CHECKOV, GateError, GateFinding, excepted, problems, without_exceptions

#: `--skip-download` leaves out what checkov asks the network for without an account: the texts of its guides.
_OPTIONS = ("--framework", "cloudformation", "--skip-download", "--compact", "--quiet", "--output", "json")

#: The templates as they are sent, and those with exceptions also without them: one run reads all.
_AS_SENT, _BARE = "as-sent", "bare"


def run(program: Path, templates: Mapping[str, str]) -> list[str]:
    """What checkov has against the templates, one line each."""
    with tempfile.TemporaryDirectory() as place:
        excused = excepted(templates, CHECKOV)
        for name, text in templates.items():
            bodies = {_AS_SENT: text}
            if any(exception.template == name for exception in excused):
                bodies[_BARE] = without_exceptions(text)
            for kind, body in bodies.items():
                path = Path(place, kind, name)
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(body, encoding="utf-8")
        done = subprocess.run(
            [str(program), *_OPTIONS, "--directory", place],
            capture_output=True,
            text=True,
            check=False,
        )
    report = _report(done.stdout, done.stderr)
    found = list(_findings(report))
    return list(
        problems(
            [finding for kind, finding in found if kind == _BARE],
            [finding for kind, finding in found if kind == _AS_SENT],
            excused,
        )
    )


def _report(output: str, errors: str) -> dict[str, Any]:
    """The report; checkov ends with status 1 for findings and for its own failures alike."""
    try:
        report: dict[str, Any] = json.loads(output)
        summary = report["summary"]
    except (ValueError, KeyError, TypeError):
        lines = (errors or output).strip().splitlines()
        raise GateError(f"checkov gave no report: {lines[-1] if lines else 'no output'}") from None
    if summary["parsing_errors"] or not summary["passed"]:
        raise GateError(f"checkov could not read all templates: {summary}")
    return report


def _findings(report: Mapping[str, Any]) -> Iterator[tuple[str, GateFinding]]:
    for check in report["results"]["failed_checks"]:
        kind, _, template = check["file_path"].lstrip("/").partition("/")
        resource = check["resource"].rpartition(".")[2]
        yield kind, GateFinding(template, resource, check["check_id"], check["check_name"])
