"""A stand-in with the signatures of AndroidWorld's ``env/adb_utils.py``."""

import types

_DEFAULT_URIS = {"browser": "http://"}


class _Status:
    OK = 1


class _Response:
    Status = _Status
    status = 1
    error_message = ""

    def __init__(self, output=b""):
        self.generic = types.SimpleNamespace(output=output)


def issue_generic_request(args, env, timeout_sec=10):
    env.append(args)
    return _Response()


def generate_swipe_command(start_x, start_y, end_x, end_y, duration_ms=None):
    return ["shell", "input", "swipe", *map(str, (start_x, start_y, end_x, end_y, duration_ms))]


def get_adb_activity(app_name):
    return "com.android.settings/.Settings" if app_name.lower() == "settings" else None


def get_all_package_names(env, timeout_sec=10):
    return ["com.example"]
