"""Benchmarks: suites, the runner, figures and result pages. The top room: nothing else imports it."""
