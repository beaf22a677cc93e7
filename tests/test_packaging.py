"""What is built from this folder holds what is needed to run, and finds it where it is installed."""

from __future__ import annotations

import os
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

from engine import data
from engine.errors import TamisError

ROOT = Path(__file__).parent.parent


def build(root: Path, kind: str, into: Path) -> Path:
    """Build with hatchling itself, which needs no network, and return the file."""
    command = [sys.executable, "-m", "hatchling", "build", "-t", kind, "-d", str(into)]
    subprocess.run(command, cwd=root, check=True, capture_output=True, stdin=subprocess.DEVNULL)
    (built,) = (path for path in into.iterdir() if path.suffix == {"wheel": ".whl", "sdist": ".gz"}[kind])
    return built


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(ROOT, "wheel", tmp_path_factory.mktemp("wheel"))


def names_in(wheel: Path) -> set[str]:
    with zipfile.ZipFile(wheel) as archive:
        return {name for name in archive.namelist() if ".dist-info/" not in name}


def shipped(folder: str) -> set[str]:
    """Return the files of `folder` that are no by-products of running the tests."""
    paths = (path for path in (ROOT / folder).rglob("*") if path.is_file() and "__pycache__" not in path.parts)
    return {str(path.relative_to(ROOT)) for path in paths}


def test_the_wheel_carries_the_code_the_rules_the_classifier_and_nothing_else(wheel: Path) -> None:
    rules = {f"engine/{name}" for name in shipped("rules")}
    assert rules, "there are rules to ship"
    classifier = {f"engine/{name}" for name in shipped("models/classifier")}
    assert classifier, "there is a classifier to ship"
    assert names_in(wheel) == shipped("engine") | rules | classifier | {"cli.py"}


def test_the_wheel_carries_the_license_and_the_command(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        (info,) = {name.split("/")[0] for name in archive.namelist() if ".dist-info/" in name}
        assert archive.read(f"{info}/licenses/LICENSE") == (ROOT / "LICENSE").read_bytes()
        assert "tamis = cli:main" in archive.read(f"{info}/entry_points.txt").decode()
        assert "License-Expression: Apache-2.0" in archive.read(f"{info}/METADATA").decode()


def test_the_rules_are_found_inside_the_installed_package(wheel: Path, tmp_path: Path) -> None:
    site = tmp_path / "site"
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(site)
    printed = subprocess.run(
        [sys.executable, "-c", "from engine.data import rules_dir; print(rules_dir())"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(site)},
        check=True,
        capture_output=True,
        text=True,
    )
    assert printed.stdout.strip() == str(site / "engine" / "rules")


def test_the_source_archive_builds_the_same_wheel_and_holds_the_tests(wheel: Path, tmp_path: Path) -> None:
    archive = build(ROOT, "sdist", tmp_path / "sdist")
    with tarfile.open(archive) as opened:
        opened.extractall(tmp_path / "source")  # our own archive; `filter` is newer than Debian 12
    (source,) = (tmp_path / "source").iterdir()
    for name in ("LICENSE", "README.md", "CHANGELOG.md", "dev", "requirements.lock", "tests/test_packaging.py"):
        assert (source / name).is_file(), name
    assert names_in(build(source, "wheel", tmp_path / "wheel")) == names_in(wheel)


def test_in_a_checkout_the_rules_are_beside_the_package() -> None:
    assert data.rules_dir() == ROOT / "rules"


def test_missing_rules_are_said_with_the_places_looked_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(data, "_PACKAGE", tmp_path / "engine")
    with pytest.raises(TamisError, match=f"looked in {tmp_path}/engine/rules and {tmp_path}/rules"):
        data.rules_dir()


def test_the_lock_holds_names_and_versions_only() -> None:
    for line in (ROOT / "requirements.lock").read_text().splitlines():
        name, version = line.split("==")
        assert name.replace("-", "").replace("_", "").isalnum(), line
        assert version[0].isdigit(), line
