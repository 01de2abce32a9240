#!/usr/bin/env python3
"""Makes the page's math font from STIX Two Math, with the glyphs that formulas of the story may use and their MATH table.

    npm pack @fontsource/stix-two-math@5.3.0 && tar xzf fontsource-stix-two-math-5.3.0.tgz
    pip install fonttools==4.68.0 brotli==1.2.0
    python formulas.py package

Writes, beside this file: STIXTwoMath.woff2, and STIXTwoMath-OFL.txt, its licence.
"""
import re
import shutil
import sys
from pathlib import Path
from fontTools import subset
from fontTools.ttLib import TTFont

LETTERS = [*range(0x41, 0x5B), *range(0x61, 0x7B)]
# A single letter in <mi> is drawn with the italic letter of mathematics; h has its own place.
ITALIC = [c for c in range(0x1D434, 0x1D468) if c != 0x1D455] + [0x210E]
SIGNS = [ord(c) for c in " 0123456789()[]+=,.|/·…−×÷√∑∞≤≥≠⊤ᵀ"]

here, package = Path(__file__).parent, Path(sys.argv[1])
font = TTFont(package / "files" / "stix-two-math-latin-400-normal.woff2")
story = here.parents[2] / "story"
formulas = "".join(f for p in story.glob("*.md") for f in re.findall(r"<math.*?</math>", p.read_text(), re.S))
used = {ord(c) for c in re.sub(r"<[^>]*>|\s", "", formulas)}
wanted = {*LETTERS, *ITALIC, *SIGNS, *used}
missing = [chr(c) for c in used if c not in font.getBestCmap()]
assert not missing, f"the font has no {missing}"

options = subset.Options()
# `ssty` are the forms of small letters in scripts.
options.layout_features = ["ssty", "kern", "mark", "mkmk", "ccmp"]
options.name_IDs = [0, 1, 2, 3, 4, 5, 6, 13, 14]
options.notdef_outline = True
options.flavor = "woff2"
subsetter = subset.Subsetter(options)
subsetter.populate(unicodes=wanted)
subsetter.subset(font)
assert "MATH" in font
font["head"].modified = font["head"].created  # the same bytes each time
font.recalcTimestamp = False
font.flavor = "woff2"
font.save(here / "STIXTwoMath.woff2")
shutil.copy(package / "LICENSE", here / "STIXTwoMath-OFL.txt")
print((here / "STIXTwoMath.woff2").stat().st_size, "bytes")
