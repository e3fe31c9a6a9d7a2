"""The results page: one HTML file about a run, or about several of one suite, that needs no network."""

from benchmarks.page.page import write_page

__all__ = ["write_page"]
