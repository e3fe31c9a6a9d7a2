"""The endings of a run as short texts."""

from __future__ import annotations

from agent.core.task import Ending

ENDING_TEXT = {
    Ending.DONE: "done, says the model",
    Ending.VERIFIED: "done, and checked",
    Ending.GAVE_UP: "gave up",
    Ending.WORLD_OVER: "ended by the world",
    Ending.STUCK: "stuck",
    Ending.STEP_LIMIT: "out of steps",
    Ending.TIME_LIMIT: "out of time",
    Ending.COST_LIMIT: "out of tokens",
    Ending.PARSE_ERROR: "the model's answers could not be used",
    Ending.MODEL_ERROR: "the model failed",
    Ending.DEVICE_ERROR: "the screen or its input failed",
    Ending.RECORD_ERROR: "the record could not be kept",
    Ending.BLOCKED: "an action was not allowed",
    Ending.STOPPED_BY_USER: "stopped by you",
    Ending.NEEDS_HUMAN: "needs a person",
}
