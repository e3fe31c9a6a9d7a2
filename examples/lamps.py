"""A suite of one's own: where is the lamp? Ten drawn screens, each with a yellow square.

handeye bench lamps:suite --model baseline:centre
"""

import random
from dataclasses import dataclass

import numpy

from benchmarks.figures.summary import summarise
from handeye import Box, Frame, Observation, ParseError, Point, Prediction, Sample, SampleVerdict, Suite


@dataclass(frozen=True)
class Lamps(Suite):
    """A grounding suite: `locate` is asked on each screen, and right where the point lies on the lamp."""

    name, kind, platform = "lamps", "grounding", "desktop"
    count: int = 10

    @property
    def protocol(self):
        """What must be equal for two figures to be comparable."""
        return {"version": 1, "samples": self.count}

    def samples(self):
        """One for each screen; `groups` are the tables of the result."""
        return [
            Sample(f"lamp-{n}", "the lamp", {"size": ("small",) if n % 2 else ("large",)}, self._lamp(n))
            for n in range(self.count)
        ]

    def answer(self, sample, model):
        """Ask the model."""
        try:
            found = model.locate(self._screen(sample.data), sample.instruction)
        except ParseError as error:
            return Prediction(status="unreadable", raw=error.raw, usage=error.usage)
        if found.point is None:
            return Prediction(status="refused", raw=found.raw, usage=found.usage)
        return Prediction(status="answered", value={"point": list(found.point)}, raw=found.raw, usage=found.usage)

    def judge(self, sample, answer):
        """The rule, from the answer alone."""
        right = answer.status == "answered" and sample.data.holds(Point(*answer.value["point"]))
        return SampleVerdict(correct=right, kind="correct" if right else "wrong")

    def summarise(self, judged):
        """The figures with their intervals."""
        return summarise(judged)

    def _lamp(self, number):
        luck, side = random.Random(number), 20 if number % 2 else 120
        x, y = luck.randrange(320 - side), luck.randrange(200 - side)
        return Box(x, y, x + side, y + side)

    def _screen(self, lamp):
        image = numpy.full((200, 320, 3), 40, "uint8")
        image[int(lamp.y1) : int(lamp.y2), int(lamp.x1) : int(lamp.x2)] = (250, 220, 60)
        return Observation(image, Frame(id="0", width=320, height=200))


def suite(name, data, options):
    """What `handeye bench lamps:suite` opens."""
    return Lamps()
