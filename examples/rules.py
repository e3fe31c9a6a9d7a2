"""A policy of one's own: nothing is clicked.

handeye run "Switch the lamp on" --env lamp:Lamp --model lamp:Clicker --policy rules:NoClicks
"""

from handeye import Verdict


class NoClicks:
    """Blocks every click; the run ends as `blocked`."""

    def review(self, decision, observation):
        """Judge one decision before it is done."""
        if decision.action.type == "click":
            return Verdict("block", decision.action, "no-clicks", "clicks are forbidden")
        return Verdict("allow", decision.action, "no-clicks")
