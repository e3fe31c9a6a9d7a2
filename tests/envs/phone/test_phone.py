"""The simulated phone through the stock adb: what callers of a real one use."""

import io
import re
import struct
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from envs.phone.phone import Phone
from tests.agent.browser import INSTALLED
from tests.envs.phone.adb import AdbServer
from tests.waiting import until

pytestmark = pytest.mark.skipif(not INSTALLED, reason="needs chromium")


class Hands:
    """A phone and how to reach it."""

    def __init__(self, phone: Phone, adb: AdbServer) -> None:
        self.phone, self.adb = phone, adb

    def sh(self, line: str) -> str:
        return self.adb("-s", self.phone.serial, "shell", line).stdout.decode()

    def png(self) -> np.ndarray:
        data = self.adb("-s", self.phone.serial, "exec-out", "screencap", "-p").stdout
        return np.asarray(Image.open(io.BytesIO(data)).convert("RGB"))

    def nodes(self) -> list[ET.Element]:
        text = self.sh("uiautomator dump /dev/tty")
        return list(ET.fromstring(text[: text.rindex(">") + 1].encode()).iter("node"))

    def tap(self, words: str) -> None:
        """What has these words or this description; the last of several, and it may take a moment to come."""
        found: list[ET.Element] = []

        def there() -> bool:
            found[:] = [n for n in self.nodes() if words in (n.get("text"), n.get("content-desc"))]
            return bool(found)

        self.until(there)
        x1, y1, x2, y2 = map(int, re.findall(r"\d+", found[-1].get("bounds", "")))
        self.sh(f"input tap {(x1 + x2) // 2} {(y1 + y2) // 2}")

    until = staticmethod(until)


@pytest.fixture(scope="module")
def running() -> Iterator[Hands]:
    with Phone() as phone, AdbServer() as adb:
        adb("connect", phone.serial)
        yield Hands(phone, adb)


@pytest.fixture
def hands(running: Hands) -> Hands:
    running.phone.reset()
    return running


def test_what_it_says_of_itself(hands: Hands) -> None:
    assert "Handeye simulated phone" in hands.sh("getprop ro.product.model")
    assert hands.sh("getprop ro.handeye.simulated").strip() == "1"
    assert hands.sh("wm size").strip() == "Physical size: 1080x2400"
    assert hands.sh("wm density").strip() == "Physical density: 480"
    assert "level: 82" in hands.sh("dumpsys battery")
    assert "package:com.android.settings" in hands.sh("pm list packages")
    device = hands.adb.client().device(hands.phone.serial)
    assert device.window_size() == (1080, 2400)
    assert device.app_current().package == "com.handeye.launcher"
    assert device.shell2("false").returncode == 1
    assert device.screenshot(error_ok=False).size == (1080, 2400)


def test_both_kinds_of_screenshot_show_the_same(hands: Hands, tmp_path: Path) -> None:
    raw = b""

    def same() -> bool:
        nonlocal raw
        raw = hands.adb("-s", hands.phone.serial, "exec-out", "screencap").stdout
        return np.array_equal(np.frombuffer(raw[16:], np.uint8).reshape(2400, 1080, 4)[..., :3], hands.png())

    hands.until(same)
    assert struct.unpack("<3I", raw[:12]) == (1080, 2400, 1)
    assert hands.sh("screencap -p /sdcard/s.png; stat -c %s /sdcard/s.png").strip().isdecimal()


def test_a_jpeg_screenshot(hands: Hands) -> None:
    for line in ("screencap -j", "screencap /sdcard/s.jpg; cat /sdcard/s.jpg"):
        data = hands.adb("-s", hands.phone.serial, "exec-out", line).stdout
        assert data.startswith(b"\xff\xd8")
        assert Image.open(io.BytesIO(data)).size == (1080, 2400)
    assert hands.sh("screencap -x; echo $?").split() == ["1"]


def test_another_size_and_density(hands: Hands) -> None:
    hands.sh("wm size 720x1280; wm density 320")
    assert hands.sh("wm size; wm density").split("\n")[:4] == [
        *("Physical size: 1080x2400", "Override size: 720x1280"),
        *("Physical density: 480", "Override density: 320"),
    ]
    assert hands.png().shape == (1280, 720, 3)
    assert "init=1080x2400 480dpi base=720x1280 320dpi cur=720x1280" in hands.sh("dumpsys window displays")
    hands.tap("Settings")
    hands.until(lambda: "settings" in hands.sh("dumpsys activity top"))
    assert hands.sh("wm size 7x7; echo $?; wm density x; echo $?").split() == ["255", "255"]
    hands.sh("wm size reset; wm density reset; input keyevent HOME")
    assert hands.sh("wm size; wm density") == "Physical size: 1080x2400\nPhysical density: 480\n"
    assert hands.png().shape == (2400, 1080, 3)


def test_settings_by_content(hands: Hands) -> None:
    at = "--uri content://settings/global"
    hands.sh(f"content insert {at} --bind name:s:hand --bind value:s:a:b")
    assert hands.sh(f"content query {at} --where \"name='hand'\"") == "Row: 0 name=hand, value=a:b\n"
    assert hands.sh(f"content query {at} --projection value --where \"name like 'han%'\"") == "Row: 0 value=a:b\n"
    hands.sh(f"content delete {at} --where \"name='hand'\"")
    assert hands.sh(f"content query {at} --where \"name='hand'\"") == "No result found.\n"
    for where in ("name=", "1); drop table settings; --", "(select load_extension('x'))"):
        assert hands.sh(f'content query {at} --where "{where}" 2>/dev/null; echo $?') == "1\n"


def test_permissions_and_features(hands: Hands) -> None:
    package, permission = "com.android.settings", "android.permission.CAMERA"
    granted = f"{permission}: granted=true"
    assert hands.sh(f"pm grant {package} {permission}; echo $?") == "0\n"
    assert granted in hands.sh(f"dumpsys package {package}")
    hands.sh(f"pm revoke {package} {permission}")
    assert granted not in hands.sh(f"dumpsys package {package}")
    assert hands.sh(f"pm grant org.none {permission} 2>&1; echo $?").splitlines()[-2:] == [
        *("java.lang.IllegalArgumentException: Unknown package: org.none", "255"),
    ]
    assert "feature:android.hardware.touchscreen" in hands.sh("pm list features").splitlines()


def test_the_log(hands: Hands) -> None:
    hands.sh("logcat -c; log -t Mine one; log -p e -t Other two three")
    lines = hands.sh("logcat -d").splitlines()
    assert [line.split("  ", 3)[-1] for line in lines] == ["--------- beginning of main", "1000 I Mine: one",
                                                           "1000 E Other: two three"]  # fmt: skip
    assert [line.rsplit(" ", 1)[-1] for line in hands.sh("logcat -d '*:E'").splitlines()[1:]] == ["three"]
    assert [line.rsplit(" ", 1)[-1] for line in hands.sh("logcat -d -s Mine").splitlines()[1:]] == ["one"]
    assert hands.sh("logcat -d -t 1").splitlines()[-1].endswith("three")
    assert hands.sh("log; echo $?").split() == ["1"]


def test_a_switch_in_the_settings(hands: Hands) -> None:
    hands.tap("Settings")
    hands.tap("Network & internet")
    hands.tap("Airplane mode")
    hands.until(lambda: hands.sh("settings get global airplane_mode_on").strip() == "1")
    hands.until(lambda: hands.sh("settings get global wifi_on").strip() == "0")
    hands.sh("input keyevent KEYCODE_HOME")
    assert "com.handeye.launcher" in hands.sh("dumpsys window | grep mCurrentFocus")


def test_text_and_the_keyboard(hands: Hands) -> None:
    hands.sh("am start -a android.settings.DEVICE_INFO_SETTINGS")
    hands.tap("Device name")
    hands.tap("Device name")
    hands.until(lambda: "mInputShown=true" in hands.sh("dumpsys input_method"))
    shown = [n for n in hands.nodes() if n.get("package") == "com.handeye.keyboard"]
    top = min(int(re.findall(r"\d+", n.get("bounds", ""))[1]) for n in shown)
    assert top < 1300  # it covers about half of the screen
    hands.sh("ime enable com.github.uiautomator/.AdbKeyboard; ime set com.github.uiautomator/.AdbKeyboard")
    hands.until(lambda: "mInputShown=false" in hands.sh("dumpsys input_method"))
    done = hands.sh("am broadcast -a ADB_KEYBOARD_SET_TEXT --es text w7wg5pel8J+Yig==")
    assert 'result=-1, data="success"' in done
    hands.sh("input text 'a%sb$(x)\\'")
    hands.tap("OK")
    hands.until(lambda: hands.sh("settings get global device_name").strip() == "ü 日😊a b$(x)\\")


def test_keys_held_together(hands: Hands) -> None:
    hands.sh("am start -a android.settings.DEVICE_INFO_SETTINGS")
    hands.tap("Device name")
    hands.tap("Device name")
    hands.until(lambda: hands.phone.look()["focused"])
    hands.sh(
        "input keycombination CTRL_LEFT A; input keycombination -t 10 113 52; input keyevent --delay 1 A B --longpress"
    )
    hands.sh("input keycombination KEYCODE_CTRL_LEFT KEYCODE_V")
    hands.until(lambda: hands.phone.screen.ask("system.text()") == "abHandeye simulated phone")
    for line in (
        "input keyevent NOPE",
        "input keycombination CTRL_LEFT NOPE",
        "input keycombination A",
        "input keyevent",
    ):
        assert hands.adb("-s", hands.phone.serial, "shell", line).returncode == 255


def test_a_start_that_is_waited_for(hands: Hands) -> None:
    said = "Status: ok\nLaunchState: {}\nActivity: com.android.settings/.Settings\nTotalTime: "
    assert said.format("COLD") in hands.sh("am start -W -n com.android.settings/.Settings")
    again = hands.sh("am start -W -n com.android.settings/.Settings")
    assert said.format("HOT") in again
    assert again.endswith("\nComplete\n")


def test_text_that_input_cannot_type(hands: Hands) -> None:
    refused = hands.adb("-s", hands.phone.serial, "shell", "input text ü")
    assert refused.returncode != 0
    assert b"NullPointerException" in refused.stderr


def test_keys_of_the_drawn_keyboard(hands: Hands) -> None:
    hands.sh("am start -a android.settings.DEVICE_INFO_SETTINGS")
    hands.tap("Device name")
    hands.tap("Device name")
    hands.until(lambda: "mInputShown=true" in hands.sh("dumpsys input_method"))
    hands.sh("input keyevent MOVE_END")
    for key in ("Shift", "H", "i", "Space", "7", "x", "Delete"):
        hands.tap(key)
    hands.tap("OK")
    hands.until(lambda: hands.sh("settings get global device_name").strip() == "Handeye simulated phoneHi 7")


def test_swiping_scrolls_and_rotation_turns(hands: Hands) -> None:
    hands.sh("am start -a android.settings.DISPLAY_SETTINGS; settings put system user_rotation 1")
    assert hands.png().shape == (1080, 2400, 3)
    assert "SurfaceOrientation: 1" in hands.sh("dumpsys input")
    before = hands.png()
    hands.sh("input swipe 1000 800 1000 300 300")
    hands.until(lambda: not np.array_equal(before, hands.png()))
    hands.sh("settings put system user_rotation 0")
    assert hands.png().shape == (2400, 1080, 3)


def test_sleep_wake_and_lock(hands: Hands) -> None:
    hands.sh("settings put secure lockscreen.disabled 0; input keyevent POWER")
    assert "mWakefulness=Asleep" in hands.sh("dumpsys power")
    assert hands.png().max() == 0
    hands.sh("input tap 200 300; input keyevent WAKEUP")
    assert "mDreamingLockscreen=true" in hands.sh("dumpsys window")
    hands.sh("input swipe 500 1800 500 600 200")
    hands.until(lambda: "mDreamingLockscreen=false" in hands.sh("dumpsys window"))
    assert "com.handeye.launcher" in hands.sh("dumpsys window | grep mCurrentFocus")


def test_recents_back_and_force_stop(hands: Hands) -> None:
    hands.sh("am start -n com.android.settings/.Settings; input keyevent HOME; input keyevent APP_SWITCH")
    hands.tap("Settings")
    hands.until(lambda: "com.android.settings" in hands.sh("dumpsys window | grep mCurrentFocus"))
    hands.tap("Display")
    hands.sh("input keyevent BACK")
    assert "com.android.settings" in hands.sh("dumpsys window | grep mCurrentFocus")
    hands.sh("am force-stop com.android.settings")
    assert "com.android.settings" not in hands.sh("dumpsys activity | grep -c settings; pidof com.android.settings")
    hands.phone.crash("com.handeye.launcher")
    assert "FATAL" in hands.sh("logcat -d")


def test_a_reset_brings_everything_back(hands: Hands) -> None:
    hands.sh("settings put global device_name other; echo x > /sdcard/f; input keyevent POWER")
    hands.phone.reset()
    assert hands.sh("settings get global device_name; ls /sdcard/f").splitlines()[0] == "Handeye simulated phone"
    assert not hands.phone.locate("/sdcard/f").exists()
    assert hands.png().max() > 0


def test_sqlite_over_adb(hands: Hands) -> None:
    line = "sqlite3 /data/system/settings.db \"select value from settings where name = 'wifi_on'\""
    assert hands.sh(line).strip() == "1"
    assert "unable to open" in hands.adb("-s", hands.phone.serial, "shell", "sqlite3 /nope 'select 1'").stderr.decode()
