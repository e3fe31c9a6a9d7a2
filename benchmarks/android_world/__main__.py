"""``python -m benchmarks.android_world``: the same as ``handeye bench android-world``."""

import sys

from agent.cli.main import main

if __name__ == "__main__":
    main(["bench", "android-world", *sys.argv[1:]])
