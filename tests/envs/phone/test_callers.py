"""What callers of adb do every day works on the simulated phone unchanged: both adb programs, and adbutils."""

import io
import re
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import adbutils
import cv2
import pytest
from adbutils.errors import AdbError
from PIL import Image

from envs.phone.phone import Phone
from tests.agent.browser import INSTALLED
from tests.envs.phone.adb import AdbServer
from tests.waiting import until

pytestmark = pytest.mark.skipif(not INSTALLED, reason="needs Chromium")

OURS = Path(adbutils.__file__).parent / "binaries" / "adb"
DEBIANS = Path("/usr/lib/android-sdk/platform-tools/adb")
Adb = Callable[..., subprocess.CompletedProcess[bytes]]


@pytest.fixture(scope="module")
def running() -> Iterator[Phone]:
    with Phone() as phone:
        yield phone


@pytest.fixture
def phone(running: Phone) -> Phone:
    running.reset()
    return running


@pytest.fixture(
    scope="module",
    params=[
        pytest.param(OURS, id="adbutils", marks=pytest.mark.skipif(not OURS.exists(), reason="adbutils brings no adb")),
        pytest.param(
            DEBIANS, id="debian", marks=pytest.mark.skipif(not DEBIANS.exists(), reason="apt-get install adb")
        ),
    ],
)
def server(request: pytest.FixtureRequest) -> Iterator[AdbServer]:
    with AdbServer(request.param) as server:
        yield server


@pytest.fixture
def adb(server: AdbServer, phone: Phone) -> Adb:
    server("connect", phone.serial)
    return lambda *words, **options: server("-s", phone.serial, *words, **options)


@pytest.fixture
def device(phone: Phone) -> Iterator[adbutils.AdbDevice]:
    with AdbServer() as server:
        client = server.client()
        client.connect(phone.serial)
        yield client.device(phone.serial)


class TestPrograms:
    def test_devices(self, server: AdbServer, phone: Phone, adb: Adb) -> None:
        assert f"{phone.serial}\tdevice" in server("devices").stdout.decode()
        assert adb("get-state").stdout.strip() == b"device"

    def test_shell_with_statuses_input_and_errors_apart(self, adb: Adb) -> None:
        done = adb("shell", "cat; echo oops >&2; exit 7", stdin=b"in\n")
        assert (done.returncode, done.stdout, done.stderr) == (7, b"in\n", b"oops\n")
        old = adb("shell", "-x", "echo out; echo oops >&2; exit 7")
        assert (old.returncode, old.stdout) == (0, b"out\noops\n")
        assert adb("shell", stdin=b"echo one; exit 3\n").returncode == 3
        assert adb("shell", "exec", "echo", "done").stdout == b"done\n"

    def test_screencap(self, adb: Adb, phone: Phone) -> None:
        with Image.open(io.BytesIO(adb("exec-out", "screencap", "-p").stdout)) as picture:
            assert picture.size == phone.screen.size
        assert len(adb("exec-out", "screencap").stdout) == 16 + 1080 * 2400 * 4

    def test_files_and_folders(self, adb: Adb, tmp_path: Path) -> None:
        folder = tmp_path / "folder" / "deep"
        folder.mkdir(parents=True)
        (folder / "ü.txt").write_text("inside")
        assert adb("push", str(tmp_path / "folder"), "/sdcard/").returncode == 0
        assert adb("shell", "cat /sdcard/folder/deep/ü.txt").stdout == b"inside"
        assert adb("pull", "/sdcard/folder", str(tmp_path / "back")).returncode == 0
        assert (tmp_path / "back/deep/ü.txt").read_text() == "inside"
        assert adb("pull", "/sdcard/none", str(tmp_path)).returncode != 0

    def test_input_and_the_tree(self, adb: Adb, phone: Phone) -> None:
        adb("shell", "am", "start", "-a", "android.settings.SETTINGS")
        assert phone.look()["package"] == "com.android.settings"
        adb("shell", "input", "keyevent", "HOME")
        assert phone.look()["package"] == "com.handeye.launcher"
        said = adb("exec-out", "uiautomator", "dump", "/dev/tty").stdout.decode()
        assert said.startswith("<?xml")
        assert 'text="Settings"' in said

    def test_nothing_is_installed_and_the_refusal_is_adbs(self, adb: Adb, tmp_path: Path) -> None:
        (tmp_path / "x.apk").write_bytes(b"PK" * 100_000)
        for words in (["install"], ["install", "--no-streaming"]):
            done = adb(*words, str(tmp_path / "x.apk"))
            assert done.returncode == 1
            assert b"Failure [INSTALL_FAILED_NO_MATCHING_ABIS" in done.stdout + done.stderr
        gone = adb("uninstall", "com.android.settings")
        assert b"Failure [DELETE_FAILED" in gone.stdout + gone.stderr
        assert b"package:com.android.settings" in adb("shell", "pm list packages").stdout

    def test_root_is_refused_as_on_a_phone_one_buys(self, adb: Adb) -> None:
        assert adb("root").stdout.strip() == b"adbd cannot run as root in production builds"
        assert adb("shell", "whoami").stdout == b"shell\n"
        assert adb("shell", "date 010203042025").returncode == 1

    def test_ports(self, adb: Adb) -> None:
        assert adb("reverse", "tcp:7000", "tcp:7001").returncode == 0
        assert b"tcp:7000 tcp:7001" in adb("reverse", "--list").stdout
        assert adb("reverse", "--remove-all").returncode == 0
        assert adb("reverse", "--list").stdout.strip() == b""
        port = adb("forward", "tcp:0", "tcp:7000").stdout.strip().decode()
        assert f"tcp:{port} tcp:7000" in adb("forward", "--list").stdout.decode()
        assert adb("forward", "--remove-all").returncode == 0

    def test_logcat_tells_of_crashes(self, adb: Adb, phone: Phone) -> None:
        phone.crash("com.android.settings")
        assert b"E AndroidRuntime: Process: com.android.settings" in adb("logcat", "-d").stdout
        adb("logcat", "-c")
        assert b"AndroidRuntime" not in adb("logcat", "-d").stdout

    def test_logcat_goes_on_until_it_is_killed(self, adb: Adb) -> None:
        line = (
            "logcat -v brief -s Mine & log -t Mine before; sleep 0.2; log -t Mine after; sleep 0.2; pkill logcat; wait"
        )
        assert adb("shell", line).stdout.decode().splitlines()[1:] == [
            "I/Mine    ( 1000): before",
            "I/Mine    ( 1000): after",
        ]
        assert adb("shell", "pidof logcat").returncode == 1
        assert b"after" in adb("shell", "logcat | grep after").stdout

    def test_processes_are_listed_and_ended(self, adb: Adb) -> None:
        line = (
            "sleep 100 & ps -u shell | grep -c sleep; ps -o PID,NAME -p $! | tail -n 1 | cut -d' ' -f3; kill $!; wait"
        )
        assert adb("shell", f"{line}; kill -0 $!").stdout.decode().split()[0] == "1"
        assert adb("shell", "kill 1").stderr == b"kill: 1: Operation not permitted\n"
        adb(
            "shell", "am start -a android.intent.action.VIEW -d sms:5551234; am start -n com.android.settings/.Settings"
        )
        assert adb("shell", "pidof com.android.messaging").stdout == b"1001\n"
        assert adb("shell", "pgrep -l settings").stdout.endswith(b" com.android.settings\n")
        adb("shell", "kill $(pidof com.android.settings)")
        assert adb("shell", "pidof com.android.settings").returncode == 1

    def test_words_of_android_for_what_is_not_there(self, adb: Adb) -> None:
        for line, status, said in (
            ("dumpsys none", 1, "Can't find service: none"),
            ("cmd none", 20, "Can't find service: none"),
            ("am none", 255, "Unknown command: none"),
            ("pm none", 255, "Unknown command: none"),
            ("am startservice -n com.a/.B", 255, "Error: Not found; no service started."),
            ("am instrument com.a/.B", 1, "INSTRUMENTATION_FAILED: com.a/.B"),
            ("pm disable-user com.android.contacts", 255, "SecurityException"),
            ("none", 127, "/system/bin/sh: none: inaccessible or not found"),
        ):
            done = adb("shell", line)
            assert (done.returncode, said in (done.stdout + done.stderr).decode()) == (status, True), line

    def test_the_focus_is_one_elements(self, adb: Adb, phone: Phone) -> None:
        adb("shell", "am start -a android.intent.action.INSERT")
        field = r'<node[^>]*EditText[^>]*content-desc="Name"[^>]*bounds="\[(\d+),(\d+)\]'
        x, y = map(int, re.findall(field, adb("shell", "uiautomator dump /dev/tty").stdout.decode())[0])
        until(lambda: adb("shell", f"input tap {x + 40} {y + 40}").returncode == 0 and phone.look()["focused"])
        adb("shell", "input text word")
        focused = re.findall(
            r'<node[^>]*focused="true"[^>]*', adb("shell", "uiautomator dump /dev/tty").stdout.decode()
        )
        assert [re.findall(r'text="([^"]*)"', node) for node in focused] == [["word"]]

    def test_services_of_cmd_change_settings(self, adb: Adb, phone: Phone) -> None:
        adb("shell", "cmd wifi set-wifi-enabled disabled; cmd uimode night yes; cmd bluetooth_manager disable")
        assert [phone.state.get("global", name) for name in ("wifi_on", "bluetooth_on")] == ["0", "0"]
        assert adb("shell", "cmd wifi status; cmd uimode night").stdout == b"Wifi is disabled\nNight mode: yes\n"

    def test_the_shade(self, adb: Adb, phone: Phone) -> None:
        adb("shell", "cmd statusbar expand-notifications")
        shown = adb("exec-out", "uiautomator", "dump", "/dev/tty").stdout.decode()
        assert "No notifications" in shown
        x, y = map(int, re.findall(r'text="Airplane mode"[^>]*bounds="\[(\d+),(\d+)', shown)[0])
        adb("shell", f"input tap {x + 30} {y + 30}")
        until(lambda: phone.state.get("global", "airplane_mode_on") == "1")
        assert b"mCurrentFocus=Window{5c1d0e0 u0 NotificationShade}" in adb("shell", "dumpsys window").stdout
        adb("shell", "input keyevent BACK")
        assert not phone.look()["shade"]
        adb("shell", "input swipe 500 20 500 900 100")
        until(lambda: phone.look()["shade"])
        adb("shell", "input swipe 500 1800 500 600 100; input keyevent KEYCODE_CALL; input keyevent --longpress POWER")
        assert (phone.look()["shade"], phone.look()["awake"]) == (False, True)

    def test_reconnect(self, server: AdbServer, adb: Adb, phone: Phone) -> None:
        assert b"reconnecting" in adb("reconnect").stdout  # a network device is then connected to again
        deadline = time.monotonic() + 10
        while adb("get-state").stdout.strip() != b"device":
            assert time.monotonic() < deadline
            server("connect", phone.serial)
        assert adb("shell", "echo back").stdout == b"back\n"


def test_an_emulators_root() -> None:
    with AdbServer() as server, Phone(debuggable=True) as phone:
        server("connect", phone.serial)
        assert b"restarting adbd as root" in server("-s", phone.serial, "root").stdout
        until(lambda: server("-s", phone.serial, "shell", "whoami").stdout == b"root\n")
        server("-s", phone.serial, "shell", "date 101515342023.00")
        assert server("-s", phone.serial, "shell", "date +%Y-%m-%dT%H:%M").stdout == b"2023-10-15T15:34\n"
        phone.reset()
        assert server("-s", phone.serial, "shell", "whoami").stdout == b"shell\n"


class TestAdbutils:
    def test_the_shell(self, device: adbutils.AdbDevice) -> None:
        assert device.shell("echo hi") == "hi"
        done = device.shell2("echo out; (exit 3)")
        assert (done.returncode, done.output.strip()) == (3, "out")
        both = device.shell2("echo out; echo oops >&2; exit 3", v2=True)
        assert (both.returncode, both.stdout.strip(), both.stderr.strip()) == (3, "out", "oops")
        assert device.getprop("ro.build.version.sdk") == "33"
        assert device.prop.model == "Handeye simulated phone"
        assert device.serial
        assert "shell_v2" in device.get_features()

    def test_files(self, device: adbutils.AdbDevice, tmp_path: Path) -> None:
        assert device.sync.push(b"abc" * 40_000, "/sdcard/x/y.bin") == 120_000
        assert b"".join(device.sync.iter_content("/sdcard/x/y.bin")) == b"abc" * 40_000
        assert device.sync.stat("/sdcard/x/y.bin").size == 120_000
        assert device.sync.exists("/sdcard/x")
        assert not device.sync.exists("/sdcard/no")
        assert [entry.path for entry in device.sync.list("/sdcard/x")] == ["y.bin"]
        assert device.sync.pull("/sdcard/x/y.bin", tmp_path / "y.bin") == 120_000
        device.sync.pull_dir("/sdcard/x", tmp_path / "x")
        assert (tmp_path / "x/y.bin").stat().st_size == 120_000
        device.rmtree("/sdcard/x")
        assert not device.sync.exists("/sdcard/x")

    def test_the_screen(self, device: adbutils.AdbDevice, phone: Phone) -> None:
        assert device.screenshot(error_ok=False).size == (1080, 2400)
        assert device.screenshot(display_id=0, error_ok=False).size == (1080, 2400)
        assert device.framebuffer().getpixel((500, 1200))[:3] == device.screenshot().getpixel((500, 1200))
        assert tuple(device.window_size()) == (1080, 2400)
        assert device.rotation() == 0
        phone.state.put("system", "user_rotation", "1")
        phone.turn(1)
        assert device.rotation() == 1
        assert tuple(device.window_size()) == (2400, 1080)
        assert device.dump_hierarchy().startswith("<?xml")

    def test_a_video(self, device: adbutils.AdbDevice, tmp_path: Path) -> None:
        device.start_recording(str(tmp_path / "out.mp4"))
        until(lambda: "screenrecord" in device.shell("ps -u shell"))
        device.stop_recording()
        video = cv2.VideoCapture(str(tmp_path / "out.mp4"))
        good, picture = video.read()
        assert (good, picture.shape) == (True, (2400, 1080, 3))
        assert device.shell("ls -A /sdcard | grep mp4; screenrecord; echo $?").endswith("(see --help).\n2")

    def test_a_log_that_is_followed(self, device: adbutils.AdbDevice, tmp_path: Path) -> None:
        log = device.logcat(tmp_path / "log", clear=True, command="logcat -v time", re_filter="I/TAG")
        device.shell(["log", "-p", "i", "-t", "TAG", "hello"])
        until(lambda: re.search("I/TAG.*hello", (tmp_path / "log").read_text()))
        log.stop()

    def test_power(self, device: adbutils.AdbDevice) -> None:
        assert device.is_screen_on()
        device.switch_screen(False)
        assert not device.is_screen_on()
        device.switch_screen(True)
        assert device.is_screen_on()
        assert device.battery().level == 82

    def test_apps(self, device: adbutils.AdbDevice) -> None:
        assert "com.android.settings" in device.list_packages()
        assert device.list_packages(["-3"]) == []
        device.app_start("com.android.settings")
        assert device.app_current().package == "com.android.settings"
        device.app_start("com.android.deskclock", ".DeskClock")
        assert device.app_current().package == "com.android.deskclock"
        device.app_stop("com.android.deskclock")
        assert device.app_current().package != "com.android.deskclock"
        assert device.app_info("com.android.settings").version_name == "1.0"
        assert device.app_info("com.none") is None
        device.app_clear("com.android.settings")
        device.open_browser("http://shop.test")
        assert device.app_current().package == "com.android.browser"
        device.shell("touch /data/local/tmp/x.apk")
        with pytest.raises(adbutils.errors.AdbInstallError, match="NO_MATCHING_ABIS"):
            device.install_remote("/data/local/tmp/x.apk")

    def test_fingers_and_keys(self, device: adbutils.AdbDevice, phone: Phone) -> None:
        device.shell("am start -a android.intent.action.INSERT")
        device.app_start("com.handeye.notes")
        device.keyevent("HOME")
        assert phone.look()["package"] == "com.handeye.launcher"
        device.swipe(540, 1800, 540, 600, 0.2)
        device.drag(540, 1800, 540, 600, 0.2)
        bounds = re.search(r'text="Settings"[^>]*bounds="\[(\d+),(\d+)\]\[(\d+),(\d+)\]"', device.dump_hierarchy())
        assert bounds
        left, top, right, bottom = map(int, bounds.groups())
        device.click((left + right) // 2, (top + bottom) // 2)
        until(lambda: phone.look()["package"] == "com.android.settings")
        device.send_keys("nowhere")  # no field has the focus

    def test_switches(self, device: adbutils.AdbDevice, phone: Phone) -> None:
        assert device.wlan_ip() == "192.0.2.15"
        device.switch_wifi(False)
        assert phone.state.get("global", "wifi_on") == "0"
        with pytest.raises(AdbError):
            device.wlan_ip()
        device.switch_airplane(True)
        assert phone.state.get("global", "airplane_mode_on") == "1"
        device.brightness_value = 20
        assert device.brightness_value == 20
        device.volume_up()
        assert phone.state.get("system", "volume_music") == "8"

    def test_what_a_phone_one_buys_refuses(self, device: adbutils.AdbDevice) -> None:
        assert "cannot run as root" in device.root()
        device.reverse("tcp:7000", "tcp:7001")
        assert [(one.remote, one.local) for one in device.reverse_list()] == [("tcp:7000", "tcp:7001")]
        device.reverse_remove_all()
        assert device.reverse_list() == []
        with pytest.raises(AdbError):
            device.create_connection(adbutils.Network.TCP, 7000)
