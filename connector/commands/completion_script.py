"""`wms-connector completion`: what a shell evaluates to complete commands, options and stages."""

import shutil
import subprocess

import click
from click.shell_completion import get_completion_class

from connector.domain.errors import OperatorError

_PROGRAM = "wms-connector"
#: The variable by which click's script asks the program for completions.
_VARIABLE = "_WMS_CONNECTOR_COMPLETE"
_SHELLS = ("bash", "zsh", "fish")
#: click's script for bash needs `compopt -o nosort`: https://click.palletsprojects.com/en/stable/shell-completion/
_OLDEST_BASH = (4, 4)


@click.command()
@click.argument("shell", type=click.Choice(_SHELLS))
@click.pass_context
def completion(context: click.Context, shell: str) -> None:
    """Print what makes SHELL complete commands, options and the names of stages.

    Stages are the named ones and those with a directory below config/ephemeral/; no account is asked. To have
    it in every session, put the example into ~/.bashrc or ~/.zshrc. For fish, write the output to
    ~/.config/fish/completions/wms-connector.fish.
    """
    made = get_completion_class(shell)
    if made is None:
        raise OperatorError(f"click knows no completion for {shell}; allowed: {', '.join(_SHELLS)}")
    if shell == "bash":
        _refuse_old_bash()
    click.echo(made(context.find_root().command, {}, _PROGRAM, _VARIABLE).source(), nl=False)


def _refuse_old_bash() -> None:
    """Click would print its complaint into what `eval` reads."""
    found = _bash_version()
    if found is not None and found < _OLDEST_BASH:
        raise OperatorError(
            f"bash {'.'.join(map(str, found))} is too old to complete; bash 4.4 or later, zsh and fish can"
        )


def _bash_version() -> tuple[int, ...] | None:
    """The version of the bash on PATH; None where there is none or it does not say."""
    bash = shutil.which("bash")
    if bash is None:
        return None
    command = [bash, "-c", "echo ${BASH_VERSINFO[0]} ${BASH_VERSINFO[1]}"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=10, check=False)
    words = done.stdout.split()
    return tuple(map(int, words)) if len(words) == 2 and all(map(str.isdigit, words)) else None
