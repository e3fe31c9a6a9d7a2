"""The server of uiautomator2 (https://github.com/openatx/uiautomator2): JSON-RPC on its port 9008.

On a device uiautomator2 pushes a jar and starts it with ``app_process``; here the same line starts `Automation`.
"""

from envs.phone.automation.server import Automation, app_process

__all__ = ["Automation", "app_process"]
