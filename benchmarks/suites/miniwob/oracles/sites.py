"""Tasks on small sites: mail, search, social media."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from actions.action import AnyAction, Move, TypeText
from benchmarks.suites.miniwob.oracle import Hand, Thing, solves

NAME = r"email by (\S+?)(?: and|\.)"


@dataclass(frozen=True)
class Errand:
    """What is to be done with the mail of `sender`; `text` is the reply, or whom to forward it to."""

    kind: str
    sender: str
    text: str = ""


def _errand(hand: Hand) -> Errand:
    """From the instruction; its freely worded forms name their parts in the page's ``core.currentFields``."""
    fields = hand.js("core.currentFields || null")
    if fields:
        kind = fields.get("task", "forward")
        return Errand(kind, fields["by"], fields.get("message") or fields.get("to") or "")
    (sender,) = hand.match(NAME)
    if "reply" in hand.said:
        return Errand("reply", sender, hand.quoted()[0])
    if "forward" in hand.said:
        return Errand("forward", sender, hand.match(r"forward that email to (\S+?)\.$")[0])
    return Errand("delete" if "trash" in hand.said else "star", sender)


@solves(
    "email-inbox", "email-inbox-delete", "email-inbox-forward", "email-inbox-forward-nl",
    "email-inbox-forward-nl-turk", "email-inbox-important", "email-inbox-nl-turk", "email-inbox-noscroll",
    "email-inbox-reply", "email-inbox-star-reply",
)  # fmt: skip
def mail(hand: Hand) -> Iterator[AnyAction]:
    """Scroll to the sender, then click an icon there, or open the mail and write."""
    errand, box = _errand(hand), hand.one("#main")
    if errand.kind in ("delete", "star"):
        number = next(n for n, e in enumerate(hand.all("#main .email-sender")) if e.text == errand.sender)
        icon = f"#main .email-actions .{'trash' if errand.kind == 'delete' else 'star'}"
        yield from hand.reach(lambda: hand.all(icon)[number], box)
        yield hand.click(hand.all(icon)[number])
        return

    def sender() -> Thing:
        return hand.one("#main .email-sender", errand.sender)

    yield from hand.reach(sender, box)
    yield hand.click(sender())
    yield from _write(hand, errand)


def _write(hand: Hand, errand: Errand) -> Iterator[AnyAction]:
    """Reply to or forward the open mail."""
    button = f"#email .email-{errand.kind}"
    yield from hand.reach(lambda: hand.one(button), hand.one("#email"))
    yield hand.click(hand.one(button))
    yield hand.click(hand.one("#reply-text" if errand.kind == "reply" else ".forward-sender"))
    yield TypeText(text=errand.text)
    yield hand.click(hand.one(f"#send-{errand.kind}"))


@solves("search-engine")
def search(hand: Hand) -> Iterator[AnyAction]:
    """Search, turn to the page of three results, click."""
    (position,) = hand.match(r"click the (\d+)\w\w")
    number = int(position) - 1
    yield from hand.fill(hand.one("#search-text"), hand.quoted()[0])
    yield hand.click(hand.one("#search"))
    if number >= 3:
        yield hand.click(hand.one("#pagination .page-item a", str(number // 3 + 1)))
    yield hand.click(hand.one(f"#page-content a[data-result='{number}']"))


SOCIAL = {
    "Share via DM": "share", "Copy link to Tweet": "copy", "Embed Tweet": "embed", "Mute": "menu-user",
    "Block": "block-user", "Report": "report", "Reply": "reply", "Retweet": "retweet", "Like": "like",
    "Share": "share",
}  # fmt: skip


def _press(hand: Hand, icon: Thing) -> Iterator[AnyAction]:
    """An icon has another picture under the pointer, and is gone until that is loaded: a quick first click is lost."""
    yield Move(point=hand.point(icon))
    yield hand.click(icon)


@solves("social-media")
def social(hand: Hand) -> Iterator[AnyAction]:
    """Scroll to the user's post, open the menu where the button is in it, click."""
    user, words = hand.match(r'the user (\S+), click on the "(.+)" button')
    kind, box = SOCIAL[words], hand.one("#area")
    number = next(n for n, e in enumerate(hand.all(".media .username")) if e.text == user)
    direct = kind in ("reply", "retweet", "like")
    button = f".media .{kind if direct else 'more'}"
    yield from hand.reach(lambda: hand.all(button)[number], box)
    yield from _press(hand, hand.all(button)[number])
    if not direct:
        yield from hand.reach(lambda: hand.one(f".media ul .{kind}"), box)
        yield hand.click(hand.one(f".media ul .{kind}"))


@solves("social-media-all", "social-media-some")
def social_many(hand: Hand) -> Iterator[AnyAction]:
    """The button on all, or on the first few, posts of the user."""
    box, users = hand.one("#area"), [e.text for e in hand.all(".media .username")]
    words, many, user = hand.match(r'the "(\w+)" button on (all|\d+) posts? by (\S+) and')
    posts = [n for n, name in enumerate(users) if name == user]
    button = f".media .{SOCIAL[words]}"
    for number in posts if many == "all" else posts[: int(many)]:
        yield from hand.reach(lambda n=number: hand.all(button)[n], box)  # type: ignore[misc]
        yield from _press(hand, hand.all(button)[number])
    yield from hand.reach(lambda: hand.one("#submitRow button"), box)
    yield hand.click(hand.one("#submitRow button"))
