"""`wms-connector image`: build and publish the worker's container image."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import click

from connector.aws import account, calls
from connector.commands.output import json_option, print_json, print_table
from connector.image_publishing import image as images
from connector.image_publishing import tools

_tool = click.option(
    "--tool",
    type=click.Choice(sorted(tools.ALL)),
    help="The container tool. Default: the first of docker, podman and buildah that works on this machine.",
)
_bases = click.option(
    "--bases",
    "bases_file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="The file that names the two base images. Default: connector/image/bases.env.",
)


@click.group()
def image() -> None:
    """Build and publish the Connect worker's image, and show where it is.

    The image's tag is computed from its content: the checksum of every file, the Dockerfile and the digests
    of the base images. One tag therefore has one content, and a published image is never pushed again.
    `sceptre launch` uses the image of this checkout, by digest, unless the setting `image` names another one.
    """


@image.command()
@_tool
@_bases
@json_option
def build(tool: str | None, bases_file: Path | None, *, as_json: bool) -> None:
    """Build the image on this machine, unless it is there already."""
    found = images.Image.of(bases_file=bases_file)
    made = found.build(_chosen(tool)(), _report)
    if as_json:
        print_json({"tag": found.tag, "image": found.local, "made": made})
        return
    click.echo(f"{found.local} is {'built' if made else 'built already'}")
    click.echo("next: wms-connector image publish")


@image.command()
@_tool
@_bases
@json_option
def publish(tool: str | None, bases_file: Path | None, *, as_json: bool) -> None:
    """Push the image to the foundation's repository, and build it first if necessary.

    If the image is published already, nothing is done and no container tool is needed. The account needs
    the foundation (`sceptre launch foundation`).
    """
    found, connection = images.Image.of(bases_file=bases_file), account.Account()
    with calls.errors():
        reference = images.publish(found, connection, _chosen(tool), _report)
    if as_json:
        print_json({"tag": found.tag, "image": reference})
        return
    click.echo(f"{found.tag} is published as {reference}")


@image.command()
@_tool
@_bases
@json_option
def status(tool: str | None, bases_file: Path | None, *, as_json: bool) -> None:
    """Show the image's tag, base images and digest, and whether it is built here and published."""
    found = images.status(images.Image.of(bases_file=bases_file), account.Account, _chosen(tool))
    if as_json:
        print_json(found.to_json())
        return
    rows = [
        ("tag", found.tag),
        *found.bases.items(),
        ("JDBC plugin", found.jdbc_plugin or "none"),
        ("built here", _answer(found.built)),
        ("published", _answer(found.published)),
        ("image", found.image or "none"),
        *(("note", problem) for problem in found.problems),
    ]
    print_table("The worker's image of this checkout", rows)


@image.command()
@_tool
@_bases
@json_option
def pin(tool: str | None, bases_file: Path | None, *, as_json: bool) -> None:
    """Look up the current digests of the base images in their registry, and write them into bases.env.

    The line above each base says where its digest is from. A scheduled workflow runs this, too. Then review
    the diff, run the tests and commit. The image gets a new tag.
    """
    found = images.Image.of(bases_file=bases_file)
    digests = images.pin(found, _chosen(tool)(), datetime.now(UTC).date())
    if as_json:
        print_json(digests)
        return
    for name, digest in digests.items():
        click.echo(f"{found.bases_file.name}: {name} is {digest}")


def _chosen(tool: str | None) -> Callable[[], tools.Tool]:
    return lambda: tools.choose(tool, tools.ALL)


def _report(line: str) -> None:
    click.echo(line, err=True)


def _answer(value: bool | None) -> str:  # noqa: FBT001 - an answer, not a switch
    return {True: "yes", False: "no", None: "unknown"}[value]
