#!/usr/bin/env python3
"""Makes the two embedded fonts and their table of advances from Debian's `fonts-inter` package.

    apt-get download fonts-inter && dpkg -x fonts-inter_*.deb inter
    pip install fonttools==4.68.0 brotli==1.2.0
    python subset.py inter/usr/share/fonts/opentype/inter

Writes, beside this file: Inter-Regular.otf, Inter-SemiBold.otf (subsets), the same as .woff2 for the page, and advances.bin: for each character,
in order, u32 code point, u16 advance regular, u16 advance semibold, little-endian, in units of 1/2816 em.
"""
import struct
import sys
from pathlib import Path
from fontTools import subset
from fontTools.ttLib import TTFont

RANGES = [
    (0x0020, 0x007E), (0x00A0, 0x024F),  # Latin, Latin-1, Extended A and B
    (0x02B0, 0x02FF), (0x0300, 0x036F),  # modifier letters, combining marks
    (0x0370, 0x03FF), (0x0400, 0x045F),  # Greek, Cyrillic
    (0x1E00, 0x1EFF),                    # Latin Extended Additional (Vietnamese)
    (0x2000, 0x206F), (0x2070, 0x209F),  # punctuation, super- and subscripts
    (0x20A0, 0x20BF), (0x2100, 0x214F),  # currency, letterlike
    (0x2190, 0x21FF), (0x2200, 0x22FF),  # arrows, mathematical operators
    (0x2300, 0x23FF), (0x2423, 0x2423),  # technical, the open box that stands for a space
    (0x2500, 0x25FF), (0x2600, 0x2614),  # boxes and geometric shapes, a few symbols
]

here, source = Path(__file__).parent, Path(sys.argv[1])
advances = []
for style in ["Regular", "SemiBold"]:
    font = TTFont(source / f"Inter-{style}.otf")
    options = subset.Options()
    # No contextual alternates: they would turn "->" into an arrow, and a token must be shown as it is.
    options.layout_features = ["kern", "mark", "mkmk", "ccmp", "locl"]
    options.name_IDs = [0, 1, 2, 3, 4, 5, 6, 13, 14, 16, 17]
    options.notdef_outline = True
    options.desubroutinize = False
    subsetter = subset.Subsetter(options)
    subsetter.populate(unicodes=[c for a, b in RANGES for c in range(a, b + 1)])
    subsetter.subset(font)
    font["head"].modified = font["head"].created  # the same bytes each time
    font.recalcTimestamp = False
    font.save(here / f"Inter-{style}.otf")
    assert font["head"].unitsPerEm == 2816
    web = TTFont(here / f"Inter-{style}.otf", recalcTimestamp=False)
    web.flavor = "woff2"
    web.save(here / f"Inter-{style}.woff2")
    advances.append({c: font["hmtx"][name][0] for c, name in font.getBestCmap().items()})

regular, semibold = advances
assert regular.keys() == semibold.keys()
(here / "advances.bin").write_bytes(
    b"".join(struct.pack("<IHH", c, regular[c], semibold[c]) for c in sorted(regular))
)
