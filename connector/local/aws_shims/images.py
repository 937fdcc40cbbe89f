"""ECR's DescribeImages, as far as a launch asks for the worker's image.

Nothing is pushed to this world's registry: what runs is the directory that `local up` assembled from this
checkout. So the repository holds the checkout's tag from the beginning, with a manifest without layers that
says so, and a changed image is a changed task definition here too. MiniStack answers for an unknown tag with
an empty list, ECR refuses.
"""

# MiniStack is extended at functions that are private to it.
# ruff: noqa: SLF001

import json
from typing import Any

from connector.domain.stage import aws_names
from connector.image_publishing import content
from connector.local.aws_shims._ministack import module


def install() -> None:
    """Let the repository hold this checkout's image."""
    ecr, responses = module("services.ecr"), module("core.responses")
    original = ecr._describe_images

    def describe_images(data: Any) -> Any:
        name = data.get("repositoryName", "")
        if name in ecr._repositories:
            if name == aws_names.PRODUCT:
                _hold(ecr, name, content.tag())
            for wanted in data.get("imageIds") or ():
                if ecr._find_image(name, wanted) is None:
                    message = f"The image {wanted} does not exist within the repository with name '{name}'"
                    return responses.error_response_json("ImageNotFoundException", message, 400)
        return original(data)

    ecr._describe_images = describe_images


def _hold(ecr: Any, name: str, tag: str) -> None:
    if ecr._find_image(name, {"imageTag": tag}) is not None:
        return
    empty = {"mediaType": "application/vnd.oci.empty.v1+json", "digest": f"sha256:{'0' * 64}", "size": 2}
    manifest = {
        "schemaVersion": 2,
        "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "config": empty,
        "layers": [],
        "annotations": {
            "org.opencontainers.image.description": "no image: the local world runs the assembled directory",
            "org.opencontainers.image.version": tag,
        },
    }
    ecr._put_image({"repositoryName": name, "imageTag": tag, "imageManifest": json.dumps(manifest)})
