"""Barcodes (GTIN) in fields and in running text: valid by their check digit, and no shop's own numbers."""

from __future__ import annotations

import re

#: Digits, perhaps in groups; whole runs, so that two codes side by side are not read as one.
_DIGITS = re.compile(r"(?<![\d.,/])\d+(?:[ -]\d+)*(?![\d/]|[.,]\d)")
_ANNOUNCED = re.compile(r"(?:bar ?code|ean|gtin|upc|jan|条形?码|ばあこおど|バーコード)(?:s|es)?[^\d]{0,20}\Z")
_DATE = re.compile(r"(?:19|20)\d\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])")


def valid_gtin(digits: str) -> bool:
    """Whether 8, 12, 13 or 14 digits are a GTIN by their check digit; not all one digit, and no shop's own number."""
    if len(digits) not in (8, 12, 13, 14) or len(set(digits)) < 3 or not (digits.isascii() and digits.isdigit()):
        return False
    padded = digits.zfill(14)
    # 20-29, 02 and 04 of thirteen digits, 0 and 2 of eight: numbers of one shop, of a scale
    own = digits[0] in "02" if len(digits) == 8 else padded[1] == "2" or padded[1:3] in ("02", "04")
    total = sum(int(digit) * (3 if place % 2 == 0 else 1) for place, digit in enumerate(padded))
    return not own and total % 10 == 0


def gtins(text: str, *, stated: bool = True) -> frozenset[str]:
    """The barcodes a text names, as 14 digits. Not `stated` (running text): eight digits count only behind a word that
    announces a barcode, since every tenth date or lot number is one by its check digit."""
    found = set()
    for match in _DIGITS.finditer(text):
        groups = re.split("[ -]", match[0])
        announced = stated or _ANNOUNCED.search(text[max(0, match.start() - 40) : match.start()].lower()) is not None
        at = 0
        while at < len(groups):
            for size in range(min(6, len(groups) - at), 0, -1):
                digits = "".join(groups[at : at + size])
                # Groups make one code only together: "5901234123457 5901234123464" are two.
                whole = size == 1 or all(len(group) < 8 for group in groups[at : at + size])
                short = len(digits) == 8 and (not announced or _DATE.fullmatch(digits))
                if whole and not short and valid_gtin(digits):
                    found.add(digits.zfill(14))
                    at += size - 1
                    break
            at += 1
    return frozenset(found)
