"""Where in Photoshop's image resources are the IPTC records?

Adobe Photoshop File Formats Specification, "Image Resources Section": ``8BIM``, a number, a name of even length, a
size, the data padded to even length. JPEG's APP13 and TIFF's tag 34377 hold such a section.
"""

from __future__ import annotations

_MARK = b"8BIM"
_IPTC = 0x0404
_MAX_RESOURCES = 1000


def iptc_of(section: bytes) -> bytes:
    """The IPTC-IIM records of a section; empty without any."""
    at = 0
    for _ in range(_MAX_RESOURCES):
        if section[at : at + 4] != _MARK or at + 12 > len(section):
            return b""
        number = int.from_bytes(section[at + 4 : at + 6], "big")
        name = section[at + 6] + 1
        at += 6 + name + name % 2
        size = int.from_bytes(section[at : at + 4], "big")
        if number == _IPTC:
            return section[at + 4 : at + 4 + size]
        at += 4 + size + size % 2
    return b""
