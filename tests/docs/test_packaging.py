"""What packs and publishes Handeye: workflows, container files, the page on PyPI, as far as can be checked here."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from tests.docs.pages import ROOT
from tools.pypi_readme import with_addresses

WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_workflows_are_pinned_and_may_only_read(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    workflow = yaml.safe_load(text)
    assert workflow["permissions"] == {"contents": "read"}
    used = re.findall(r"uses: (\S+)", text)
    assert used
    assert not [action for action in used if not re.fullmatch(r"[\w./-]+@[0-9a-f]{40}", action)]
    assert not re.search(r"secrets\.", text)


def test_only_the_publishing_job_has_an_identity_and_it_runs_nothing_of_ours() -> None:
    jobs = yaml.safe_load((ROOT / ".github/workflows/publish.yml").read_text(encoding="utf-8"))["jobs"]
    assert [name for name, job in jobs.items() if "permissions" in job] == ["publish"]
    assert not [step for step in jobs["publish"]["steps"] if "run" in step]
    assert jobs["publish"]["steps"][-1]["with"] == {"attestations": True}


def debian(name: str) -> set[str]:
    found = re.search(rf"^{name} := (.*)$", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert found
    return set(found[1].split())


def test_the_container_has_the_packages_that_make_installs() -> None:
    text = (ROOT / "docker/Dockerfile").read_text(encoding="utf-8")
    found = re.search(r"--no-install-recommends(.*?)&&", text, re.DOTALL)
    assert found
    packages = set(found[1].replace("\\", "").split())
    assert debian("APT") <= packages
    assert packages - debian("APT") - debian("APT_DEV") == {"python3", "python3-venv"}
    assert re.search(r"^USER user$", text, re.MULTILINE)


def test_the_compose_file_opens_no_port() -> None:
    services = yaml.safe_load((ROOT / "docker/compose.yml").read_text(encoding="utf-8"))["services"]
    assert not [name for name, service in services.items() if "ports" in service]
    for service in services.values():
        assert (ROOT / "docker" / service["build"]["context"] / service["build"]["dockerfile"]).exists()
    assert services["handeye"]["network_mode"] == "service:model"


def test_links_of_the_readme_are_whole_where_it_is_published() -> None:
    text = "![a](docs/img/a.gif) [b](docs/b.md#c) [c](https://x.org) [d](#e)\n```sh\n[f](g)\n```\n"
    assert with_addresses(text, "https://h.org/o/handeye/raw/v1") == (
        "![a](https://h.org/o/handeye/raw/v1/docs/img/a.gif) [b](https://h.org/o/handeye/blob/v1/docs/b.md#c) "
        "[c](https://x.org) [d](#e)\n```sh\n[f](g)\n```\n"
    )
    readme = with_addresses((ROOT / "README.md").read_text(encoding="utf-8"), "https://h.org/o/handeye/raw/v1")
    assert not re.findall(r"\]\((?!https?:|#)", re.sub(r"^```.*?^```$", "", readme, flags=re.MULTILINE | re.DOTALL))
