#!/usr/bin/env python3
"""Fetch the front-end packages from npm and write the files that are committed.

A machine that runs or tests the portal never needs this: the results are in the tree. Needs node's npm; `--check` says
whether the tree holds what would be written.
"""

import argparse
import base64
import hashlib
import json
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
import venv
from pathlib import Path
from urllib.parse import unquote

ROOT = Path(__file__).resolve().parent.parent

# What npm must deliver, byte for byte: the version alone would trust the registry of the day.
PACKAGES = {
    "bootstrap@5.3.9": "20cU0rcfw8WdxtVbmfU+xT2EjvVTw9Ror/h1Qvd7DXCujRg8OO9mdBCsmTHdJFf3BuadmBNJtgIuUXsBqSkk/w==",
    "htmx.org@4.0.1": "oF7JgXhDW9UXCy/k1ZYFUQgzu/rm19ORWPSPNL91vPluB2PB9+MV55tyQdH/w7o2EAbTYUG5SDW1R60mdkdqGg==",
    "lucide-static@1.62.0": "WBZA/m2PvkFpMGHDtsBck5P2A9G4ehLlYu4GwwICcmEm1BvYVgj00lCDxKRWLlbMlOibLaiwdQ88G5pHkSWgwA==",
    "axe-core@4.14.1": "FHfa+lmNjQZfJz1q8wKqIDwC6DExcHt/pkjNQb09a3NPjCKg2rhu5qb2S4r76ASyFNNtuFooJpZe37OgudVGtQ==",
    "@fontsource-variable/ibm-plex-sans@5.3.0": (
        "agG8tXFEo0hD9+J7npa4vbbWult52eMLVaQ6WQRlhs/iCAojrMAoejru85W9HTVXHfyUj96KM7gp/KGAS87XaQ=="
    ),
}
FONT_TOOLS = ["fonttools==4.68.0", "brotli==1.2.1"]

# One line per part of the portal that uses them, so that an unused one is found again.
ICONS = """
    menu x check plus minus search filter list-filter settings list table columns-3 type contrast globe sun moon
    chevron-right chevron-left chevron-down chevron-up arrow-up arrow-down arrow-left arrow-right arrow-up-down
    circle-alert triangle-alert circle-check info circle-help ban hourglass bell
    user users user-plus log-out lock key shield eye eye-off house map-pin phone phone-call mail message-square
    clock calendar calendar-days history gauge droplet droplets droplet-off waves glass-water wrench
    file-text receipt credit-card paperclip image printer copy download external-link arrow-up-from-line
    pencil trash-2 undo-2 refresh-cw database server radio
""".split()

# Latin with the marks our texts use, Polish with the neighbours' letters, Cyrillic for Ukrainian; see theme.css.
FONTS = {
    "latin": ("latin", "U+0020-007E,U+00A0,U+00A7,U+00A9,U+00AB,U+00AD,U+00B0-00B3,U+00B5,U+00B7,U+00BB-00BE,U+00D3,"
              "U+00D6,U+00D7,U+00DC,U+00DF,U+00E1,U+00E4,U+00E9,U+00F3,U+00F6,U+00F7,U+00FC,U+2009,U+2011,U+2013,"
              "U+2014,U+2018-201A,U+201C-201E,U+2022,U+2026,U+202F,U+2032,U+20AC,U+2190-2193,U+2212"),
    "pl": ("latin-ext", "U+0104-0107,U+010C,U+010D,U+010F,U+0118-011B,U+0141-0144,U+0147,U+0148,U+0158-015B,U+0160,"
           "U+0161,U+0165,U+016F,U+0179-017E"),
    "uk": ("cyrillic", "U+02BC,U+0400-045F,U+0490,U+0491,U+2116"),
}  # fmt: skip


def fetch(package: str, integrity: str, folder: Path) -> Path:
    """The unpacked package, after its bytes were compared with what we expect."""
    done = subprocess.run(
        ["npm", "pack", "--silent", "--json", "--pack-destination", str(folder), package],
        check=True, capture_output=True, text=True, cwd=folder,
    )  # fmt: skip
    archive = folder / json.loads(done.stdout)[0]["filename"]
    got = base64.b64encode(hashlib.sha512(archive.read_bytes()).digest()).decode()
    if got != integrity:
        sys.exit(f"vendor: {package} is not the package we know (sha512 {got})")
    target = folder / archive.stem
    with tarfile.open(archive) as tar:
        tar.extractall(target)  # its bytes are known by now
    return target / "package"


def without_data_urls(css: str, icons: Path) -> str:
    """The style sheet with each `data:` icon written out as a file: the portal's CSP forbids data: URLs."""
    names: dict[str, str] = {}

    def write_out(match: re.Match[str]) -> str:
        svg = unquote(match["svg"])
        if svg not in names:
            names[svg] = f"bootstrap-{len(names) + 1:02d}.svg"
            (icons / names[svg]).write_text(svg + "\n", encoding="utf-8")
        return f'url("icons/{names[svg]}")'

    css = re.sub(r"""url\((["'])data:image/svg\+xml,(?P<svg>.*?)\1\)""", write_out, css)
    if "data:" in css:
        sys.exit("vendor: the style sheet still holds a data: URL")
    return css


def write_bootstrap(package: Path, vendor: Path) -> None:
    icons = vendor / "icons"
    icons.mkdir()
    css = (package / "dist/css/bootstrap.min.css").read_text(encoding="utf-8")
    css = re.sub(r"/\*# sourceMappingURL=.*?\*/", "", without_data_urls(css, icons))
    (vendor / "bootstrap.min.css").write_text(css, encoding="utf-8")
    shutil.copyfile(package / "LICENSE", vendor / "bootstrap.LICENSE.txt")


def write_htmx(package: Path, vendor: Path) -> None:
    script = (package / "dist/htmx.min.js").read_text(encoding="utf-8")
    script = re.sub(r"\n?//# sourceMappingURL=.*\s*$", "\n", script)
    (vendor / "htmx.min.js").write_text(script, encoding="utf-8")
    shutil.copyfile(package / "LICENSE", vendor / "htmx.LICENSE.txt")


def write_icons(package: Path, folder: Path) -> None:
    """The inside of each icon; the `icon()` macro puts its own <svg> around it."""
    folder.mkdir(parents=True)
    for name in ICONS:
        svg = (package / f"icons/{name}.svg").read_text(encoding="utf-8")
        inside = re.fullmatch(r".*<svg[^>]*>(.*)</svg>\s*", svg, re.DOTALL)
        if inside is None:
            sys.exit(f"vendor: the icon {name} is no SVG we can read")
        marks = "".join(line.strip() for line in inside[1].splitlines())
        (folder / f"{name}.svg").write_text(marks.replace(" />", "/>") + "\n", encoding="utf-8")
    shutil.copyfile(package / "LICENSE", folder / "LICENSE.txt")


def write_axe(package: Path, folder: Path) -> None:
    folder.mkdir(parents=True)
    shutil.copyfile(package / "axe.min.js", folder / "axe.min.js")
    shutil.copyfile(package / "LICENSE", folder / "axe.LICENSE.txt")


MAKE_FONT = """
import sys
from fontTools import subset
from fontTools.ttLib import TTFont
from fontTools.varLib import instancer

source, target, unicodes = sys.argv[1:]
font = TTFont(source, recalcTimestamp=False)
options = subset.Options()
options.hinting, options.name_IDs, options.notdef_outline = False, ["*"], True
worker = subset.Subsetter(options)
worker.populate(unicodes=subset.parse_unicodes(unicodes))
worker.subset(font)
font = instancer.instantiateVariableFont(font, {"wght": (400, 700)})
# The licence reserves the original name for the original font, so ours is called otherwise.
for record in font["name"].names:
    text = record.toUnicode().replace("IBM Plex Sans", "Ebok Sans").replace("IBMPlexSans", "EbokSans")
    if record.nameID == 3:
        text = "Ebok Sans"
    record.string = text
font.flavor = "woff2"
font.save(target)
"""


def write_fonts(package: Path, folder: Path, tools: Path) -> None:
    folder.mkdir(parents=True)
    venv.create(tools, with_pip=True)
    python = tools / "bin/python"
    subprocess.run([python, "-m", "pip", "install", "-q", "--disable-pip-version-check", *FONT_TOOLS], check=True)
    for name, (source, unicodes) in FONTS.items():
        woff2 = package / f"files/ibm-plex-sans-{source}-wght-normal.woff2"
        subprocess.run([python, "-c", MAKE_FONT, woff2, folder / f"ebok-sans-{name}.woff2", unicodes], check=True)
    shutil.copyfile(package / "LICENSE", folder / "OFL.txt")


# For the PDFs: one file a weight, all alphabets in it, since a document embeds only the letters that it uses.
PDF_WEIGHTS = {"Regular": 400, "SemiBold": 650}
PDF_UNICODES = (
    "U+0020-007E,U+00A0-00AC,U+00AE-017F,U+0218-021B,U+02BC,U+0400-045F,U+0490,U+0491,U+1E9E,U+2010-2014,"
    "U+2018-201A,U+201C-201E,U+2020,U+2022,U+2026,U+202F,U+2030,U+2032,U+2033,U+20AC,U+2116,U+2122,U+2190-2193,"
    "U+2212,U+2260,U+2264,U+2265"
)

MAKE_PDF_FONT = """
import sys
from fontTools import subset
from fontTools.merge import Merger
from fontTools.ttLib import TTFont
from fontTools.varLib import instancer

target, style, weight, unicodes, *sources = sys.argv[1:]
parts = []
for number, source in enumerate(sources):
    font = TTFont(source, recalcTimestamp=False)
    options = subset.Options()
    options.hinting, options.name_IDs, options.notdef_outline, options.layout_features = False, ["*"], True, []
    options.drop_tables += ["GSUB", "GPOS", "GDEF", "STAT", "MVAR", "gasp"]
    worker = subset.Subsetter(options)
    worker.populate(unicodes=subset.parse_unicodes(unicodes))
    worker.subset(font)
    font = instancer.instantiateVariableFont(font, {"wght": float(weight)})
    dates = font["head"].created, font["head"].modified
    font.flavor = None
    parts.append(f"{target}.{number}")
    font.save(parts[-1])
font = Merger().merge(parts)
font.recalcTimestamp = False
font["head"].created, font["head"].modified = dates
# ReportLab reads the table of characters in format 4 alone; the licence keeps the original name for the original font.
font["cmap"].tables = [table for table in font["cmap"].tables if table.format == 4]
name = f"Ebok Sans {style}"
names = {1: name, 2: "Regular", 3: name, 4: name, 6: f"EbokSans-{style}"}
kept = {record.nameID: record.toUnicode() for record in font["name"].names if record.nameID in (0, 5, 13, 14)}
font["name"].names = []
for number, text in sorted({**kept, **names}.items()):
    font["name"].setName(text, number, 3, 1, 0x409)
font.save(target)
"""


def write_pdf_fonts(package: Path, folder: Path, tools: Path) -> None:
    """The fonts of `ebok_core.pdf`, with the tools that `write_fonts` has installed."""
    folder.mkdir(parents=True)
    files = [package / f"files/ibm-plex-sans-{part}-wght-normal.woff2" for part in ("latin", "latin-ext", "cyrillic")]
    for style, weight in PDF_WEIGHTS.items():
        target = tools / f"EbokSans-{style}.ttf"
        arguments = [target, style, str(weight), PDF_UNICODES, *files]
        subprocess.run([tools / "bin/python", "-c", MAKE_PDF_FONT, *arguments], check=True)
        shutil.copyfile(target, folder / target.name)
    shutil.copyfile(package / "LICENSE", folder / "OFL.txt")


def produce(folder: Path, out: Path) -> None:
    """Everything vendored, under `out` as it lies in the tree."""
    got = {package.rpartition("@")[0]: fetch(package, integrity, folder) for package, integrity in PACKAGES.items()}
    vendor = out / "ebok_core/web/static/vendor"
    vendor.mkdir(parents=True)
    write_bootstrap(got["bootstrap"], vendor)
    write_htmx(got["htmx.org"], vendor)
    write_icons(got["lucide-static"], out / "ebok_core/web/icons")
    write_axe(got["axe-core"], out / "ebok_core/testing")
    plex = got["@fontsource-variable/ibm-plex-sans"]
    write_fonts(plex, out / "ebok_core/web/static/fonts", folder / "tools")
    write_pdf_fonts(plex, out / "ebok_core/pdf/fonts", folder / "tools")


def write(out: Path) -> None:
    # These folders hold nothing but vendored files, so what is no longer vendored goes.
    for folder in ("web/static/vendor", "web/static/fonts", "web/icons", "pdf/fonts"):
        shutil.rmtree(ROOT / "ebok_core" / folder, ignore_errors=True)
    shutil.copytree(out, ROOT, dirs_exist_ok=True)


def main() -> None:
    parser = argparse.ArgumentParser(prog="./run vendor", description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing, say what differs")
    arguments = parser.parse_args()
    if shutil.which("npm") is None:
        sys.exit("vendor: npm is missing (Debian: apt-get install -y npm)")
    with tempfile.TemporaryDirectory() as name:
        out = Path(name) / "out"
        produce(Path(name), out)
        files = [path.relative_to(out) for path in sorted(out.rglob("*")) if path.is_file()]
        differing = [
            path for path in files
            if not (ROOT / path).is_file() or (ROOT / path).read_bytes() != (out / path).read_bytes()
        ]  # fmt: skip
        if not arguments.check:
            write(out)
    for path in differing:
        print("differs" if arguments.check else "written", path)
    print(f"{len(files)} files, {len(differing)} of them {'different' if arguments.check else 'new'}")
    sys.exit(bool(arguments.check and differing))


if __name__ == "__main__":
    main()
