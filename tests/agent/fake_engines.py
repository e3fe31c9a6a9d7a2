"""Stand-ins for ``vllm``, ``llama-server`` and ``transformers``: programs that behave like them and hold no model.

What they do is chosen by FAKE_ENGINE: ``slow`` (not healthy at first), ``crash`` (an error, then the end), ``hang``
(never healthy), ``stubborn`` (deaf to SIGTERM, with a child that is too), ``dies`` (ends once it has been healthy).
"""

from __future__ import annotations

import stat
import sys
from pathlib import Path

_SOURCE = """#!{python}
import http.server, json, os, signal, subprocess, sys, threading, time
how = os.environ.get("FAKE_ENGINE", "slow")
if "--help" in sys.argv:
    print("--image-min-tokens N  --image-max-tokens N" if {tokens} else "--port N")
    sys.exit()
argv = sys.argv[1:]
port = int(argv[argv.index("--port") + 1])
print("loading the weights", flush=True)
if how == "crash":
    print("Traceback (most recent call last):\\n  File \\"x.py\\", line 1", flush=True)
    print("\\x1b[31mValueError: No available memory for the cache blocks.\\x1b[0m", flush=True)
    print("bye", flush=True)
    sys.exit(3)
if how == "stubborn":
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    child = subprocess.Popen([sys.executable, "-c", "import signal,time; signal.signal(15,1); time.sleep(600)"])
    print("child", child.pid, flush=True)
start = time.monotonic()
class Handler(http.server.BaseHTTPRequestHandler):
    def log_message(self, *_): pass
    def do_GET(self):
        ready = how != "hang" and time.monotonic() - start > 0.4
        body = json.dumps({{"data": [{{"id": "fake", "object": "model", "owned_by": "vllm"}}]}}).encode()
        self.send_response(200 if ready else 503)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
        if how == "dies" and ready:
            threading.Timer(0.3, lambda: (print("CUDA error: device lost", flush=True), os._exit(9))).start()
http.server.ThreadingHTTPServer(("127.0.0.1", port), Handler).serve_forever()
"""


def install(folder: Path, *names: str, image_tokens: bool = True) -> Path:
    """Write stand-ins called `names` into `folder`; the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in names:
        program = folder / name
        program.write_text(_SOURCE.format(python=sys.executable, tokens=image_tokens))
        program.chmod(program.stat().st_mode | stat.S_IXUSR)
    return folder
