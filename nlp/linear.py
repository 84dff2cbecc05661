"""The shipped models: one vocabulary, linear weights, calibration. Arrays (npz, fp16, no pickle) and a manifest.

`manifest.json` names every file with its sha256; a file that differs is refused. The arrays of all models that read the
same rows are one matrix: one sparse product scores a batch for all of them.
"""

from __future__ import annotations

import functools
import hashlib
import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from nlp import features

F32 = NDArray[np.float32]
FOLDER = Path(__file__).with_name("models")
MANIFEST = "manifest.json"


class ModelError(RuntimeError):
    """The models are absent, incomplete, or not the ones the manifest names."""


@dataclass(frozen=True, slots=True)
class Linear:
    """One model: margins = row · weights + bias; probabilities by its calibration.

    `kind` "softmax": one of the classes; "sigmoid": each class by itself. `scale`, `shift`: calibration per class, fitted on
    the newest slice of the training rows: p ∝ exp(scale·margin + shift), or 1 / (1 + exp(-(scale·margin + shift))).

    `regimes`: the sources whose own mix of goods the model learned apart from their words, each with a bias per class
    (`regime_bias`). A row of any other source gets no bias, leans to what its concepts alone say (`leaning`, see below),
    and has the temperature `unseen_scale`, which was fitted on sources left out of training one by one.
    """

    name: str
    kind: str
    classes: tuple[str, ...]
    weights: F32  # (columns, classes)
    bias: F32
    scale: F32
    shift: F32
    about: Mapping[str, Any]
    regimes: tuple[str, ...] = ()
    regime_bias: F32 | None = None
    unseen_scale: float = 0.0
    leaning: sp.csr_matrix | None = None  # (columns, classes)

    def margins(self, rows: sp.csr_matrix) -> F32:
        return np.asarray(rows @ self.weights + self.bias, np.float32)

    def probabilities(self, margins: F32) -> F32:
        """Calibrated, every row as one of a known source."""
        return calibrated(margins, self.kind, self.scale, self.shift)

    def answers(self, text: sp.csr_matrix, tokens: sp.csr_matrix, regimes: Sequence[str]) -> F32:
        """Probabilities of rows; `regimes`: whose each row is, "" or any other name for a source never seen."""
        margins = np.asarray(text @ self.weights + tokens @ self.weights + self.bias, np.float32)
        if self.regime_bias is None:
            return self.probabilities(margins)
        at = np.array([self.regimes.index(name) if name in self.regimes else -1 for name in regimes], np.int64)
        known = at >= 0
        found = np.empty_like(margins)
        found[known] = self.probabilities(margins[known] + self.regime_bias[at[known]])
        if not known.all():
            rest = margins[~known] + lean(tokens[~known], self.leaning)
            scale = np.full(len(self.classes), self.unseen_scale, np.float32)
            found[~known] = calibrated(rest, self.kind, scale, np.zeros_like(scale))
        return found


#: What the industries of a text's concepts add to the margins where the source is unknown, all concepts of one industry.
LEAN = 1.0


def leaning(vocabulary: features.Vocabulary, idf: F32, classes: Sequence[str]) -> sp.csr_matrix:
    """(columns, classes): which token of the vocabulary speaks for which industry, as a count without its idf."""
    columns = vocabulary.columns(np.array([features.token(f"i:{name}") for name in classes], np.uint64))
    have = np.flatnonzero(columns >= 0)
    values = (1 / idf[columns[have]]).astype(np.float32)
    return sp.csr_matrix((values, (columns[have], have)), shape=(len(vocabulary), len(classes)))


def lean(tokens: sp.csr_matrix, leanings: sp.csr_matrix | None) -> F32:
    """(rows, classes): the share of each industry among those the concepts of a row belong to, times `LEAN`."""
    if leanings is None:
        return np.zeros((tokens.shape[0], 1), np.float32)
    counts = np.asarray((tokens @ leanings).toarray(), np.float32)
    shares: F32 = (LEAN * counts / np.maximum(counts.sum(1, keepdims=True), 1e-9)).astype(np.float32)
    return shares


def calibrated(margins: F32, kind: str, scale: F32, shift: F32) -> F32:
    scores = (margins * scale + shift).astype(np.float64)
    if kind == "softmax":
        scores -= scores.max(axis=1, keepdims=True)
        exp = np.exp(scores)
        shares: F32 = (exp / exp.sum(axis=1, keepdims=True)).astype(np.float32)
        return shares
    return (1 / (1 + np.exp(-np.clip(scores, -60, 60)))).astype(np.float32)


class Models:
    """The models of a folder, checked and loaded."""

    def __init__(self, manifest: Mapping[str, Any], arrays: Mapping[str, Mapping[str, Any]]) -> None:
        vocabulary = arrays["vocabulary"]
        self.manifest = manifest
        self.vocabulary = features.Vocabulary(np.asarray(vocabulary["hashes"], np.uint64))
        self.idf: F32 = np.asarray(vocabulary["idf"], np.float32)
        self.models: dict[str, Linear] = {}
        for name, about in manifest["models"].items():
            held = arrays[name]
            self.models[name] = Linear(
                name,
                about["kind"],
                tuple(about["classes"]),
                np.ascontiguousarray(np.asarray(held["weights"], np.float32)),
                np.asarray(held["bias"], np.float32),
                np.asarray(held["scale"], np.float32),
                np.asarray(held["shift"], np.float32),
                about,
                tuple(about.get("regimes", ())),
                np.asarray(held["regime_bias"], np.float32) if "regime_bias" in held else None,
                float(held["unseen_scale"]) if "unseen_scale" in held else 0.0,
                leaning(self.vocabulary, self.idf, about["classes"]) if "unseen_scale" in held else None,
            )

    @property
    def version(self) -> str:
        return str(self.manifest["version"])

    def __contains__(self, name: str) -> bool:
        return name in self.models

    def __getitem__(self, name: str) -> Linear:
        return self.models[name]

    def rows(
        self, texts: Sequence[str], heads: Sequence[int], tokens: Sequence[Sequence[tuple[int, float]]]
    ) -> features.Rows:
        return features.rows(self.vocabulary, self.idf, texts, heads, tokens)

    def known(self, regime: str) -> bool:
        """Whether the group model was trained on notices of this regime and knows its mix of goods."""
        return regime in self["groups"].regimes


def regime_of(register: str, stated: Mapping[str, str | tuple[str, ...]]) -> str:
    """The part of a register whose notices have one mix of goods: openFDA's food, drug and device reports are three."""
    field = REGIME_FIELDS.get(register)
    value = stated.get(field, "") if field else ""
    return f"{register}:{value}" if value and isinstance(value, str) else register


#: Registers that are several regimes → the field of `stated` that says which.
REGIME_FIELDS = {"us_fda_enforcement": "product_type"}


def write(folder: Path, manifest: dict[str, Any], arrays: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """Write arrays, then the manifest that names them; weights as fp16. Returns the manifest as written.

    The npz are written with fixed dates: equal arrays give equal files.
    """
    folder.mkdir(parents=True, exist_ok=True)
    files: dict[str, dict[str, Any]] = {}
    for name, held in arrays.items():
        body = _npz(held)
        (folder / f"{name}.npz").write_bytes(body)
        files[f"{name}.npz"] = {"sha256": hashlib.sha256(body).hexdigest(), "bytes": len(body)}
    whole = {**manifest, "files": files}
    digest = hashlib.sha256(json.dumps(whole, sort_keys=True).encode()).hexdigest()
    whole = {"version": digest[:12], **whole}
    (folder / MANIFEST).write_text(json.dumps(whole, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    for stale in folder.glob("*.npz"):
        if stale.name not in files:
            stale.unlink()
    return whole


def _npz(held: Mapping[str, Any]) -> bytes:
    import zipfile

    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name, array in sorted(held.items()):
            body = io.BytesIO()
            np.lib.format.write_array(body, np.asarray(array), allow_pickle=False)
            archive.writestr(
                zipfile.ZipInfo(f"{name}.npy", (2026, 1, 1, 0, 0, 0)), body.getvalue(), zipfile.ZIP_DEFLATED
            )
    return out.getvalue()


def read(folder: Path = FOLDER) -> Models:
    """Load and check. Raises ModelError where the manifest is absent or a file is not the one it names."""
    manifest = _manifest(folder)
    arrays: dict[str, dict[str, Any]] = {}
    for name, about in manifest["files"].items():
        try:
            body = (folder / name).read_bytes()
        except OSError as error:
            raise ModelError(f"{folder / name}: {error}") from error
        if hashlib.sha256(body).hexdigest() != about["sha256"]:
            raise ModelError(f"{folder / name}: not the file the manifest names (sha256 differs); refused")
        with np.load(io.BytesIO(body), allow_pickle=False) as held:
            arrays[name.removesuffix(".npz")] = {key: held[key] for key in held.files}
    return Models(manifest, arrays)


def version(folder: Path = FOLDER) -> str:
    """The version of the models of a folder, by their manifest. Raises ModelError where it is absent or was changed."""
    return str(_manifest(folder)["version"])


def _manifest(folder: Path) -> dict[str, Any]:
    path = folder / MANIFEST
    if not path.exists():
        raise ModelError(f"{path}: no models there; `tradewarn train` makes them")
    manifest: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    unsigned = {key: value for key, value in manifest.items() if key != "version"}
    digest = hashlib.sha256(json.dumps(unsigned, sort_keys=True).encode()).hexdigest()[:12]
    if digest != manifest.get("version"):
        raise ModelError(f"{path}: its content does not match its version: it was changed by hand")
    return manifest


def present(folder: Path = FOLDER) -> bool:
    """Whether a folder holds models at all."""
    return (folder / MANIFEST).exists()


@functools.cache
def shipped() -> Models:
    """The models beside this module, read once."""
    return read(FOLDER)
