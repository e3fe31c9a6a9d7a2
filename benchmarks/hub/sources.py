"""Where the data set of each suite is: a dataset repository of the Hugging Face hub, or another address."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

HUB = "https://huggingface.co"


@dataclass(frozen=True)
class HubData:
    """A dataset repository. `files` are patterns of what the suite reads of it, `archives` of those to be unpacked.

    `about` is what the repository has, in a few words.
    """

    repo: str
    files: tuple[str, ...]
    archives: tuple[str, ...] = ()
    about: str = ""

    @property
    def address(self) -> str:
        """The page of the data set, with its card and licence."""
        return f"{HUB}/datasets/{self.repo}"


@dataclass(frozen=True)
class OtherData:
    """Data that is not on the hub: its address, and how it is got."""

    address: str
    how: str


EVERYTHING = HubData("", ("*",), ("*.zip",), "all of its files")
"""What is taken of a repository that is named by hand."""

DATA_SETS: Mapping[str, HubData | OtherData] = {
    "screenspot": HubData("rootsautomation/ScreenSpot", ("data/test-*.parquet",), about="parquet with the images"),
    "screenspot-v2": HubData(
        "OS-Copilot/ScreenSpot-v2",
        ("screenspot_*_v2.json", "screenspotv2_image.zip"),
        ("screenspotv2_image.zip",),
        "the authors' own",
    ),
    "screenspot-pro": HubData(
        "likaixin/ScreenSpot-Pro", ("annotations/*.json", "images/*"), about="the authors' own, 1,581 samples"
    ),
    "osworld-g": HubData("MMInstruction/OSWorld-G", ("*.parquet",), about="parquet with the images, mode original"),
    "mmbench-gui": HubData(
        "OpenGVLab/MMBench-GUI",
        ("L2_annotations.json", "MMBench-GUI-OfflineImages.zip"),
        ("MMBench-GUI-OfflineImages.zip",),
        "the authors' own",
    ),
    "ui-vision": HubData(
        "ServiceNow/ui-vision",
        ("annotations/element_grounding/*.json", "images/*", "images.zip"),
        ("images.zip",),
        "the authors' own",
    ),
    "android-control": OtherData(
        "https://github.com/google-research/google-research/tree/master/android_control",
        "gsutil -m cp -r gs://gresearch/android_control .",
    ),
    "aitz": OtherData(
        "https://github.com/IMNearth/CoAT", "the archive that its README links to (2.6 GB), unzipped where it is"
    ),
    "aitw": OtherData(
        "https://github.com/njucckevin/SeeClick", "aitw_images.zip and aitw_data_test.json that its README links to"
    ),
    "decisions": OtherData("docs/benchmarks/decisions.md", "handeye bench record-decisions FOLDER"),
}
"""By suite. A suite that is not here has no data set: it makes its own tasks, or ``jsonl``, which reads yours."""
