"""`SiteServer`: the site over HTTP, on loopback only (`agent.views.loopback`), and who is let in to what.

* ``/?token=…`` sets a cookie for the site's own path, which is random: cookies are sent to every port of this machine,
  but only for their path. Both are needed for everything else, so the address bar, which a screenshot may show, does
  not let in by itself.
* What is shown is read only. Where commands are taken at all, one (``POST``) needs the site's Origin, JSON, and a
  token that is in its pages alone.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus

from pydantic import ValidationError

from actions.errors import HandeyeError
from agent.episodes import Episode
from agent.views.formatting import clip
from agent.views.kit.pages import file_text
from agent.views.loopback import GuardedHandler, LoopbackServer, Query, Refused, explained, has_cookie, same
from agent.views.site import pages
from agent.views.site.catalog import MOST, Catalog, RunEntry, unquote_key
from agent.views.site.comparison import partners
from agent.views.site.episode_page import changes_after, page_header, page_steps
from agent.views.site.jobs import Job, Jobs, SiteCommand, StartRun, StopJob, read_site_command
from agent.views.site.pages import IndexFilter, Site
from agent.views.site.pictures import Coded, EpisodePictures
from envs.png import encode_png

HTML = "text/html; charset=utf-8"
_KIT, _REPORT, _SITE = "agent/views/kit/", "agent/views/report/", "agent/views/site/"
_ASSETS = {
    "report.css": (f"{_KIT}kit.css", f"{_REPORT}report.css", f"{_REPORT}player.css"),
    "site.css": (f"{_SITE}site.css",),
    "kit.js": (f"{_KIT}kit.js",),
    "report.js": (f"{_REPORT}report.js", f"{_REPORT}player.js"),
    **{name: (f"{_SITE}{name}",) for name in ("site.js", "episode.js", "commands.js")},
}
"""The styles and scripts that are served, and the files that each is made of."""
_PART = re.compile(r"at/(?P<key>.+)/(?P<part>screen|small|sent|changes|as-sent)/(?P<step>[0-9]{1,9})")


class SiteServer(LoopbackServer):
    """Serves `catalog` until closed. `port` 0 is any free one; with `jobs` it takes commands, and closes them.

    Raises `UserError`.
    """

    def __init__(self, catalog: Catalog, port: int = 0, jobs: Jobs | None = None) -> None:
        self.catalog, self.pictures = catalog, EpisodePictures()
        self.jobs = jobs or Jobs(catalog.root)
        self.command_token = "" if jobs is None else secrets.token_urlsafe(32)
        self.place = f"/{secrets.token_urlsafe(8)}/"
        self._cookie = secrets.token_urlsafe(32)
        super().__init__(_SiteHandler, port)

    @property
    def cookie(self) -> str:
        """The cookie that lets in: ``NAME=VALUE``."""
        return f"handeye-view-{self.port}={self._cookie}"

    @property
    def site(self) -> Site:
        """What every page says."""
        return Site(self.place, str(self.catalog.root), self.command_token, len(self.jobs.all()))

    def close(self) -> None:
        """Stop serving, and end what was started. Safe to call twice."""
        super().close()
        self.jobs.close()


@dataclass(frozen=True)
class _FoundStep:
    """An episode and the place of one of its steps in its list."""

    entry: RunEntry
    episode: Episode
    at: int


class _SiteHandler(GuardedHandler):
    server_: SiteServer

    def admitted(self, path: str, query: Query) -> bool:
        """The way in by the token; all the rest by path and cookie."""
        if path == "/" and self.command == "GET":
            return self.server_.is_token(query.get("token", [""])[0])
        return path.startswith(self.server_.place) and has_cookie(self.headers.get("Cookie", ""), self.server_.cookie)

    def route(self, path: str, query: Query) -> None:
        """A page, a picture or data of one."""
        if path == "/":
            return self._enter()
        inside = path.removeprefix(self.server_.place)
        if self.command == "POST" and inside == "do":
            return self._do()
        if self.command != "GET":
            raise Refused(405, f"{self.command} is not for this page")
        routes: dict[str, Callable[[], None]] = {
            "": lambda: self._index(query),
            "compare": lambda: self._compare(query),
        }
        if self.server_.command_token:
            routes |= {"start": lambda: self._start(query), "jobs": self._jobs}
        try:
            if inside in routes:
                return routes[inside]()
            if self.server_.command_token and (found := re.fullmatch(r"jobs/([0-9]{1,6})(/state)?", inside)):
                return self._job(self.server_.jobs.job(int(found[1])), state=bool(found[2]))
            return self._of_entry(inside)
        except (Refused, ConnectionError):
            raise
        except (HandeyeError, OSError) as error:
            raise Refused(404, str(error)) from error
        except Exception as error:  # a defect is told on the page; the terminal shows no traceback
            raise Refused(500, f"internal error: {type(error).__name__}: {error}") from error

    def refuse(self, refused: Refused) -> None:
        """A page that says why, for what a browser shows as one; else JSON."""
        if "text/html" not in self.headers.get("Accept", ""):
            return super().refuse(refused)
        html = self.server_.site.page("message.html", "This cannot be shown", message=str(refused))
        return self._html(html, HTTPStatus(refused.status))

    def _html(self, html: str, status: HTTPStatus = HTTPStatus.OK, policy: str = pages.POLICY) -> None:
        self.send(status, HTML, html.encode("utf-8", "replace"), {"Content-Security-Policy": policy})

    def _enter(self) -> None:
        """Set the cookie, and go on by a page: a redirect of a request from elsewhere would not send it."""
        cookie = f"{self.server_.cookie}; HttpOnly; SameSite=Strict; Path={self.server_.place}"
        html = self.server_.site.page("enter.html", "Handeye")
        self.send(HTTPStatus.OK, HTML, html.encode(), {"Set-Cookie": cookie})

    def _index(self, query: Query) -> None:
        catalog = self.server_.catalog
        entries = catalog.entries()
        self._html(pages.index_page(self.server_.site, entries, IndexFilter.of(query), MOST if catalog.cut else None))

    def _compare(self, query: Query) -> None:
        entries = [self._entry(query.get(name, [""])[0]) for name in ("a", "b")]
        episodes = [self.server_.pictures.episode(entry.folder) for entry in entries]
        self._html(pages.compare_page(self.server_.site, entries, episodes))

    def _of_entry(self, inside: str) -> None:
        """A page, a thumbnail or a part of one entry, or a file of the site's own."""
        name = inside.removeprefix("assets/")
        if name in _ASSETS and name != inside:
            kind = "text/css" if name.endswith("css") else "text/javascript"
            return self.send(HTTPStatus.OK, f"{kind}; charset=utf-8", "".join(map(file_text, _ASSETS[name])).encode())
        if found := _PART.fullmatch(inside):
            at = self._step(unquote_key(found["key"]), int(found["step"]))
            parts: dict[str, Callable[[_FoundStep], None]] = {
                "screen": lambda one: self._screen(one, small=False),
                "small": lambda one: self._screen(one, small=True),
                "sent": self._sent,
                "changes": self._changes,
                "as-sent": self._as_sent,
            }
            return parts[found["part"]](at)
        if found := re.fullmatch(r"(thumb|at)/(.+)/", inside):
            entry = self._entry(unquote_key(found[2]))
            if found[1] == "thumb":
                return self._picture(self.server_.pictures.thumbnail(entry.folder))
            return self._result(entry) if entry.kind == "result" else self._episode(entry)
        raise Refused(404, "there is nothing here")

    def _entry(self, key: str) -> RunEntry:
        entry = self.server_.catalog.find(key)
        if entry is None:
            raise Refused(404, "there is no such run in this folder (any more)")
        return entry

    def _step(self, key: str, index: int) -> _FoundStep:
        entry = self._entry(key)
        episode = self.server_.pictures.episode(entry.folder)
        at = next((n for n, step in enumerate(episode.steps) if step.index == index), None)
        if at is None:
            raise Refused(404, f"the episode has no step {index + 1}")
        return _FoundStep(entry, episode, at)

    # --- commands ---

    def _do(self) -> None:
        server = self.server_
        body = self.json_body()
        sent, origin = self.headers.get("X-Handeye-Token", ""), self.headers.get("Origin")
        if not server.command_token:
            raise Refused(403, "this site only shows runs: start it with --allow-runs to start some from it")
        if origin is None or not same(sent, server.command_token):
            raise Refused(403, "that does not come from a page of this site: load it again")
        try:
            command = read_site_command(body)
        except (ValidationError, RecursionError) as error:
            raise Refused(400, explained(error)) from error
        try:
            self.send_json({"job": self._done(command).number})
        except HandeyeError as error:
            raise Refused(409, str(error)) from error

    def _done(self, command: SiteCommand) -> Job:
        jobs = self.server_.jobs
        match command:
            case StartRun():
                return jobs.run(command)
            case StopJob(job=number):
                job = jobs.job(number)
                job.stop()
                return job
            case _:
                entry = self._entry(command.episode)
                if entry.kind != "episode":
                    raise Refused(422, "that is no episode")
                return jobs.replay(command, entry)

    def _start(self, query: Query) -> None:
        key = query.get("like", [""])[0]
        like = self.server_.pictures.episode(self._entry(key).folder) if key else None
        self._html(pages.start_page(self.server_.site, like))

    def _jobs(self) -> None:
        self._html(pages.jobs_page(self.server_.site, self.server_.jobs.all()))

    def _job(self, job: Job, *, state: bool) -> None:
        if state:
            lives, live = job.lives, job.live  # before the words: a page asks no more once it lives no more
            tone, words = job.words
            said = {"tone": tone, "words": words, "live": live, "lives": lives, "log": clip(job.log, 200_000)}
            return self.send_json(said)
        entry = self.server_.catalog.find(self.server_.catalog.key(job.episode))
        return self._html(pages.job_page(self.server_.site, job, entry.address if entry else ""))

    def _result(self, entry: RunEntry) -> None:
        html = self.server_.catalog.results.page(entry.folder, self.server_.place)
        self._html(html, policy="frame-ancestors 'none'")  # beside the page's own, in its head

    def _episode(self, entry: RunEntry) -> None:
        episode = self.server_.pictures.episode(entry.folder)
        others = partners(entry, self.server_.catalog.entries())
        steps = page_steps(episode)
        self._html(pages.episode_page(self.server_.site, entry, page_header(episode), steps, others))

    def _screen(self, one: _FoundStep, *, small: bool) -> None:
        self._picture(self.server_.pictures.screen(one.entry.folder, one.episode.steps[one.at], small=small))

    def _picture(self, coded: Coded) -> None:
        self.send(HTTPStatus.OK, f"image/{coded[0]}", coded[1])

    def _changes(self, one: _FoundStep) -> None:
        self.send_json({"changes": changes_after(one.episode, one.at)})

    def _sent(self, one: _FoundStep) -> None:
        from agent.views.site.question import SentPicture, question_of  # every dialect is loaded

        question, steps = question_of(one.episode, one.at), one.episode.steps

        def told(part: str | SentPicture) -> object:
            if isinstance(part, str):
                return part
            at = steps[part.step].index
            address = f"as-sent/{at}?scale={part.scale:g}"
            return {"src": address, "number": at + 1, "width": part.width, "height": part.height}

        messages = [{"role": one.role, "parts": [told(part) for part in one.parts]} for one in question.messages]
        self.send_json({"notes": list(question.notes), "messages": messages})

    def _as_sent(self, one: _FoundStep) -> None:
        from agent.views.site.question import sent_picture

        scale = re.search(r"\?scale=(1|0\.[0-9]{1,6})$", self.path)
        image = sent_picture(one.episode, one.at, float(scale[1]) if scale else 1.0)
        self.send(HTTPStatus.OK, "image/png", encode_png(image))
