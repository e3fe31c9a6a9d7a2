"""uiautomator2, unmodified, on the simulated phone: its server's protocol is answered, its jar is never run."""

import re
from collections.abc import Iterator
from typing import Any

import adbutils
import pytest

from envs.phone.phone import Phone
from tests.agent.browser import INSTALLED
from tests.envs.phone.adb import AdbServer
from tests.waiting import until

u2 = pytest.importorskip("uiautomator2", reason="pip install uiautomator2")
pytestmark = pytest.mark.skipif(not INSTALLED, reason="needs Chromium")


@pytest.fixture(scope="module")
def phone() -> Iterator[Phone]:
    with Phone() as phone:
        yield phone


@pytest.fixture(scope="module")
def connected(phone: Phone) -> Iterator[Any]:
    with AdbServer() as server:
        client = server.client()
        client.connect(phone.serial)
        device = u2.connect(client.device(phone.serial))
        yield device
        device.stop_uiautomator(wait=False)


@pytest.fixture
def device(connected: Any, phone: Phone) -> Any:
    phone.reset()
    return connected


def test_the_device(device: Any) -> None:
    assert device.info["displayWidth"] == 1080
    assert device.info["currentPackageName"] == "com.handeye.launcher"
    assert device.device_info["model"] == "Handeye simulated phone"
    assert device.window_size() == (1080, 2400)
    assert device.shell("(exit 2)").exit_code == 2
    assert device.shell(["echo", "hi"]).output.strip() == "hi"
    assert device.wlan_ip == "192.0.2.15"
    assert device.device_info["serial"] == "HANDEYESIM"


def test_the_screen(device: Any, phone: Phone) -> None:
    assert device.screenshot().size == (1080, 2400)
    assert 'text="Settings"' in device.dump_hierarchy()
    device.orientation = "left"
    assert device.orientation == "left"
    assert device.window_size() == (2400, 1080)
    device.orientation = "natural"
    device.screen_off()
    assert not device.info["screenOn"]
    device.screen_on()
    assert phone.look()["awake"]


def test_apps_and_keys(device: Any) -> None:
    device.app_start("com.android.settings")
    assert device.app_current()["package"] == "com.android.settings"
    assert device.app_wait("com.android.settings", timeout=5)
    device.press("home")
    until(lambda: device.app_current()["package"] == "com.handeye.launcher")
    device.app_stop("com.android.settings")
    assert "com.android.settings" in device.app_list()
    assert device.app_info("com.android.settings")["versionName"] == "1.0"


def test_selectors(device: Any, phone: Phone) -> None:
    device(text="Settings").click()
    until(lambda: phone.look()["package"] == "com.android.settings")
    assert device(text="Display").wait(timeout=20)
    assert not device(text="Nonsense").exists
    assert device(textStartsWith="Network").wait(timeout=5)
    assert device(textMatches="Net.*internet").info["packageName"] == "com.android.settings"
    assert not device(text="Nonsense").wait(timeout=0.2)
    assert device(text="Nonsense").wait_gone(timeout=1)
    every = device(packageName="com.android.settings")
    assert every.count == len(every.info_list()) > 5
    assert every[1].info != every[0].info
    with pytest.raises(u2.exceptions.UiObjectNotFoundError):
        device.jsonrpc.objInfo({"text": "Nonsense", "mask": 1, "childOrSibling": [], "childOrSiblingSelector": []})
    device.xpath('//*[@text="Display"]').click()
    assert device(text="Brightness level").wait(timeout=5)


def test_switching_airplane_mode_on(device: Any, phone: Phone) -> None:
    device.app_start("com.android.settings")
    device(text="Network & internet").click()
    device(text="Airplane mode").click()
    until(lambda: phone.state.get("global", "airplane_mode_on") == "1")
    device.press("back")
    device.press("home")
    assert phone.look()["package"] == "com.handeye.launcher"


def test_fingers(device: Any, phone: Phone) -> None:
    device.app_start("com.android.settings")
    device.orientation = "left"  # too low for the whole list
    before = device.dump_hierarchy()
    device.swipe(1200, 900, 1200, 300, duration=0.2)
    until(lambda: device.dump_hierarchy() != before)
    device.orientation = "natural"
    device.swipe_points([(540, 700), (500, 1200), (540, 1900)], 0.1)
    device.drag(540, 1900, 540, 700, 0.2)
    device.long_click(540, 1200, 0.6)
    device.double_click(540, 40)
    device.touch.down(540, 1500).move(540, 1400).up(540, 1400)
    device.click(0.5, 0.01)


@pytest.mark.parametrize("text", ["plain text", "%s $(reboot) 'q'", "日本語 😀"])
def test_text(device: Any, phone: Phone, text: str) -> None:
    device.shell("am start -a android.intent.action.INSERT")
    field = device(className="android.widget.EditText", instance=0)
    assert field.wait(timeout=5)
    field.set_text(text)
    assert field.get_text() == text
    field.click()
    until(lambda: phone.look()["focused"])
    device.clear_text()
    device.send_keys(text)
    assert field.get_text() == text
    assert phone.look()["package"] == "com.android.contacts"


def test_files(device: Any, tmp_path: Any) -> None:
    (tmp_path / "a.txt").write_text("inside")
    device.push(str(tmp_path / "a.txt"), "/sdcard/Download/")
    device.pull("/sdcard/Download/a.txt", str(tmp_path / "b.txt"))
    assert (tmp_path / "b.txt").read_text() == "inside"


def test_what_it_cannot_is_said(device: Any) -> None:
    with pytest.raises(u2.exceptions.RPCUnknownError, match="does not know the method pinchIn"):
        device(text="Settings").pinch_in()
    device.shell("touch /sdcard/x.apk")
    with pytest.raises(adbutils.errors.AdbError, match="NO_MATCHING_ABIS"):
        device.adb_device.install_remote("/sdcard/x.apk")
    said = device.shell("CLASSPATH=/data/local/tmp/u2.jar app_process / com.genymobile.scrcpy.Server").output
    assert re.search("Could not find class 'com.genymobile.scrcpy.Server'", said)


def test_the_shade_and_toasts(device: Any, phone: Phone) -> None:
    device.open_notification()
    assert device(text="No notifications").exists
    device.press("back")
    assert device(text="No notifications").wait_gone(timeout=5)
    device.clear_toast()
    assert device.last_toast is None
    device.press("volume_up")
    assert device.last_toast == "Volume 8"
    assert device.last_traversed_text is None
    device.clear_traversed_text()


def test_scrolling_to_an_end_and_dragging(device: Any) -> None:
    device.app_start("com.android.settings")
    device.orientation = "left"
    assert device(scrollable=True).scroll.to(text="About phone")
    device(scrollable=True).scroll.toBeginning()
    assert device(text="Network & internet").exists
    assert device(text="Network & internet").drag_to(text="Network & internet", duration=0.1)


def test_its_server_is_a_process_that_can_be_killed(device: Any) -> None:
    pids = [line.split()[1] for line in device.shell("ps -u shell").output.splitlines() if "app_process" in line]
    assert len(pids) == 1
    device.shell(["kill", pids[0]])
    until(lambda: "app_process" not in device.shell("ps -u shell").output)
    assert device.info["displayWidth"] == 1080


def test_it_comes_back_when_its_server_ends(device: Any) -> None:
    device.stop_uiautomator()
    assert device.info["displayWidth"] == 1080
