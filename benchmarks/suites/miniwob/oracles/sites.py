"""Tasks on small sites: mail, search, social media."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from actions.action import AnyAction, Move, TypeText
from benchmarks.suites.miniwob.oracle import PageElement, PageScript, solves

NAME = r"email by (\S+?)(?: and|\.)"


@dataclass(frozen=True)
class MailTask:
    """What is to be done with the mail of `sender`; `text` is the reply, or whom to forward it to."""

    kind: str
    sender: str
    text: str = ""


def _mail_task(page: PageScript) -> MailTask:
    """From the instruction; its freely worded forms name their parts in the page's ``core.currentFields``."""
    fields = page.js("core.currentFields || null")
    if fields:
        kind = fields.get("task", "forward")
        return MailTask(kind, fields["by"], fields.get("message") or fields.get("to") or "")
    (sender,) = page.match(NAME)
    if "reply" in page.instruction:
        return MailTask("reply", sender, page.quoted()[0])
    if "forward" in page.instruction:
        return MailTask("forward", sender, page.match(r"forward that email to (\S+?)\.$")[0])
    return MailTask("delete" if "trash" in page.instruction else "star", sender)


@solves(
    "email-inbox", "email-inbox-delete", "email-inbox-forward", "email-inbox-forward-nl",
    "email-inbox-forward-nl-turk", "email-inbox-important", "email-inbox-nl-turk", "email-inbox-noscroll",
    "email-inbox-reply", "email-inbox-star-reply",
)  # fmt: skip
def mail(page: PageScript) -> Iterator[AnyAction]:
    """Scroll to the sender, then click an icon there, or open the mail and write."""
    mail_task, box = _mail_task(page), page.one("#main")
    if mail_task.kind in ("delete", "star"):
        number = next(n for n, e in enumerate(page.all("#main .email-sender")) if e.text == mail_task.sender)
        icon = f"#main .email-actions .{'trash' if mail_task.kind == 'delete' else 'star'}"
        yield from page.reach(lambda: page.all(icon)[number], box)
        yield page.click(page.all(icon)[number])
        return

    def sender() -> PageElement:
        return page.one("#main .email-sender", mail_task.sender)

    yield from page.reach(sender, box)
    yield page.click(sender())
    yield from _write(page, mail_task)


def _write(page: PageScript, mail_task: MailTask) -> Iterator[AnyAction]:
    """Reply to or forward the open mail."""
    button = f"#email .email-{mail_task.kind}"
    yield from page.reach(lambda: page.one(button), page.one("#email"))
    yield page.click(page.one(button))
    yield page.click(page.one("#reply-text" if mail_task.kind == "reply" else ".forward-sender"))
    yield TypeText(text=mail_task.text)
    yield page.click(page.one(f"#send-{mail_task.kind}"))


@solves("search-engine")
def search(page: PageScript) -> Iterator[AnyAction]:
    """Search, turn to the page of three results, click."""
    (position,) = page.match(r"click the (\d+)\w\w")
    number = int(position) - 1
    yield from page.fill(page.one("#search-text"), page.quoted()[0])
    yield page.click(page.one("#search"))
    if number >= 3:
        yield page.click(page.one("#pagination .page-item a", str(number // 3 + 1)))
    yield page.click(page.one(f"#page-content a[data-result='{number}']"))


SOCIAL = {
    "Share via DM": "share", "Copy link to Tweet": "copy", "Embed Tweet": "embed", "Mute": "menu-user",
    "Block": "block-user", "Report": "report", "Reply": "reply", "Retweet": "retweet", "Like": "like",
    "Share": "share",
}  # fmt: skip


def _press(page: PageScript, icon: PageElement) -> Iterator[AnyAction]:
    """An icon has another picture under the pointer, and is gone until that is loaded: a quick first click is lost."""
    yield Move(point=page.point(icon))
    yield page.click(icon)


@solves("social-media")
def social(page: PageScript) -> Iterator[AnyAction]:
    """Scroll to the user's post, open the menu where the button is in it, click."""
    user, words = page.match(r'the user (\S+), click on the "(.+)" button')
    kind, box = SOCIAL[words], page.one("#area")
    number = next(n for n, e in enumerate(page.all(".media .username")) if e.text == user)
    direct = kind in ("reply", "retweet", "like")
    button = f".media .{kind if direct else 'more'}"
    yield from page.reach(lambda: page.all(button)[number], box)
    yield from _press(page, page.all(button)[number])
    if not direct:
        yield from page.reach(lambda: page.one(f".media ul .{kind}"), box)
        yield page.click(page.one(f".media ul .{kind}"))


@solves("social-media-all", "social-media-some")
def social_many(page: PageScript) -> Iterator[AnyAction]:
    """The button on all, or on the first few, posts of the user."""
    box, users = page.one("#area"), [e.text for e in page.all(".media .username")]
    words, many, user = page.match(r'the "(\w+)" button on (all|\d+) posts? by (\S+) and')
    posts = [n for n, name in enumerate(users) if name == user]
    button = f".media .{SOCIAL[words]}"
    for number in posts if many == "all" else posts[: int(many)]:
        yield from page.reach(lambda n=number: page.all(button)[n], box)  # type: ignore[misc]
        yield from _press(page, page.all(button)[number])
    yield from page.reach(lambda: page.one("#submitRow button"), box)
    yield page.click(page.one("#submitRow button"))
