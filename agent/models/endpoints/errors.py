"""What model servers say when they fail, made into one line with what to do next.

The wordings are those of vLLM (``{"error": {…}}``, before 0.10 ``{"object": "error", …}``), of llama.cpp
(``exceed_context_size_error``, ``Loading model``, ``provide the mmproj``), Ollama (``model 'x' not found``), SGLang and
LMDeploy, and of FastAPI (``{"detail": …}``).
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass

RETRY = frozenset({408, 409, 425, 429, 500, 502, 503, 504})
"""HTTP statuses that may pass."""
_UNKNOWN_FIELD = re.compile(r"extra|unknown|unrecogni[sz]ed|unexpected|not permitted", re.I)
_UNHELD = re.compile(r"grammar|regex|schema|structured|guided|guidance|json_schema|response_format", re.I)
_LOADING = re.compile(r"loading model|model is loading|still loading", re.I)
_BLIND = re.compile(
    r"image input is not supported|not a multimodal model|does not support (?:image|vision|multimodal)|"
    r"only 'text' content type|missing data required for image input",
    re.I,
)
_TOO_LONG = re.compile(
    r"context.{0,20}(?:length|size)|max\w* context|max_model_len|maximum model length|too long|session.?len|"
    r"(?:exceeds?|longer than) .{0,40}(?:tokens|context|length)",
    re.I,
)
_MEMORY = re.compile(
    r"out of memory|model runner has unexpectedly stopped|requires more system memory|cudaMalloc", re.I
)
_FEW_IMAGES = re.compile(r"at most [1-9]\d* image", re.I)
_IMAGE = re.compile(r"image|multimodal|vision", re.I)


@dataclass(frozen=True)
class ServerMessage:
    """What a server said with an HTTP `status`: its own `words` on one line, maybe none."""

    status: int
    words: str

    @property
    def told(self) -> str:
        """The words as the end of a sentence."""
        return f": {self.words}" if self.words else ""

    @property
    def loading(self) -> bool:
        """Whether it only needs time."""
        return self.status == 503 and bool(_LOADING.search(self.words))

    @property
    def too_long(self) -> bool:
        """Whether the prompt does not fit the model's context."""
        return bool(_TOO_LONG.search(self.words)) and not _FEW_IMAGES.search(self.words)

    @property
    def may_pass(self) -> bool:
        """Whether the same request may be answered later. llama.cpp answers 500 to a picture that it cannot take."""
        return self.status in RETRY and not _BLIND.search(self.words) and not _TOO_LONG.search(self.words)

    def refused(self, optional: Sequence[str], shaped: Sequence[str]) -> list[str]:
        """Which of the fields `optional` it does not want; those in `shaped` hold an answer to a shape."""
        if self.status not in (400, 422, 500) or not optional:
            return []
        named = [name for name in optional if re.search(rf"(?<!\w){name}(?!\w)", self.words)]
        if named:
            return named if self.status != 500 else []
        if shaped and _UNHELD.search(self.words):
            return list(shaped)
        return list(optional) if self.status != 500 and _UNKNOWN_FIELD.search(self.words) else []

    def advice(self, names: Sequence[str], room: str) -> str:
        """What to do next. `names` is what the server has, `room` how its context is made longer."""
        words = self.words
        if self.status in (401, 403):
            return "Set HANDEYE_API_KEY to a key the server accepts"
        if "mmproj" in words:
            return "llama-server was started without its eyes: add --mmproj FILE (it is beside the model's GGUF)"
        if _BLIND.search(words):
            return "This model takes no images: serve a vision-language model (handeye models lists the families)"
        if pinned := re.search(r"pinned to '([^']{1,200})'", words):
            return f"Name the model as the server does: #{pinned[1]} behind the address"
        if self.status == 404:
            return _missing(words, names)
        if _FEW_IMAGES.search(words):
            return "Start vLLM with --limit-mm-per-prompt '{\"image\":5}', or send fewer pictures (--history-images 1)"
        if _TOO_LONG.search(words):
            return f"Picture and history do not fit the model's context: lower --max-pixels, or {room}"
        if _MEMORY.search(words):
            return "The server has too little memory: serve a smaller model, or lower --max-pixels"
        if self.status == 413 or _IMAGE.search(words):
            return "Check that the model takes images; a smaller picture may be needed (--max-pixels)"
        return "The server refuses the request itself, so it was not repeated"


def _missing(words: str, names: Sequence[str]) -> str:
    pull = re.search(r"model [\"']([^\"']{1,200})[\"'] not found", words)
    listed = f"The server has: {', '.join(names[:20])}" if names else ""
    if pull and "`" not in words:
        return f"Run: ollama pull {pull.group(1)}" + (f". {listed}" if listed else "")
    return listed or "Check the address (it usually ends in /v1) and the name"


def read_error(status: int | None, body: bytes, secret: str | None) -> ServerMessage:
    """What `body` says; the key `secret`, if it is in there, is not repeated.

    `status` is None for an error inside a stream, which names its status itself.
    """
    text = body[:20_000].decode(errors="replace")
    try:
        data = json.loads(text)
        text, status = _message(data), status or _status(data)
    except (ValueError, RecursionError):
        text = re.sub(r"<[^<>]{0,200}>", " ", text)
    if secret:
        text = text.replace(secret, "***")
    return ServerMessage(status or 500, one_line(text))


def _status(data: object) -> int:
    """The HTTP status that an error would have had outside a stream."""
    error = data.get("error", data) if isinstance(data, dict) else None
    code, kind = (str(error.get(key)) for key in ("code", "type")) if isinstance(error, dict) else ("", "")
    if re.fullmatch(r"[45]\d\d", code):
        return int(code)
    return 400 if re.search(r"(?:bad|invalid).?request", kind, re.I) else 500


def _message(data: object) -> str:
    if not isinstance(data, dict):
        return str(data)
    error = data.get("error", data.get("detail", data))
    if isinstance(error, list):  # FastAPI lists what is wrong with each field
        return "; ".join(_field(item) for item in error[:5])
    return str(error.get("message", error) if isinstance(error, dict) else error)


def _field(item: object) -> str:
    if not isinstance(item, dict) or "msg" not in item:
        return str(item)
    where = ".".join(str(part) for part in item.get("loc", ()) if part != "body")
    return f"{where}: {item['msg']}" if where else str(item["msg"])


def one_line(text: str) -> str:
    """`text` on one printable line of at most 200 characters."""
    line = " ".join("".join(c if c.isprintable() else " " for c in text[:2000]).split())
    return line if len(line) <= 200 else line[:199] + "…"
