"""What people send is judged by name, signature and content; nothing but what is good is kept."""

from __future__ import annotations

import io
import zipfile

import pikepdf
import pytest
from PIL import Image

from ebok_core import files
from ebok_core.errors import Refused
from ebok_core.files import uploads


def picture(kind="PNG", size=(40, 30), mode="RGB", **options):
    written = io.BytesIO()
    Image.new(mode, size, 0 if mode == "1" else None).save(written, kind, **options)
    return written.getvalue()


def pdf(change=lambda document: None, **options):
    document, written = pikepdf.new(), io.BytesIO()
    document.add_blank_page()
    change(document)
    document.save(written, **options)
    return written.getvalue()


def office(*members, kind=zipfile.ZIP_DEFLATED):
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w", kind) as archive:
        for name, content in members:
            archive.writestr(name, content)
    return written.getvalue()


def refusal(name, content):
    with pytest.raises(Refused) as refused:
        uploads.examine(name, content)
    return refused.value.code


ODT = office(("mimetype", uploads.ODT), ("content.xml", "<x/>"))


@pytest.mark.parametrize(
    ("name", "content", "kept_as", "media_type"),
    [
        ("Zdjęcie.PNG", picture(), "Zdjęcie.jpg", uploads.JPEG),
        ("a.jpeg", picture("JPEG"), "a.jpg", uploads.JPEG),
        ("a.webp", picture("WEBP"), "a.jpg", uploads.JPEG),
        ("pismo.pdf", pdf(), "pismo.pdf", uploads.PDF),
        ("pismo.docx", office(("word/document.xml", "<x/>")), "pismo.docx", uploads.DOCX),
        ("arkusz.xlsx", office(("xl/workbook.xml", "<x/>")), "arkusz.xlsx", uploads.XLSX),
        ("pismo.odt", ODT, "pismo.odt", uploads.ODT),
        ("uwagi.txt", "zażółć".encode("cp1250"), "uwagi.txt", uploads.TEXT),
    ],
)
def test_S41_good_files_are_taken(name, content, kept_as, media_type):
    found = uploads.examine(name, content)
    assert (found.name, found.media_type, found.removed) == (kept_as, media_type, False)
    if media_type not in (uploads.JPEG, uploads.TEXT):
        assert found.content == content


def test_a_text_is_kept_as_utf_8():
    assert uploads.examine("a.txt", "zażółć".encode("cp1250")).content.decode() == "zażółć"


@pytest.mark.parametrize(
    ("name", "content", "code"),
    [
        ("a.pdf", b"", "empty"),
        ("a.txt", b"x" * (uploads.MOST_BYTES + 1), "too_big"),
        ("a.exe", b"MZ", "type"),
        ("a.svg", b"<svg/>", "type"),
        ("a.html", b"<html>", "type"),
        ("a.zip", office(("x", "y")), "type"),
        ("pdf", pdf(), "type"),
        ("a.heic", b"x", "type"),
        ("a.png", pdf(), "broken"),
        ("a.png", picture("JPEG"), "broken"),
        ("a.jpg", picture("JPEG")[:200], "broken"),
        ("a.pdf", picture(), "broken"),
        ("a.pdf", b"%PDF-1.7 nothing", "broken"),
        ("a.pdf", pdf(encryption=pikepdf.Encryption(user="x", owner="y")), "locked"),
        ("a.pdf", pdf(encryption=pikepdf.Encryption(owner="y")), "locked"),
        ("a.docx", pdf(), "broken"),
        ("a.docx", office(("xl/workbook.xml", "")), "broken"),
        ("a.odt", office(("mimetype", "text/plain"), ("content.xml", "")), "broken"),
        ("a.docx", office(("word/document.xml", "x"), ("../../etc/passwd", "x")), "broken"),
        ("a.docx", office(("word/document.xml", "x"), ("word/inner.zip", "x")), "broken"),
        ("a.docx", office(("word/document.xml", "x"), ("word/vbaProject.bin", "x")), "macros"),
        ("a.docx", office(("word/document.xml", "x" * 20_000_000)), "broken"),
        ("a.docx", office(("word/document.xml", "x"), kind=zipfile.ZIP_BZIP2), "broken"),
        ("a.docx", office(*((f"word/{n}", "") for n in range(1001)), ("word/document.xml", "x")), "broken"),
        ("a.txt", b"\x00\x01\x02", "broken"),
    ],
)
def test_S41_S45_bad_files_are_refused(name, content, code):
    assert refusal(name, content) == code


@pytest.mark.parametrize("size", [(12_001, 1), (1, 12_001), (7_000, 7_000)])
def test_S46_pictures_of_too_many_pixels_are_refused_before_they_are_drawn(size):
    assert refusal("a.png", picture(size=size, mode="1")) == "too_big"


def test_S46_a_moving_picture_is_refused():
    written = io.BytesIO()
    frames = [Image.new("RGB", (9, 9), colour) for colour in ("red", "blue")]
    frames[0].save(written, "WEBP", save_all=True, append_images=frames[1:])
    assert refusal("a.webp", written.getvalue()) == "broken"


def test_S41_nothing_but_the_picture_survives():
    """Where and with what it was taken goes; a picture on its side stands up."""
    exif = Image.Exif()
    exif[0x0112], exif[0x010F], exif[0x8825] = 6, "Aparat Zenit", {1: "N", 2: (52.0, 24.0, 0.0)}
    found = uploads.examine("a.jpg", picture("JPEG", (40, 30), exif=exif) + b"<script>alert(1)</script>")
    assert b"Zenit" not in found.content and b"script" not in found.content
    with Image.open(io.BytesIO(found.content)) as kept:
        assert kept.size == (30, 40) and not kept.getexif()


def test_a_picture_with_a_glass_ground_stands_on_white():
    written = io.BytesIO()
    Image.new("RGBA", (9, 9), (0, 0, 0, 0)).save(written, "PNG")
    with Image.open(io.BytesIO(uploads.examine("a.png", written.getvalue()).content)) as kept:
        assert min(kept.getpixel((4, 4))) > 250


def script():
    return pikepdf.Dictionary(S=pikepdf.Name.JavaScript, JS=pikepdf.String("app.alert(1)"))


@pytest.mark.parametrize(
    "plant",
    [
        lambda d: d.Root.__setattr__("OpenAction", script()),
        lambda d: d.Root.__setattr__("Names", pikepdf.Dictionary(JavaScript=pikepdf.Dictionary(Names=[script()]))),
        lambda d: d.Root.__setattr__("Names", pikepdf.Dictionary(EmbeddedFiles=pikepdf.Dictionary())),
        lambda d: d.pages[0].__setattr__("AA", pikepdf.Dictionary(O=script())),
        lambda d: d.pages[0].__setattr__("Annots", pikepdf.Array([pikepdf.Dictionary(A=d.make_indirect(script()))])),
    ],
    ids=["open", "names", "embedded", "page", "link"],
)
def test_S48_active_content_of_a_pdf_is_taken_out_and_told(plant):
    found = uploads.examine("a.pdf", pdf(plant))
    assert found.removed
    with pikepdf.open(io.BytesIO(found.content)) as kept:
        written = io.BytesIO()
        kept.save(written, static_id=True, object_stream_mode=pikepdf.ObjectStreamMode.disable)
    for word in (b"alert", b"/JavaScript", b"/EmbeddedFiles", b"/OpenAction"):
        assert word not in written.getvalue()
    again = uploads.examine("a.pdf", found.content)
    assert not again.removed and again.content == found.content


@pytest.mark.parametrize(
    ("name", "clean"),
    [
        ("C:\\Temp\\skan.pdf", "skan.pdf"),
        ("../../etc/passwd", "passwd"),
        ("a\u202egpj.exe", "agpj.exe"),
        ("a\r\nSet-Cookie: x.pdf", "aSet-Cookie: x.pdf"),
        ("e\u0301.pdf", "é.pdf"),
        ("   .pdf  ", "pdf"),
        ("", "plik"),
        ("x" * 300 + ".pdf", "x" * 146 + ".pdf"),
    ],
)
def test_S42_names_are_data(name, clean):
    assert uploads.clean_name(name) == clean


def test_a_kept_file_is_its_owner_s_and_no_other_s(tmp_path):
    first = uploads.store(tmp_path, "core", b"%PDF-1.7 the same")
    second = uploads.store(tmp_path, "awarie", b"%PDF-1.7 the same")
    bare = files.store(tmp_path, b"%PDF-1.7 the same")
    assert len({first.sha256, second.sha256, bare.sha256}) == 3
    assert first.size == second.size == bare.size
    assert uploads.read(tmp_path, "core", first.sha256) == b"%PDF-1.7 the same"
    with pytest.raises(files.Damaged):
        uploads.read(tmp_path, "core", second.sha256)
    assert not files.read(tmp_path, first.sha256).startswith(b"%PDF")
