"""Word pieces against `tokenizers`, and that a request lies near what it is for."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tokenizers import Tokenizer, normalizers, pre_tokenizers
from tokenizers.models import WordPiece

from agent.perception import images
from agent.perception.meaning import encoder
from agent.perception.meaning.encoder import LONGEST, TextEncoder, text_encoder
from agent.perception.meaning.word_pieces import WordPieces

VOCABULARY = Path(encoder.__file__).parent / "encoder.txt"
OURS = WordPieces(VOCABULARY, LONGEST)


def theirs() -> Tokenizer:
    lines = VOCABULARY.read_text("utf-8").split("\n")
    tokenizer = Tokenizer(WordPiece({piece: i for i, piece in enumerate(lines)}, unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    return tokenizer


THEIRS = theirs()
WRITTEN = st.text(st.characters(codec="utf-8", exclude_categories=("Cn", "Cs")), max_size=80)


@given(
    WRITTEN
    | st.lists(st.sampled_from(["Save", "don't", "unaffable", "100%", "Größe", "保存", "e\u0301", "…"])).map(" ".join)
)
def test_the_pieces_are_those_of_the_library(text: str) -> None:
    assert OURS.numbers(text)[1:-1] == THEIRS.encode(text).ids[: LONGEST - 2]


def test_a_long_text_is_cut() -> None:
    assert len(OURS.numbers("word " * 100)) == LONGEST


def test_a_vector_does_not_depend_on_what_is_read_with_it() -> None:
    texts = ["Save", "how do I stop these alerts?", "", "保存", "a much longer label of a setting, with a comma"]
    together, alone = TextEncoder().vectors(texts), np.stack([TextEncoder().vectors([t])[0] for t in texts])
    assert together.shape == (5, 384)
    assert np.array_equal(together, alone)
    assert np.allclose(np.linalg.norm(together, axis=1), 1, atol=1e-3)


@pytest.mark.parametrize(
    ("request_", "names", "meant"),
    [
        ("the tune is too loud", ("Volume", "Shuffle", "Lyrics", "Equaliser"), 0),
        ("I would rather see the photo taken before this one", ("Next", "Previous", "Delete", "Share"), 1),
        ("my parcel should go to my office", ("Gift wrap", "Voucher", "Delivery address", "Invoice"), 2),
    ],
)
def test_a_request_is_most_like_what_it_is_for(request_: str, names: tuple[str, ...], meant: int) -> None:
    model = text_encoder()
    assert int(model.likeness(model.vectors(names), model.vectors([request_])[0]).argmax()) == meant


def test_threads_may_share_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(images, "_KEPT", 3)
    shared, texts = TextEncoder(), [f"Row {i}" for i in range(6)]
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda i: shared.vectors(texts[i % 3 : i % 3 + 3]), range(40)))
    alone = TextEncoder().vectors(texts)
    assert all(np.array_equal(rows, alone[i % 3 : i % 3 + 3]) for i, rows in enumerate(found))
