"""Packages that bring plug-ins, as pip leaves them in a folder: their modules, and what their metadata says."""

import tomllib
from collections.abc import Mapping
from pathlib import Path
from shutil import copy

ROOT = Path(__file__).parents[1]
ACME = ROOT / "examples" / "plugin"


def put(folder: Path, package: str, points: Mapping[str, Mapping[str, str]], **modules: str) -> Path:
    """Put a package there that brings some entry points, by group and name; gives the folder."""
    for name, written in modules.items():
        (folder / f"{name}.py").write_text(written, "utf-8")
    told = folder / f"{package.replace('-', '_')}-1.0.dist-info"
    told.mkdir(parents=True)
    (told / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {package}\nVersion: 1.0\n", "utf-8")
    sections = (f"[{group}]\n" + "".join(f"{k} = {v}\n" for k, v in named.items()) for group, named in points.items())
    (told / "entry_points.txt").write_text("\n".join(sections), "utf-8")
    return folder


def acme(folder: Path) -> Path:
    """Put the example there, with the entry points its `pyproject.toml` names."""
    said = tomllib.loads((ACME / "pyproject.toml").read_text("utf-8"))["project"]
    put(folder, said["name"], said["entry-points"])
    copy(ACME / "acme_selfheal.py", folder)
    return folder
