"""A notice with its grounds as a spaCy document: tokens, sentences, and every quoted ground as a span.

For those who go on from here - annotation tools, spaCy's own training, a notebook: `tradewarn classify IN --spacy DIR`
writes `DocBin` files that spaCy reads as a corpus. The engine itself does not pass through spaCy
(docs/decisions/spacy.md says what was measured), so it is imported only when asked for.

`doc.spans` has a group for each kind of opinion (`GROUPS`), labelled with its value: `doc.spans["hazards"]` holds
"fire" with the label `fire`. `doc.cats` are the industries with their probabilities; `doc.user_data` the id and the
language. The text is the authority's own, title, products, summary and text on lines of their own, each up to `LIMIT`.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from crawlers.notice import Notice
from nlp.assessment import Assessment, Evidence
from nlp.document import FIELDS, LIMIT

GROUPS = ("products", "hazards", "severity", "measure", "reach")
#: Documents in one file: what is held in memory at once.
IN_FILE = 2000
#: Languages with tokenizer rules of spaCy's own that need nothing else installed; Chinese and Japanese go by character.
_BLANK = {
    "ar": "ar", "de": "de", "en": "en", "es": "es", "fr": "fr", "it": "it", "ja": "zh", "pt": "pt", "tr": "tr", "zh": "zh",
}  # fmt: skip
_ENDS = [".", "!", "?", "。", "！", "？", "؟", "\n", "\n\n"]


def annotated(notice: Notice, assessment: Assessment) -> Any:
    """The document of a notice with its grounds. A ground that quotes no text field (a code, a label) has no span."""
    starts: dict[str, int] = {}
    text = ""
    for name in FIELDS:
        words: str = getattr(notice, name)[:LIMIT]
        if words:
            starts[name] = len(text) + 1 if text else 0
            text = f"{text}\n{words}" if text else words
    doc = pipeline(notice.language)(text)
    for group, grounds in _grounds(assessment):
        found = [_span(doc, starts, label, one) for label, one in grounds]
        doc.spans[group] = [span for span in found if span is not None]
    doc.cats = {opinion.industry: opinion.probability for opinion in assessment.industries}
    doc.user_data.update({"id": notice.id, "language": notice.language, "model": assessment.model.version})
    return doc


def _grounds(assessment: Assessment) -> Iterator[tuple[str, list[tuple[str, Evidence]]]]:
    yield "products", [(one.hs, ground) for one in assessment.products for ground in one.evidence]
    yield "hazards", [(one.hazard, ground) for one in assessment.hazards for ground in one.evidence]
    yield "severity", [(assessment.severity.value, ground) for ground in assessment.severity.evidence]
    yield "measure", [(assessment.measure.value, ground) for ground in assessment.measure.evidence]
    yield "reach", [(assessment.reach.value or "none", ground) for ground in assessment.reach.evidence]


def _span(doc: Any, starts: dict[str, int], label: str, ground: Evidence) -> Any:
    """The tokens that hold the ground: whole ones, so a ground inside a word is its word."""
    start = starts.get(ground.field)
    if start is None or ground.end <= ground.start:
        return None
    return doc.char_span(start + ground.start, start + ground.end, label=label, alignment_mode="expand")


def kept(
    pairs: Iterable[tuple[int, Notice, Assessment]], folder: Path, name: str
) -> Iterator[tuple[int, Notice, Assessment]]:
    """The pairs as they come, while their documents are written to `folder/name-0001.spacy`, -0002 and so on."""
    from spacy.tokens import DocBin

    folder.mkdir(parents=True, exist_ok=True)
    held, number = DocBin(store_user_data=True), 0
    for seq, notice, assessment in pairs:
        held.add(annotated(notice, assessment))
        if len(held) == IN_FILE:
            number += 1
            held.to_disk(folder / f"{name}-{number:04d}.spacy")
            held = DocBin(store_user_data=True)
        yield seq, notice, assessment
    if len(held):
        held.to_disk(folder / f"{name}-{number + 1:04d}.spacy")


@functools.cache
def pipeline(language: str) -> Any:
    """spaCy's blank pipeline of a language (BCP 47) with sentences; of one without rules of its own, the multilingual one."""
    import spacy  # two seconds and 80 MB: only for those who ask for documents

    nlp = spacy.blank(_BLANK.get(language.split("-")[0].lower(), "xx"))
    nlp.add_pipe("sentencizer", config={"punct_chars": _ENDS})
    return nlp
