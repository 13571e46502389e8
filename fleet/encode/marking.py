"""Where a clip comes from, said in the file: IPTC's digital source type as XMP.

The finish stage marks every clip it has encoded, before anything is hashed or signed.  Programs
that show, sort or publish pictures read this word (it is what the IPTC recommends for media made
by trained models), and any exiftool shows it.  It is a plain statement: whoever edits the file can
remove it, which credentials (``fleet.encode.credentials``) make visible.
"""

from __future__ import annotations

import shutil
from enum import StrEnum
from pathlib import Path
from typing import BinaryIO, Final
from xml.parsers import expat

from fleet.encode import boxes
from fleet.encode.boxes import Box, NotBoxes
from fleet.encode.replacing import replacing
from fleet.errors import BackendFailed

SCHEME: Final = "http://cv.iptc.org/newscodes/digitalsourcetype/"
"""The IPTC's vocabulary; a source type is a word of it, and stands in a file with it."""

_IPTC: Final = "http://iptc.org/std/Iptc4xmpExt/2008-02-29/"
_RDF: Final = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
_PROPERTY: Final = f"{_IPTC} DigitalSourceType"
_RESOURCE: Final = f"{_RDF} resource"
_MOST_XMP: Final = 1 << 20
_DEEPEST: Final = 64
_CAMERA: Final = "camera"


class SourceType(StrEnum):
    """What the IPTC calls a clip's origin (vocabulary ``digitalsourcetype``)."""

    TRAINED_ALGORITHMIC_MEDIA = "trainedAlgorithmicMedia"
    """Made by a model that was trained on other media."""
    COMPOSITE_CAPTURE = "compositeCapture"
    """Put together from what a camera took: a move over a picture, rendered without a model."""

    @property
    def uri(self) -> str:
        """The word with its vocabulary, as it stands in files."""
        return SCHEME + self.value


def source_type_of(model: str) -> SourceType:
    """What clips of the generator ``model`` are: all but the ``camera`` are a trained model's."""
    return (
        SourceType.COMPOSITE_CAPTURE if model == _CAMERA else SourceType.TRAINED_ALGORITHMIC_MEDIA
    )


def mark(path: Path, source_type: SourceType) -> None:
    """Write ``source_type`` into the finished MP4 at ``path``: whole or not at all.

    The same clip and type give the same bytes; marking what is marked so changes nothing.  An
    older XMP packet is replaced.  Chunk offsets stay right, because the packet is put behind
    everything else.

    Raises:
        BackendFailed: no whole MP4, or signed already: credentials hold only for a file as it was
            signed, so marking comes before.
        FileUnwritable: the folder is read-only, or the disk is full.
    """
    packet = _packet(source_type)
    try:
        with boxes.opened(path) as source:
            found = list(boxes.top_level(source))
            fault = _unmarkable(found)
            if fault:
                raise _failed(path, fault)
            old = [box for box in found if box.uuid == boxes.XMP]
            if [boxes.read_body(source, box, limit=_MOST_XMP) for box in old] == [packet]:
                return
            with replacing(path) as target:
                _copy_without(source, target, old, end=found[-1].end)
                target.write(boxes.uuid_box(boxes.XMP, packet))
    except NotBoxes as fault:
        raise _failed(path, str(fault)) from None


def read_marking(clip: Path | bytes) -> SourceType | None:
    """The source type that a clip, by path or by its bytes, says it has.

    None where it says none, one that is not of ours, or two that differ; likewise for what is no
    whole MP4.  The file may be anyone's: sizes are bounded, and XML with a document type (the only
    place where entities can be declared) is not read at all.

    Raises:
        OSError: the path cannot be read, or is no regular file.
    """
    found: set[str] = set()
    with boxes.opened(clip) as source:
        try:
            for box in boxes.top_level(source):
                if box.uuid == boxes.XMP:
                    packet = boxes.read_body(source, box, limit=_MOST_XMP)
                    found |= _source_types(packet or b"")
        except NotBoxes:
            return None
    if len(found) != 1:
        return None
    word = found.pop().removeprefix(SCHEME)
    return SourceType(word) if word in set(SourceType) else None


def _packet(source_type: SourceType) -> bytes:
    # end="r": a program that edits the packet in place would break the credentials over it.
    return (
        '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>\n'
        '<x:xmpmeta xmlns:x="adobe:ns:meta/">\n'
        f'<rdf:RDF xmlns:rdf="{_RDF}">\n'
        f'<rdf:Description rdf:about="" xmlns:Iptc4xmpExt="{_IPTC}">\n'
        f"<Iptc4xmpExt:DigitalSourceType>{source_type.uri}</Iptc4xmpExt:DigitalSourceType>\n"
        "</rdf:Description>\n</rdf:RDF>\n</x:xmpmeta>\n"
        '<?xpacket end="r"?>'
    ).encode()


def _unmarkable(found: list[Box]) -> str:
    kinds = {box.kind for box in found}
    if not {b"ftyp", b"moov"} <= kinds:
        return "is no MP4 file"
    if found[-1].open:
        return "ends in a box without an end, behind which nothing can be put"
    if any(box.uuid == boxes.CREDENTIALS for box in found):
        return "is signed already; a clip is marked before it is signed"
    return ""


def _copy_without(source: BinaryIO, target: BinaryIO, old: list[Box], *, end: int) -> None:
    """Copy a file but for its boxes ``old``, moving nothing that stands before its end."""
    source.seek(0)
    shutil.copyfileobj(source, target)
    for box in reversed(old):
        if box.end == end:
            end = box.start
            target.truncate(end)
        else:
            # Taking it out would move the film, and the index holds its place in bytes.
            target.seek(box.start + 4)
            target.write(b"free")
    target.seek(end)


def _source_types(packet: bytes) -> set[str]:
    """Every source type in an XMP packet, written in any of the ways that RDF allows."""
    reading = _Reading()
    try:
        reading.parser.Parse(packet, True)  # noqa: FBT003  (expat has it so)
    except (expat.ExpatError, _Refused):
        return set()
    return reading.found


class _Refused(Exception):
    """XML of a kind that no XMP packet needs."""


class _Reading:
    """One pass over a packet, with expat: it loads nothing from outside, and stops at the first
    declaration of a document type, so no entity is ever declared, let alone expanded."""

    def __init__(self) -> None:
        self.found: set[str] = set()
        self._depth = 0
        self._text: list[str] | None = None
        self.parser = expat.ParserCreate("utf-8", " ")  # whatever encoding it declares
        self.parser.StartDoctypeDeclHandler = self._refuse
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.CharacterDataHandler = self._characters

    def _refuse(self, *_: object) -> None:
        raise _Refused

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        self._depth += 1
        if self._depth > _DEEPEST:
            raise _Refused
        if _PROPERTY in attributes:
            self.found.add(attributes[_PROPERTY].strip())
        if name == _PROPERTY:
            if _RESOURCE in attributes:
                self.found.add(attributes[_RESOURCE].strip())
            else:
                self._text = []

    def _end(self, name: str) -> None:
        self._depth -= 1
        if name == _PROPERTY and self._text is not None:
            self.found.add("".join(self._text).strip())
            self._text = None

    def _characters(self, text: str) -> None:
        if self._text is not None:
            self._text.append(text)


def _failed(path: Path, what: str) -> BackendFailed:
    return BackendFailed(backend="marking", what=f"{path} {what}")
