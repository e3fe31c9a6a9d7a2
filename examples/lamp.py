"""An env and a model of one's own: a lamp, and who switches it on.

handeye run "Switch the lamp on" --env lamp:Lamp --model lamp:Clicker
"""

import numpy

from handeye import Click, Decision, Env, Finish, Frame, Model, Observation, Outcome, Point

DARK, LIT = 60, 250


class Lamp(Env):
    """A screen of 320x200 pixels that any click makes bright."""

    name, supported, lit = "lamp", frozenset({"click"}), False

    def observe(self):
        """The screen now."""
        image = numpy.full((200, 320, 3), LIT if self.lit else DARK, "uint8")
        return Observation(image, Frame(id="0", width=320, height=200))

    def perform(self, action, frame):
        """Switch it on."""
        self.lit = True
        return Outcome(performed=True)


class Clicker(Model):
    """Clicks the middle of a dark screen; a bright one is done."""

    name = "clicker"

    def decide(self, task, observation, history):
        """One action for the screen as it is."""
        if observation.image.mean() > DARK:
            return Decision(action=Finish(status="success"), thought="The lamp is lit.")
        return Decision(action=Click(point=Point(160, 100)), thought="The lamp is dark.")
