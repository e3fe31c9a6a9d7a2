"""Build what `agent.perception.meaning` has learned: the encoder and the weights of the choice. Not part of the wheel.

    python -m tools.build_meaning train BASE WEIGHTS.pt     fine-tune the encoder on `tools/meaning_requests`
    python -m tools.build_meaning export BASE WEIGHTS.pt    `encoder.onnx` (8 bits), `encoder.txt`, `encoder.npz`
    python -m tools.build_meaning fit SCREENS               `choice.json`, on the dev half of `tools.locate_screens`

BASE is the folder of the model all-MiniLM-L6-v2; `agent/perception/meaning/ENCODER.md` says where it comes from. Needs
`onnx` on top of the requirements of the tests. Every random choice is seeded; `train` goes on where it was interrupted
and takes a GPU where there is one.
"""

from __future__ import annotations

import argparse
import json
import random
import tempfile
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from rich.progress import track
from tokenizers import Tokenizer
from torch import Tensor, nn

from agent.perception.icon_concepts import concepts
from agent.perception.meaning import choice, encoder
from agent.perception.meaning.description import parse_target
from agent.perception.meaning.ranking import by_rules, is_open
from benchmarks.locate import ImageReader, LocateSample, on_other_screens, read_samples

REQUESTS = Path(__file__).parent / "meaning_requests"
VALUES = Path(__file__).parent / "meaning_values.json"
MEANING = Path(encoder.__file__).parent
EPOCHS, SCREENS, RATE, SEED = 8, 14, 4e-5, 7
SAME = 0.55
"""Labels at least so alike for the untrained model (cosine) are no negatives of each other's requests."""
ASKED = ("{}", "click {}", "the {} button", "tap on {}", "open {}", "press '{}'", "go to {}", "choose {} please")
ASKED_SHARE = 0.15
"""How often a label's own words are one more request for it."""
NEIGHBOURS = 1000
DRAWS, ELSEWHERE, LEVEL = 3, 0.1, 0.003
"""Other screens on which each request is asked, what all of them weigh against its own, and the penalty of weights.

A person seldom asks for what is not on the screen: once in eleven, it is assumed.
"""

Control = tuple[str, list[str]]
"""A label and the requests for it."""


class RequestBatch(NamedTuple):
    """Labels, the number of the screen of each, requests, and the number of the label that each request is for."""

    labels: list[str]
    screens: list[int]
    requests: list[str]
    meant: list[int]


class Encoder(nn.Module):  # type: ignore[misc]  # to mypy, which does not read torch, the base is Any
    """MiniLM with mean pooling: texts to unit vectors (n, 384), and a learned scale and offset of the cosine."""

    def __init__(self, base: Path) -> None:
        from transformers import AutoModel

        super().__init__()
        self.bert = AutoModel.from_pretrained(str(base), attn_implementation="eager")
        self.tokens = Tokenizer.from_file(str(base / "tokenizer.json"))
        self.tokens.enable_truncation(encoder.LONGEST)
        self.tokens.enable_padding()
        self.scale, self.offset = nn.Parameter(torch.tensor(12.0)), nn.Parameter(torch.tensor(-5.0))
        self.to("cuda" if torch.cuda.is_available() else "cpu")

    def forward(self, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        """Vectors of tokens (n, length)."""
        seen = self.bert(input_ids=input_ids, attention_mask=attention_mask).last_hidden_state
        mask = attention_mask[..., None].to(seen.dtype)
        return nn.functional.normalize((seen * mask).sum(1) / mask.sum(1), dim=-1)

    def vectors(self, texts: Sequence[str]) -> Tensor:
        """Vectors of texts."""
        read = self.tokens.encode_batch(list(texts))
        ids, mask = ([getattr(text, name) for text in read] for name in ("ids", "attention_mask"))
        device = self.scale.device
        found: Tensor = self(torch.tensor(ids, device=device), torch.tensor(mask, device=device))
        return found


@cache
def screens() -> list[list[Control]]:
    """The written screens, lists of values by their own words, and icon concepts in groups of a screen's size."""
    found = []
    for file in sorted(REQUESTS.glob("*.json")):
        for screen in json.loads(file.read_text("utf-8")):
            found.append([(control["label"], control["requests"]) for control in screen["controls"]])
    for values in json.loads(VALUES.read_text("utf-8")):
        found.append([(value, [form.format(value) for form in ASKED]) for value in values])
    table = [(name.replace("-", " "), [*row["words"], *row["also"][:2]]) for name, row in concepts().items()]
    random.Random(SEED).shuffle(table)
    return found + [table[i : i + 12] for i in range(0, len(table), 12)]


def batches(chance: random.Random) -> Iterator[RequestBatch]:
    """All screens, some at a time, with two requests a control."""
    order = chance.sample(screens(), len(screens()))
    for at in range(0, len(order), SCREENS):
        batch = RequestBatch([], [], [], [])
        chosen = enumerate(order[at : at + SCREENS])
        for number, (label, requests) in ((number, control) for number, screen in chosen for control in screen):
            asked = chance.sample(requests, min(2, len(requests)))
            asked += [chance.choice(ASKED).format(label)] if chance.random() < ASKED_SHARE else []
            batch.requests.extend(asked)
            batch.meant.extend([len(batch.labels)] * len(asked))
            batch.labels.append(label)
            batch.screens.append(number)
        yield batch


def loss_of(model: Encoder, batch: RequestBatch, alike: Tensor) -> Tensor:
    """Which label of the batch is meant (softmax), and whether each is meant at all (sigmoid).

    Labels of other screens that are `alike` (requests x labels) may be meant too and do not count.
    """
    logits = model.vectors(batch.requests) @ model.vectors(batch.labels).T * model.scale + model.offset
    meant = torch.tensor(batch.meant, device=logits.device)
    mine = nn.functional.one_hot(meant, len(batch.labels)).bool()
    place = torch.tensor(batch.screens, device=logits.device)
    same = alike & (place[meant][:, None] != place)
    which = nn.functional.cross_entropy(logits.masked_fill(same, -1e4), meant)
    yes, no = nn.functional.softplus(-logits[mine]), nn.functional.softplus(logits[~mine & ~same])
    return which + yes.mean() + 8 * no.mean()


def train(base: Path, weights: Path) -> None:
    """Fine-tune, keeping `weights` after each epoch."""
    torch.manual_seed(SEED)
    model = Encoder(base)
    model.eval()
    names = sorted({label for screen in screens() for label, _ in screen})
    with torch.no_grad():
        before = torch.cat([model.vectors(names[i : i + 64]) for i in range(0, len(names), 64)])
    place = {name: i for i, name in enumerate(names)}
    own = [model.scale, model.offset]
    steps = torch.optim.AdamW([{"params": model.bert.parameters()}, {"params": own}], lr=RATE, weight_decay=0.01)
    total = EPOCHS * -(-len(screens()) // SCREENS)
    rate = torch.optim.lr_scheduler.OneCycleLR(steps, [RATE, 0.02], total_steps=total, pct_start=0.1)
    done = 0
    if weights.exists():
        kept = torch.load(weights, weights_only=True)
        for part, name in ((model, "model"), (steps, "steps"), (rate, "rate")):
            part.load_state_dict(kept[name])
        done = kept["epoch"]
    model.train()
    for epoch in range(done, EPOCHS):
        losses = []
        for batch in batches(random.Random(SEED + epoch)):
            old = before[[place[label] for label in batch.labels]]
            loss = loss_of(model, batch, old[batch.meant] @ old.T >= SAME)
            steps.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            steps.step()
            rate.step()
            losses.append(float(loss.detach()))
        print(f"epoch {epoch + 1} of {EPOCHS}: loss {np.mean(losses):.3f}", flush=True)
        states = {"model": model.state_dict(), "steps": steps.state_dict(), "rate": rate.state_dict()}
        torch.save({**states, "epoch": epoch + 1}, weights)


def export(base: Path, weights: Path) -> None:
    """Write the network in 8 bits, its word pieces, and the vectors that likeness is scaled by (16 bits)."""
    from onnxruntime.quantization import QuantType, quantize_dynamic

    model = Encoder(base)
    model.load_state_dict(torch.load(weights, weights_only=True, map_location="cpu")["model"])
    model.cpu().eval()
    ids = torch.ones((2, 8), dtype=torch.int64)
    axes = {0: "texts", 1: "tokens"}
    with tempfile.TemporaryDirectory() as folder:
        whole = Path(folder, "whole.onnx")
        torch.onnx.export(
            model, (ids, ids), str(whole), input_names=["input_ids", "attention_mask"], output_names=["vectors"],
            dynamic_axes={"input_ids": axes, "attention_mask": axes, "vectors": {0: "texts"}}, dynamo=False,
        )  # fmt: skip
        quantize_dynamic(whole, MEANING / "encoder.onnx", weight_type=QuantType.QInt8, per_channel=True)
    pieces = json.loads((base / "tokenizer.json").read_text("utf-8"))["model"]["vocab"]
    (MEANING / "encoder.txt").write_text("\n".join(sorted(pieces, key=pieces.__getitem__)), "utf-8")
    rows, chance = [control for screen in screens() for control in screen], random.Random(SEED)
    labels = chance.sample(sorted({label.lower() for label, _ in rows}), NEIGHBOURS)
    requests = chance.sample([chance.choice(requests) for _, requests in rows], NEIGHBOURS)
    vectors = encoder.TextEncoder().vectors
    labels16, requests16 = vectors(labels).astype(np.float16), vectors(requests).astype(np.float16)
    np.savez(MEANING / "encoder.npz", labels=labels16, requests=requests16)


def fit(data: Path) -> None:
    """Fit the choice on requests for which the rules leave open what is meant."""
    samples = read_samples(data / "dev.jsonl")
    perceive = ImageReader()
    own = _open_rows(samples, perceive)
    others = [row for draw in range(DRAWS) for row in _open_rows(on_other_screens(samples, draw), perceive)]
    weights, none = _fitted(own + others, [1.0] * len(own) + [ELSEWHERE / DRAWS] * len(others))
    table = {name: round(float(weight), 3) for name, weight in zip(choice.FEATURES, weights, strict=True)}
    (MEANING / "choice.json").write_text(json.dumps({"none": round(none, 3), "weights": table}, indent=1) + "\n")


Row = tuple[choice.Floats, list[bool]]
"""Features of the elements proposed, and which of them are right."""


def _open_rows(samples: Sequence[LocateSample], perceive: ImageReader) -> list[Row]:
    rows = []
    for sample in track(samples, "propose"):
        screen, target = perceive(sample.image), parse_target(sample.instruction)
        found = by_rules(screen, target)
        if is_open(target, found):
            elements, features = choice.choices(screen, target, found)
            right = [sample.box is not None and sample.box.holds(s.box.center) for s in elements]
            rows.append((features, right))
    return [row for row in rows if row[1]]


def _fitted(rows: Sequence[Row], weight: Sequence[float]) -> tuple[choice.Floats, float]:
    """A conditional logit over each row's elements and none of them, with a penalty: weights, logit of none."""
    shape = len(rows), max(len(right) for _, right in rows)
    features = torch.zeros(*shape, len(choice.FEATURES))
    there, right = torch.zeros(shape, dtype=torch.bool), torch.zeros(shape, dtype=torch.bool)
    for i, (values, held) in enumerate(rows):
        features[i, : len(held)], there[i, : len(held)] = torch.from_numpy(values), True
        right[i, : len(held)] = torch.tensor(held)
    spread, counts = features[there].std(0) + 0.01, torch.tensor(weight)
    inner, none = nn.Parameter(torch.zeros(len(choice.FEATURES))), nn.Parameter(torch.zeros(1))
    search = torch.optim.LBFGS([inner, none], max_iter=300, line_search_fn="strong_wolfe")

    def loss() -> Tensor:
        search.zero_grad()
        logits = (features / spread @ inner).masked_fill(~there, -1e4)
        every = torch.logsumexp(torch.cat([logits, none.expand(len(rows), 1)], 1), 1)
        hit = torch.where(right.any(1), torch.logsumexp(logits.masked_fill(~right, -1e4), 1), none)
        found = ((every - hit) * counts).sum() / counts.sum() + LEVEL * inner.pow(2).sum()
        found.backward()
        return found

    search.step(loss)
    return (inner / spread).detach().numpy(), float(none.detach())


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(prog="python -m tools.build_meaning", description=(__doc__ or "").split("\n")[0])
    commands = parser.add_subparsers(dest="command", required=True)
    for name in ("train", "export"):
        command = commands.add_parser(name)
        command.add_argument("base", type=Path)
        command.add_argument("weights", type=Path)
    commands.add_parser("fit").add_argument("screens", type=Path)
    chosen = parser.parse_args()
    if chosen.command == "fit":
        fit(chosen.screens)
    else:
        (train if chosen.command == "train" else export)(chosen.base, chosen.weights)


if __name__ == "__main__":
    main()
