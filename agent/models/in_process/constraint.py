"""Holding a model to a `Shape`, token by token, with llguidance, so that its answer always parses.

A shape allows many answers but says nothing of their length. Where tokens run low the answer is brought to its nearest
end, so that the token limit never cuts it.
"""

from __future__ import annotations

import json
import string
import threading
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from llguidance import LLMatcher, LLTokenizer, TokenizerWrapper
from llguidance.hf import from_tokenizer

from agent.core.model import ModelError
from agent.models.endpoints.endpoint import Shape
from agent.models.in_process.shortest_completion import ShortestCompletion, completion_search

Mask = np.ndarray[Any, np.dtype[np.bool_]]
"""One bool for each token of the vocabulary: may it come next?"""

_SPACING = {"item_separator": ", ", "key_separator": ": ", "whitespace_flexible": False}
"""JSON as ``json.dumps`` writes it, which is how the models were taught to."""
_MARGIN = 32
"""Tokens kept in reserve beyond those that the shortest whole answer takes."""
_KEPT = 64
_LARGEST, _FINEST = 10**15, 1e-9


class _Vocabulary:
    """A tokenizer as llguidance wants it: the bytes of each token. Those in `special` stand for no text."""

    bos_token_id = None

    def __init__(self, tokenizer: Any, tokens: Sequence[bytes], special: Sequence[int], end: int) -> None:
        self.tokens, self.special_token_ids, self.eos_token_id = tokens, list(special), end
        self._encode = tokenizer.backend_tokenizer.encode

    def __call__(self, text: str | bytes) -> list[int]:
        words = text.decode(errors="replace") if isinstance(text, bytes) else text
        ids: list[int] = self._encode(words, add_special_tokens=False).ids
        return ids


@dataclass
class Grammars:
    """Compiles shapes for one tokenizer. `size` is the width of the model's logits, `ends` the ids that end an answer.

    Tokens that only control the model are never part of an answer, unless the shape itself names them
    (``<|box_start|>``).
    """

    tokenizer: Any
    size: int
    ends: Sequence[int]
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _tokenizers: dict[tuple[int, ...], LLTokenizer] = field(default_factory=dict)
    _compiled: OrderedDict[str, tuple[LLMatcher, ShortestCompletion, int]] = field(default_factory=OrderedDict)

    def __post_init__(self) -> None:
        try:
            base = from_tokenizer(self.tokenizer, n_vocab=self.size, eos_token=list(self.ends), slices=[])
        except ValueError as error:
            raise ModelError(f"answers cannot be held to a shape with this tokenizer: {error}") from error
        self._bytes = [base.decode_bytes([token]) for token in range(self.size)]
        added = self.tokenizer.added_tokens_decoder
        self._control = {token: str(value) for token, value in added.items() if value.special}
        self._unused = range(max([len(self.tokenizer), *(token + 1 for token in added)]), self.size)
        self._simple = {token: text.decode() for token, text in enumerate(self._bytes) if text in _PRINTABLE}

    def matcher(self, shape: Shape) -> Constraint:
        """A fresh constraint for one answer. Raises `ModelError` for a shape that llguidance cannot follow."""
        grammar = grammar_of(shape)
        with self._lock:
            if grammar not in self._compiled:
                self._compiled[grammar] = self._compile(grammar, shape)
            self._compiled.move_to_end(grammar)
            while len(self._compiled) > _KEPT:
                self._compiled.popitem(last=False)
            matcher, out, least = self._compiled[grammar]
            return Constraint(matcher.deep_copy(), self.size, out, least + _MARGIN)

    def _compile(self, grammar: str, shape: Shape) -> tuple[LLMatcher, ShortestCompletion, int]:
        matcher = LLMatcher(self._tokenizer_for(shape), grammar, log_level=0)
        if matcher.is_error():
            why = " ".join(matcher.get_error().split())[:300]
            raise ModelError(f"the answer cannot be held to this schema: {why}. Simplify the schema")
        encode = _Vocabulary(self.tokenizer, (), (), self.ends[0])
        out = completion_search(shape.pattern, self._simple, encode, schema=shape.schema is not None)
        return matcher, out, len(out.find(matcher) or ())

    def _tokenizer_for(self, shape: Shape) -> LLTokenizer:
        said = shape.before + shape.after + (shape.pattern or "").replace("\\", "")
        named = {token for token, name in self._control.items() if name in said and token not in self.ends}
        special = tuple(sorted((set(self._control) | set(self._unused)) - named))
        if special not in self._tokenizers:
            wrapped = TokenizerWrapper(_Vocabulary(self.tokenizer, self._bytes, special, self.ends[0]))
            self._tokenizers[special] = LLTokenizer(wrapped, n_vocab=self.size, eos_token=list(self.ends))
        return self._tokenizers[special]


_PRINTABLE = frozenset(bytes([code]) for code in string.printable.encode())


def grammar_of(shape: Shape) -> str:
    """`shape` as an llguidance grammar."""
    if shape.schema is None:
        return str(LLMatcher.grammar_from_regex(shape.pattern or ""))
    schema = {**bounded(shape.schema), "x-guidance": {**_SPACING, **shape.schema.get("x-guidance", {})}}
    parts = [_quoted(shape.before), "answer", _quoted(shape.after)]
    rule = " ".join(part for part in parts if part)
    return str(LLMatcher.grammar_from_lark(f"start: {rule}\nanswer: %json {json.dumps(schema, ensure_ascii=True)}\n"))


def bounded(schema: Any) -> Any:
    """`schema` with limits on numbers that have none: a model may otherwise write digits for ever."""
    if isinstance(schema, list):
        return [bounded(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    made = {key: part if key in ("const", "enum") else bounded(part) for key, part in schema.items()}
    kinds = made.get("type")
    if kinds in ("number", "integer") or (isinstance(kinds, list) and {"number", "integer"} & set(kinds)):
        if not {"minimum", "exclusiveMinimum"} & set(made):
            made["minimum"] = -_LARGEST
        if not {"maximum", "exclusiveMaximum"} & set(made):
            made["maximum"] = _LARGEST
        if "integer" not in (kinds if isinstance(kinds, list) else [kinds]):
            made.setdefault("multipleOf", _FINEST)
    return made


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False) if text else ""


@dataclass
class Constraint:
    """Follows one answer. `reserve` is how many tokens must be left for it to be led to an end."""

    matcher: LLMatcher
    size: int
    out: ShortestCompletion
    reserve: int
    _way_out: list[int] | None = None

    @property
    def whole(self) -> bool:
        """Whether what has come is a whole answer that cannot go on."""
        return bool(self.matcher.is_stopped())

    @property
    def may_end(self) -> bool:
        """Whether what has come is a whole answer."""
        return bool(self.matcher.is_accepting())

    def mask(self, left: int) -> Mask:
        """What may come next when `left` tokens can still be written, that one included."""
        if left <= self.reserve and self._way_out is None:
            self._way_out = self.out.find(self.matcher) or []
        next_up = self._way_out or self.matcher.compute_ff_tokens()
        if not next_up:
            return allowed(self.matcher, self.size)
        only = np.zeros(self.size, np.bool_)
        only[next_up[0]] = True
        return only

    def forced(self) -> list[int]:
        """The tokens that must come next, as far as there is no choice at all."""
        return [] if self._way_out or self.matcher.is_stopped() else list(self.matcher.compute_ff_tokens())

    def take(self, token: int) -> bool:
        """Follow `token`; False if the shape does not allow it, which ends the constraint's use."""
        if self._way_out and self._way_out.pop(0) != token:
            self._way_out = None
        return bool(self.matcher.consume_token(token))

    def takes(self, tokens: Sequence[int]) -> bool:
        """Follow all of `tokens` if the shape allows all of them; otherwise none, and False."""
        if self.matcher.validate_tokens(list(tokens)) < len(tokens):
            return False
        return bool(self.matcher.consume_tokens(list(tokens)))


def allowed(matcher: LLMatcher, size: int) -> Mask:
    """One bool for each of `size` tokens."""
    bits = np.frombuffer(matcher.compute_bitmask(), np.uint8)
    return np.unpackbits(bits, bitorder="little", count=size).view(np.bool_)
