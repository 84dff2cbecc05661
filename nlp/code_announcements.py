"""What announces customs codes in a text, and what says that a number is none: patterns for folded text (`nlp.text.fold`)."""

from __future__ import annotations

import functools
import re
from typing import Any

import ahocorasick

from nlp.text import for_folded

#: Editions of the Harmonized System, and the English nouns that stand beside its codes.
EDITIONS = r"(?:2002|2007|2012|2017|2022|2028)"
_PLURAL = r"(?:\(s\)|s|es)?"
NOUN = rf"(?:codes?(?:\s?\(s\))?|numbers?|nos?\.?|n°|items?|lines?|headings?{_PLURAL}|sub-?headings?{_PLURAL}|positions?|classifications?)"

#: The announcements themselves; the name of the group tells the language.
ANCHOR = for_folded(
    r"""
    (?P<en>(?<![a-z0-9])(?:
        h\.?s\.?(?=[\s:：.,()\-/]|\d|code|tariff|编|品|税|コ|こ|号|代|subheading|heading|chapter)
      | htsus | hts(?:us)?a? | taric | ncm | naladisa | gtip | gtıp | ahtn
      | cn(?=\s?(?:codes?|headings?)|\s?(?:ex\s?)?\d{4}[\s.]?\d{2})
      | harmoni[sz]ed\s(?:commodity\sdescription\sand\scoding\s)?(?:system|tariff(?:\sschedule)?)(?:\sof\sthe\sunited\sstates)?
      | combined\snomenclature
      | customs?\s(?:tariff|code|heading|nomenclature) | tariff\s(?:schedule|code|item|line|heading|sub-?heading|number|classification|no\b)
      | common\scustoms\stariff | commodity\scodes?
      | (?:sub)?headings?\s(?=(?:nos?\.?\s)?(?:ex\s)?\d{2}[.\s]?\d{2})
      | nomenclature\scode
      | codes?\s?s\.?h\.? | codigos?\s(?:s\.?a\.?|arancelari[oa]s?) | position\starifaire | partidas?\s(?:arancelarias?)? | fraccion(?:es)?\sarancelarias? | sous-positions?
    )s?)
  | (?P<zh>
        hs\s?(?:编码|代码|税号|税则号列|税则|号)
      | (?:海关)?(?:商品)?(?:税则号列|税则号|税则|税号|税目|品目号?|海关编码|商品编码|协调制度(?:编码|代码)?|子目号?|关税号)
    )
  | (?P<ja>
        hs\s?(?:こおど|こーど|番号|品目)
      | (?:[関關关]税率表|税番|[統统][计計]品目番号|品目番号|税表番号|[関關关]税番号|[関關关]税分[類类](?:番号)?|輸出入統計品目番号|输出入[統统][计計]品目番号|类\s*番号)
    )
  | (?P<ar>(?:رمز|رموز|كود|اكواد|بند|بنود|البند|البنود|الرمز|التعرفه)\s(?:النظام\sالمنسق|الجمركيه?|جمركي|الجمركي|جمركيه|التعرفه\sالجمركيه)|(?:بند|بنود|البند|البنود)\s(?:رقم|ارقام)?(?=\s*[:：]?\s*\d{4}))
    """,
    re.VERBOSE,
)
#: What may stand between the announcement and the first code.
FILLER = for_folded(
    rf"""(?:\s|[:：.,\-(（\[【“"'=#]|{NOUN}|code|hs|tariff|schedule|system|of\sthe|of|under|the|in|and|no|number|as|is|are|
    classified|falling|within|chapters?|sub-?chapters?|编码|代码|为|号|列|第|项下|项|[品税]目|下|的|包括|番号|こおど|こーど|は|で|の|
    \(?{EDITIONS}\s?(?:edition|version|版|年版?)\)?|\({EDITIONS}\)|version|edition|رقم|ارقام|رموز|:){{0,10}}""",
    re.VERBOSE,
)
EDITION_AFTER = for_folded(rf"\s?[-(（]?{EDITIONS}(?!\d)[)）]?(?=\s?(?:\D|$))(?!\s?(?:,|、|and|to|及|和|至))")
_EDITION = for_folded(rf"hs\s?-?(?P<a>{EDITIONS})|(?P<b>{EDITIONS})\s?(?:edition|version|版|年版)")
#: Codes that say what is not covered: "(excl. motor vehicles of heading 8702)".
_EXCLUDED = for_folded(
    r"(?:\bexcl(?:\.|uding|udes)|\bexcept\b|\bother than\b|\bnot (?:of|under|covered)\b|不包括|不含|除外)[^()（）;；\x01]*\Z"
)
#: "Model HS8507", 型号HS-1200: letters of a maker, not of the Harmonized System.
_MODEL_NAME = for_folded(
    r"(?:\bmodels?|\btype|\bpart|\bserial|\bsku|\bitem)(?:\s(?:no\.?|nos\.?|numbers?|names?))?\s?[:：]?\s?\Z|(?:型号|型番|品番)[:：]?\s?\Z"
)
#: No announcement without one of these: a look at most texts is enough.
_GATES = (
    "hs",
    "hts",
    "h.s.",
    "s.h",
    "code sh",
    "codes sh",
    "codigo",
    "tarif",
    "tarıf",
    "ncm",
    "naladisa",
    "gtip",
    "ahtn",
    "cn",
    "harmoni",
    "combined",
    "heading",
    "nomenclature",
    "commodity",
    "partida",
    "fraccion",
    "position",
    "编码",
    "税",
    "品目",
    "商品",
    "海关",
    "协调",
    "子目",
    "统计",
    "统計",
    "類",
    "类",
    "رمز",
    "رموز",
    "كود",
    "اكواد",
    "بند",
    "بنود",
    "التعرفه",
    "chapter",
    "章",
)


@functools.cache
def _gate() -> Any:
    """Finds any of the gates in one pass."""
    automaton = ahocorasick.Automaton()
    for gate in _GATES:
        automaton.add_word(gate, gate)
    automaton.make_automaton()
    return automaton


def is_announced(text: str) -> bool:
    """Whether a text holds a word that may announce customs codes: cheap, for most texts hold none."""
    return next(_gate().iter(text), None) is not None


def tells_none(text: str, start: int) -> bool:
    """Whether what stands before an announcement at `start` makes it a model's name or a list of what is not covered."""
    return bool(
        _MODEL_NAME.search(text, max(0, start - 20), start) or _EXCLUDED.search(text[max(0, start - 90) : start])
    )


def edition_of(text: str) -> str:
    """The edition a text names ("HS2022"); empty: none."""
    match = _EDITION.search(text)
    return f"HS{match['a'] or match['b']}" if match else ""
