"""``handeye elements``: the element list of an image file, or of a screen as it is now."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from actions.frame import Frame
from agent.core.errors import UserError
from agent.perception.listing.lister import ElementLister
from agent.perception.listing.rows import ElementList
from agent.run.env_spec import SANDBOXES, EnvSpec, open_env
from agent.run.locate import read_image
from envs.accessibility import can_serve
from envs.env import Observation


def elements_of_image(path: Path) -> ElementList:
    """What perception reads off the image at `path`; a high one is taken for a phone's. Raises `UserError`."""
    image = read_image(path)
    height, width = image.shape[:2]
    seen = Observation(image, Frame(id="image", width=width, height=height))
    return ElementLister().listed(seen, height > width)


def elements_of_env(spec: EnvSpec, sources: str = "both") -> ElementList:
    """The elements on the screen that `spec` opens; `sources` is tree, pixels or both. Raises like `open_env`."""
    if sources not in ("tree", "pixels", "both"):
        raise UserError(f"--from {sources}: tree, pixels or both")
    env = open_env(replace(spec, accessibility=spec.kind in SANDBOXES and can_serve()))
    try:
        seen = env.observe()
        if sources == "tree" and seen.details is None:
            raise UserError(f"{env.name} has no accessibility tree: leave --from out")
        lister = ElementLister(sources != "pixels", sources != "tree", fused=True)
        return lister.listed(seen, env.platform == "mobile")
    finally:
        env.close()
