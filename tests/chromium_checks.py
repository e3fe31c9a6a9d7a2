"""Looks at a page in a real Chromium: nothing hostile ran, the console is quiet, and axe-core finds no grave fault.

``check_page(path_or_url)`` opens the page in light and in dark; ``check_open(browser)`` looks at the page that a
`tests.agent.browser.Browser` shows as it is. Both raise AssertionError with what was found.

Texts that try to run are in `injections(where)`: whichever of them runs sets ``window.pwned``, changes the title or
opens a dialog.
"""

import functools
import json
from importlib import resources
from pathlib import Path

from tests.agent.browser import Browser, chromium

GRAVE = ("serious", "critical")
SCHEMES = ("light", "dark")


def injections(where: str = "pwned") -> str:
    """One text that tries every way out of a text that we know of; `where` tells which text got out."""
    act = f"window.pwned='{where}';document.title='pwned'"
    return (
        f'"><img src=x onerror="{act}"></script></style></title></textarea></noscript></svg>-->]]>'
        f"<script>{act}</script><svg onload=\"{act}\"></svg><style>*{{color:red}}</style><iframe srcdoc='x'></iframe>"
        f'<a href="javascript:{act}" autofocus onfocus="{act}">x</a>\' onmouseover=\'{act}\' '
        "{{body}} {{style}} "
        f"\\u003cscript>{act}\\u003c/script> &lt;b&gt; ${{{act}}} `{act}` <!--<script> \u2028\u2029\u202e"
    )


def check_page(page: Path | str, browser: Browser | None = None, *, ready: str = "document.body") -> None:
    """Open `page` (a file or a URL) in light and dark and check it; `ready` is JavaScript, true once it is whole.

    Starts a Chromium of its own unless given one.
    """
    if browser is None:
        with chromium() as one:
            return check_page(page, one, ready=ready)
    try:
        for scheme in SCHEMES:
            browser.cdp("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])
            browser.open(page)
            browser.wait_for(ready)
            check_open(browser, scheme, rules=None if scheme == SCHEMES[0] else ("color-contrast",))
    finally:
        browser.cdp("Emulation.setEmulatedMedia", features=[])
    return None


def check_open(browser: Browser, words: str = "page", *, rules: tuple[str, ...] | None = None) -> None:
    """Check the page that `browser` shows now; `words` begin what is said of faults. `rules`: of axe; None for all."""
    assert browser.js("return [window.pwned || null, document.title === 'pwned']") == [None, False], f"{words}: it ran"
    marked = "[onerror], [onload], [onmouseover], [onfocus], [autofocus], iframe, object, embed, [href^='javascript:']"
    assert browser.js(f"return document.querySelectorAll({json.dumps(marked)}).length") == 0, f"{words}: live markup"
    assert browser.dialog() is None, f"{words}: a dialog opened"
    assert (said := browser.console()) == [], f"{words}: the console says {said}"
    assert (faults := grave_faults(browser, rules=rules)) == [], f"{words}: {json.dumps(faults, indent=1)}"


def grave_faults(
    browser: Browser, within: str = "document", *, rules: tuple[str, ...] | None = None
) -> list[dict[str, object]]:
    """What axe-core calls serious or critical on the page: rule, help, and the first elements with why."""
    browser.js(_axe())
    options = {"resultTypes": ["violations"]} | ({"runOnly": [*rules]} if rules else {})
    found = browser.js(
        f"return axe.run({within}, {json.dumps(options)}).then(r => r.violations.map(v => "
        "({rule: v.id, impact: v.impact, help: v.help, nodes: v.nodes.slice(0, 4)"
        ".map(n => [n.target, n.html.slice(0, 200), n.failureSummary])})))"
    )
    return [fault for fault in found if fault["impact"] in GRAVE]


@functools.cache
def _axe() -> str:
    """The script of axe-core, as its wheel carries it. The driver runs it, so a page's policy does not forbid it."""
    return resources.files("axe_playwright_python").joinpath("axe.min.js").read_text("utf-8")
