"""No file of the tree names a package registry, a machine's folders, or loads anything from a foreign host."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

# Written with another dot and slash, so that this file does not hold them itself.
REGISTRIES = [word.replace("·", ".") for word in ("pypi·org", "pythonhosted·org", "npmjs·org", "npmjs·com")]
FOLDERS = [word.replace("·", "/") for word in ("·work·", "·root·", "·home·", "·Users·")]
CDNS = [word.replace("·", ".") for word in ("jsdelivr·net", "unpkg·com", "cdnjs·", "googleapis·com", "gstatic·com")]
BINARY = {".png", ".woff2", ".mo", ".gz", ".ico", ".pdf", ".db"}
EXEMPT = {
    ".ci/vendor.py": (REGISTRIES[2], "a developer's command that fetches the front-end packages says where from"),
    ".ci/bare": (FOLDERS[1], "a folder of the fresh Debian that it makes"),
}
# What is made on the machine and belongs to nobody's tree.
MADE = {".git", ".venv", ".tools", ".hypothesis", "var", "build", "dist", "node_modules", "__pycache__", "vendor"}


def files(root):
    """The text files that belong to the tree."""
    for folder, folders, names in os.walk(root):
        folders[:] = [n for n in folders if n not in MADE and not n.endswith(("_cache", ".egg-info"))]
        for path in (Path(folder, name) for name in names):
            if path.suffix not in BINARY and path.name != "axe.min.js" and not path.is_symlink():
                yield path


@pytest.mark.parametrize("words", [REGISTRIES, FOLDERS, CDNS], ids=["registries", "folders", "hosts"])
def test_no_file_names_them(root, words):
    pattern = re.compile("|".join(re.escape(word) for word in words))
    found = []
    for path in files(root):
        name = path.relative_to(root).as_posix()
        for number, line in enumerate(path.read_text(errors="replace").splitlines(), start=1):
            hit = pattern.search(line)
            if hit and hit[0] != EXEMPT.get(name, ("",))[0]:
                found.append(f"{name}:{number}: {hit[0]}")
    assert found == []


LOADS = re.compile(
    r"(?:src|srcset)\s*=\s*[\"']?https?:|<link[^>]+href\s*=\s*[\"']?https?:|url\(\s*[\"']?https?:|@import"
)
PAGES = ("ebok_core/**/templates/**/*.html", "plugins/*/ebok_*/templates/**/*.html", "ebok_core/web/static/*.*")


def test_pages_load_nothing_from_elsewhere(root):
    """Scripts, styles, fonts and images come from the portal itself."""
    paths = [path for pattern in PAGES for path in root.glob(pattern)]
    found = [f"{path.relative_to(root)}: {hit[0]}" for path in paths for hit in LOADS.finditer(path.read_text())]
    assert found == []
