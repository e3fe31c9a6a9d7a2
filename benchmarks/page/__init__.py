"""The results page: one self-contained HTML file about a run, or about several runs of one suite."""

from benchmarks.page.page import write_page

__all__ = ["write_page"]
