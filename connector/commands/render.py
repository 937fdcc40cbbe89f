"""`wms-connector render`: write all templates to a directory, offline."""

import click

from connector.commands.output import directory, json_option, print_json, write_files
from connector.sceptre import render as rendering


@click.command("render")
@click.argument("stages", nargs=-1, metavar="[STAGE …]")
@click.option(
    "--out",
    type=click.Path(file_okay=False),
    default=".rendered",
    show_default=True,
    help="Directory to write to, as DIR/<stage>/<component>.json.",
)
@json_option
def render(stages: tuple[str, ...], out: str, *, as_json: bool) -> None:
    """Write the CloudFormation templates of each STAGE to files, offline.

    Needs neither AWS nor credentials: secrets have made-up values. Default stages: foundation, main, val,
    production and default.
    """
    place = directory(out, "--out")
    files = rendering.files(rendering.render(stages), place)
    write_files(files, "--out")
    sizes = {str(path): len(text.encode()) for path, text in files.items()}
    if as_json:
        print_json({"templates": [{"path": path, "bytes": size} for path, size in sizes.items()]})
        return
    for path, size in sizes.items():
        click.echo(f"{path}  {size} bytes")
