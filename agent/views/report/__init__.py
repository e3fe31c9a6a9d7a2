"""An episode for people: one HTML page, a film of it, or one picture of all its screens.

`report.js` draws the page from the plain data of `step_data` and `header_data`; the live view uses the same pieces.
"""

from agent.views.formatting import PHASES
from agent.views.report.data import PageData, Place, enlarged_data, header_data, marks_data, picture, step_data
from agent.views.report.images import image_url
from agent.views.report.page import write_report

__all__ = [
    "PHASES",
    "PageData",
    "Place",
    "enlarged_data",
    "header_data",
    "image_url",
    "marks_data",
    "picture",
    "step_data",
    "write_report",
]
