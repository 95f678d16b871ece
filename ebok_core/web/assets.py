"""Style sheets, scripts, fonts: ours alone (S73), under an address that changes with their content.

One hash stands for a package's whole `static` folder, so relative addresses inside style sheets keep working:
`/zasoby/<hash>/ebok_core/theme.css` and its `fonts/…` beside it.
"""

from __future__ import annotations

import gzip
import hashlib
import importlib.util
import mimetypes
from functools import lru_cache
from pathlib import Path

from flask import Blueprint, Response, abort, request, url_for
from werkzeug.utils import safe_join

LONGEST = 200
YEAR_S = 365 * 24 * 3600
_PACKED = frozenset({".css", ".js", ".svg", ".json", ".txt"})

mimetypes.add_type("font/woff2", ".woff2")


def asset_url(name: str, package: str = "ebok_core") -> str:
    """The address of a file in the package's static folder: `asset_url("map.js", "ebok_awarie")`.

    Raises `LookupError` for a file that does not exist, so that a template can't name one.
    """
    return _address(name, package)


def register(blueprint: Blueprint) -> None:
    """Add the route to the core's public blueprint."""
    blueprint.add_url_rule("/zasoby/<hash_>/<package>/<path:name>", "asset", anonymous(_serve))


def anonymous(view):  # type: ignore[no-untyped-def]
    """Mark a public view that never looks at who asks: the guard builds no viewer, answers may be cached by anyone."""
    view.ebok_anonymous = True
    return view


def cacheable(response: Response) -> Response:
    """Let browsers keep an answer whose address changes with its content."""
    response.headers["Cache-Control"] = f"public, max-age={YEAR_S}, immutable"
    return response


def _serve(hash_: str, package: str, name: str) -> Response:
    try:
        folder, current = _folder(package), _hash(package)
    except LookupError:
        abort(404)
    path = safe_join(str(folder), name) if len(name) <= LONGEST else None
    if path is None or not Path(path).is_file():
        abort(404)
    packed = "gzip" in request.headers.get("Accept-Encoding", "") and Path(path).suffix in _PACKED
    response = Response(_content(path, packed), mimetype=mimetypes.guess_type(path)[0] or "application/octet-stream")
    if Path(path).suffix in _PACKED:
        response.headers["Vary"] = "Accept-Encoding"
    if packed:
        response.headers["Content-Encoding"] = "gzip"
    if hash_ != current:  # a page from before an update: the content of now, and no promise about it
        response.headers["Cache-Control"] = "no-store"
        return response
    return cacheable(response)


@lru_cache(maxsize=512)
def _address(name: str, package: str) -> str:
    if not (_folder(package) / name).is_file():
        raise LookupError(f"there is no static file {name!r} in {package}")
    return url_for("public.web.asset", hash_=_hash(package), package=package, name=name)


@lru_cache(maxsize=32)
def _folder(package: str) -> Path:
    """A package's static folder; the core's stands in `web`. Only packages of the portal have one."""
    if package == "ebok_core":
        return Path(__file__).parent / "static"
    spec = importlib.util.find_spec(package) if package.startswith("ebok_") and package.isidentifier() else None
    if spec is None or spec.origin is None or not (Path(spec.origin).parent / "static").is_dir():
        raise LookupError(f"{package} has no static folder")
    return Path(spec.origin).parent / "static"


@lru_cache(maxsize=32)
def _hash(package: str) -> str:
    digest = hashlib.sha256()
    folder = _folder(package)
    for path in sorted(p for p in folder.rglob("*") if p.is_file()):
        digest.update(str(path.relative_to(folder)).encode())
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()[:12]


@lru_cache(maxsize=256)
def _content(path: str, packed: bool) -> bytes:
    content = Path(path).read_bytes()
    return gzip.compress(content, 9, mtime=0) if packed else content
