"""Questions about a file: an image, the pages of a PDF, the frames of a video (``handeye ask FILE QUESTION``).

`pictures` says what one is, `opening` makes pictures of a file (pypdfium2 for PDF, PyAV for video), `query` answers
from the text on them, `vision` has a model answer. Questions about a run are in `agent.episodes.query`.
"""
