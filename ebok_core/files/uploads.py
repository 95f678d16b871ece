"""Files that people send: judged by name, signature and content before a byte is kept (security.md S41-S48, §9.4).

    upload = uploads.examine(sent.filename, sent.read())     # raises `Refused` with a sentence for the person
    kept = uploads.store(folder, "core", upload.content)     # outside any unit of work
    content = uploads.read(folder, "core", kept.sha256)

Images are drawn anew as JPEG, so nothing but the picture survives. A PDF without active content and an office file stay
byte for byte. What is kept begins with a line of ours that names the owner: the file on the disk can't be opened by
mistake, and it is never the same content as another owner's, so that each may forget its own.
"""

from __future__ import annotations

import io
import re
import unicodedata
import zipfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pikepdf
from PIL import Image, ImageOps, UnidentifiedImageError

from ebok_core.errors import Refused
from ebok_core.i18n import gettext as _

from . import service

MOST_BYTES = 10 * 1024 * 1024
MOST_NAME = 150
MOST_PIXELS, MOST_SIDE = 40_000_000, 12_000
JPEG_QUALITY = 88
MOST_UNPACKED, MOST_RATIO, MOST_MEMBERS = 100 * 1024 * 1024, 50, 1000
# Below this size a good ratio is nothing odd: an empty sheet packs very well.
_SMALL = 1024 * 1024

JPEG, PDF, TEXT = "image/jpeg", "application/pdf", "text/plain"
_OFFICE = "application/vnd.openxmlformats-officedocument"
DOCX, XLSX = f"{_OFFICE}.wordprocessingml.document", f"{_OFFICE}.spreadsheetml.sheet"
ODT = "application/vnd.oasis.opendocument.text"
_ARCHIVES = (".zip", ".7z", ".rar", ".gz", ".jar", ".docm", ".xlsm")
_ACTIVE = ("/JavaScript", "/JS", "/OpenAction", "/AA", "/Launch", "/EmbeddedFiles", "/RichMedia", "/XFA")


@dataclass(frozen=True, kw_only=True)
class Upload:
    """A file that may be kept: `removed` says that active content was taken out of it."""

    name: str
    media_type: str
    content: bytes
    removed: bool = False


def examine(name: str, content: bytes, most_bytes: int = MOST_BYTES) -> Upload:
    """Judge a file as it was sent. Raises `Refused` whose text says what is wrong and what to do."""
    name = clean_name(name)
    ending = name[name.rfind(".") :].lower() if "." in name else ""
    if not content:
        raise Refused(_("The file %(name)s is empty. Choose it once more", name=name), code="empty")
    if len(content) > most_bytes:
        text = _("The file %(name)s is larger than %(size)s MB. Send a smaller one", name=name, size=_mb(most_bytes))
        raise Refused(text, code="too_big")
    if ending in (".heic", ".heif"):
        text = _("We can't read the picture %(name)s. Save it as JPG and choose it once more", name=name)
        raise Refused(text, code="type")
    judge = _JUDGES.get(ending)
    if judge is None:
        text = _(
            "We don't take files like %(name)s. Send a PDF, a picture (JPG, PNG), DOCX, ODT, XLSX or TXT", name=name
        )
        raise Refused(text, code="type")
    return judge(name, content)


def clean_name(name: str) -> str:
    """A file's name as data: without folders, control and direction characters, at most 150 characters (S42).

    >>> clean_name("C:\\\\Temp\\\\skan\\u202egpj.exe")
    'skangpj.exe'
    """
    last = re.split(r"[\\/]", unicodedata.normalize("NFC", name[:1000]))[-1]
    plain = "".join(
        c for c in last if unicodedata.category(c)[0] != "C" and unicodedata.category(c) not in ("Zl", "Zp")
    )
    plain = " ".join(plain.split()).strip(". ") or "plik"
    if len(plain) <= MOST_NAME:
        return plain
    stem, dot, ending = plain.rpartition(".")
    return f"{stem[: MOST_NAME - len(ending) - 1]}.{ending}" if dot and len(ending) <= 8 else plain[:MOST_NAME]


def store(folder: Path, owner: str, content: bytes) -> service.Kept:
    """Keep a content of an owner, its short name. Raises what `files.store` raises; `size` is the content's own."""
    kept = service.store(folder, _mark(owner) + content)
    return service.Kept(kept.sha256, len(content))


def read(folder: Path, owner: str, sha256: str) -> bytes:
    """A kept content of an owner. Raises `Missing` and `Damaged`, also for what is another owner's."""
    kept, mark = service.read(folder, sha256), _mark(owner)
    if not kept.startswith(mark):
        raise service.Damaged(_("The file was changed after it had been stored."))
    return kept[len(mark) :]


def _mark(owner: str) -> bytes:
    return f"e-BOK file of {owner}\n".encode("ascii")


def _mb(size: int) -> int:
    return size // (1024 * 1024)


def _broken(name: str) -> Refused:
    text = _(
        "We can't open the file %(name)s. It may be damaged, or its name may say another type than it is", name=name
    )
    return Refused(text, code="broken")


# Pictures


def _image(kind: str) -> Callable[[str, bytes], Upload]:
    """A judge of pictures of one format of Pillow."""

    def judge(name: str, content: bytes) -> Upload:
        try:
            with Image.open(io.BytesIO(content), formats=[kind]) as picture:
                if max(picture.size) > MOST_SIDE or picture.width * picture.height > MOST_PIXELS:
                    text = _("The picture %(name)s has too many pixels. Save it smaller and choose it again", name=name)
                    raise Refused(text, code="too_big")
                if getattr(picture, "n_frames", 1) != 1:
                    raise _broken(name)
                drawn = _as_jpeg(picture)
        except (OSError, ValueError, SyntaxError, UnidentifiedImageError, Image.DecompressionBombError) as error:
            raise _broken(name) from error
        return Upload(name=f"{name.rpartition('.')[0]}.jpg", media_type=JPEG, content=drawn)

    return judge


def _as_jpeg(picture: Image.Image) -> bytes:
    """The picture alone, upright, on white: no place, no camera, nothing behind the last row."""
    upright: Any = ImageOps.exif_transpose(picture)
    if upright.mode in ("RGBA", "LA", "PA") or "transparency" in upright.info:
        see_through = upright.convert("RGBA")
        upright = Image.new("RGB", see_through.size, "white")
        upright.paste(see_through, mask=see_through.getchannel("A"))
    written = io.BytesIO()
    plain = Image.new("RGB", upright.size)
    plain.paste(upright.convert("RGB"))
    plain.save(written, "JPEG", quality=JPEG_QUALITY, optimize=True)
    return written.getvalue()


# Documents


def _pdf(name: str, content: bytes) -> Upload:
    if not content.startswith(b"%PDF-"):
        raise _broken(name)
    try:
        with pikepdf.open(io.BytesIO(content)) as document:
            if document.is_encrypted:
                raise _locked(name)
            removed = _without_active(document)
            written = io.BytesIO()
            if removed:
                document.save(written)
    except pikepdf.PasswordError as error:
        raise _locked(name) from error
    except (pikepdf.PdfError, ValueError, TypeError, KeyError, RecursionError) as error:
        raise _broken(name) from error
    return Upload(name=name, media_type=PDF, content=written.getvalue() if removed else content, removed=removed)


def _locked(name: str) -> Refused:
    return Refused(_("The file %(name)s is locked with a password. Send it without one", name=name), code="locked")


def _without_active(document: pikepdf.Pdf) -> bool:
    """Take scripts, launch actions and embedded files out of a PDF; tells whether there were any."""
    removed = False
    for own in [d for thing in (document.trailer, *document.objects) for d in _dictionaries(thing)]:
        for key in _ACTIVE:
            if key in own and not (key == "/OpenAction" and isinstance(own[key], pikepdf.Array)):
                del own[key]
                removed = True
        if own.get("/S") in (pikepdf.Name.JavaScript, pikepdf.Name.Launch):
            own["/S"] = pikepdf.Name("/Nothing")
            removed = True
    return removed


def _dictionaries(thing: Any) -> Iterator[Any]:
    """The dictionaries of one object of a PDF, with those that lie inside it; other objects come by themselves."""
    waiting = [thing.stream_dict if isinstance(thing, pikepdf.Stream) else thing]
    while waiting:
        found = waiting.pop()
        if isinstance(found, pikepdf.Dictionary):
            yield found
            inside = [found[key] for key in found.keys()]  # noqa: SIM118 - a pikepdf dictionary iterates otherwise
        elif isinstance(found, pikepdf.Array):
            inside = list(found)
        else:
            continue
        waiting += [i for i in inside if isinstance(i, pikepdf.Dictionary | pikepdf.Array) and not i.is_indirect]


def _office(media_type: str, needed: str) -> Callable[[str, bytes], Upload]:
    """A judge of office files: an archive with the part that makes it one, and nothing of a bomb (S45)."""

    def judge(name: str, content: bytes) -> Upload:
        if not content.startswith(b"PK\x03\x04"):
            raise _broken(name)
        try:
            with zipfile.ZipFile(io.BytesIO(content)) as archive:
                _check_members(name, archive)
                if needed not in archive.namelist():
                    raise _broken(name)
                if media_type == ODT and archive.read("mimetype").strip() != ODT.encode("ascii"):
                    raise _broken(name)
        except (
            zipfile.BadZipFile,
            KeyError,
            ValueError,
            OSError,
            NotImplementedError,
            RuntimeError,
            EOFError,
        ) as error:
            raise _broken(name) from error
        return Upload(name=name, media_type=media_type, content=content)

    return judge


def _check_members(name: str, archive: zipfile.ZipFile) -> None:
    members = archive.infolist()
    names = [member.filename for member in members]
    declared = sum(member.file_size for member in members)
    packed = sum(member.compress_size for member in members) or 1
    if len(members) > MOST_MEMBERS or len(set(names)) != len(names) or any(map(_is_odd, names)):
        raise _broken(name)
    if declared > MOST_UNPACKED or (declared > _SMALL and declared > packed * MOST_RATIO):
        raise _broken(name)
    if any(m.flag_bits & 1 for m in members):
        raise _locked(name)
    if any(m.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED) for m in members):
        raise _broken(name)
    if any(n.lower().endswith("vbaproject.bin") for n in names):
        raise Refused(_("The file %(name)s holds macros. Save it without them", name=name), code="macros")
    _unpack(name, archive, members)


def _is_odd(member: str) -> bool:
    return member.startswith(("/", "\\")) or ".." in member or ":" in member or member.lower().endswith(_ARCHIVES)


def _unpack(name: str, archive: zipfile.ZipFile, members: list[zipfile.ZipInfo]) -> None:
    """Read every member to its end, so that what is declared is what is there, and never more than the most."""
    total = 0
    for member in members:
        with archive.open(member) as part:
            while piece := part.read(1024 * 1024):
                total += len(piece)
                if total > MOST_UNPACKED:
                    raise _broken(name)


def _text(name: str, content: bytes) -> Upload:
    try:
        words = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        try:
            words = content.decode("cp1250")
        except UnicodeDecodeError as error:
            raise _broken(name) from error
    if any(unicodedata.category(c) == "Cc" and c not in "\n\r\t\f" for c in words):
        raise _broken(name)
    return Upload(name=name, media_type=TEXT, content=words.encode())


_JUDGES: Mapping[str, Callable[[str, bytes], Upload]] = {
    ".jpg": _image("JPEG"),
    ".jpeg": _image("JPEG"),
    ".png": _image("PNG"),
    ".webp": _image("WEBP"),
    ".pdf": _pdf,
    ".docx": _office(DOCX, "word/document.xml"),
    ".xlsx": _office(XLSX, "xl/workbook.xml"),
    ".odt": _office(ODT, "content.xml"),
    ".txt": _text,
}
ENDINGS = tuple(_JUDGES)
"""What may be chosen, for the `accept` of a file field."""
