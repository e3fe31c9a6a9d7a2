"""An episode for people: one HTML page, a film of it, or one picture of all its screens.

`report.js` draws the page from the plain data of `step_data` and `header_data`; the live view uses the same pieces.
"""

from agent.report.data import Data, Place, header_data, marks_data, picture, step_data
from agent.report.page import asset, render, stream, write_report
from agent.report.pictures import data_url
from agent.report.words import PHASES

__all__ = [
    "PHASES",
    "Data",
    "Place",
    "asset",
    "data_url",
    "header_data",
    "marks_data",
    "picture",
    "render",
    "step_data",
    "stream",
    "write_report",
]
