"""Which language a text is in, by py3langid, among the languages that European print is in.

Promises an ISO 639-1 code or `und`. Does not promise the parts of a mixed text: the one that
prevails is answered.
"""

import lzma
import shutil
import tempfile
import threading
from functools import cache
from typing import Any

UNDETERMINED = "und"
_NAMES = {
    "ca": "Catalan",
    "de": "German",
    "en": "English",
    "es": "Spanish",
    "fr": "French",
    "it": "Italian",
    "la": "Latin",
    "nl": "Dutch",
    "pt": "Portuguese",
    "ro": "Romanian",
}
LANGUAGES = tuple(_NAMES)

# Below this many letters a guess is worth less than the honest answer.
_ENOUGH_LETTERS = 16
_SAMPLE_CHARACTERS = 20_000

_LOADING = threading.Lock()


def detect_language(text: str) -> str:
    """The language's code, or `und` for text too short or unclear to tell."""
    sample = text[:_SAMPLE_CHARACTERS]
    if sum(letter.isalpha() for letter in sample) < _ENOUGH_LETTERS:
        return UNDETERMINED
    with _LOADING:
        identifier = _identifier()
    language, _ = identifier.classify(sample)
    return str(language)


def own_language(language: str) -> str:
    """How a model is told to keep a text's language: by its name too, as far as that is known. What
    is in none of `LANGUAGES` is taken for one of them, so that the name is but a hint."""
    name = _NAMES.get(language)
    return (
        f"the language of the text (it seems to be {name})" if name else "the text's own language"
    )


@cache
def _identifier() -> Any:
    """The package's identifier on the part of its model that is about our languages.

    Its own loader holds all 142 languages and its largest table twice: 105 MB at the peak, where
    this takes 55.
    """
    import numpy as np  # lazy: numpy and a 5 MB model, 70 MB unpacked
    from py3langid.langid import MODEL_DIR, MODEL_FILE, LanguageIdentifier

    with tempfile.TemporaryFile(suffix=".npz") as unpacked:
        with lzma.open(MODEL_DIR / MODEL_FILE) as packed:
            shutil.copyfileobj(packed, unpacked, length=1 << 20)
        unpacked.seek(0)
        with np.load(unpacked, allow_pickle=False) as model:
            names = model["classes"].tolist()
            ours = [place for place, name in enumerate(names) if name in _NAMES]
            return LanguageIdentifier(
                np.ascontiguousarray(model["ptc"][:, ours]),
                model["pc"][ours],
                [names[place] for place in ours],
                memoryview(model["nextmove"]),
                model["out_feat"].tolist(),
                norm_probs=True,
                min_confidence=0.5,
                tk_row=model["nextmove_row"].tolist(),
            )
