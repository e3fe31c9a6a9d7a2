"""Joining the parts of one run. The only place where env, model, policy, memory, views and secrets are put together.

`assembled` takes your parts and wraps them in this order, each layer around the one before:

1. **secrets**: the env types values for placeholders and masks pictures; the model, the memory and the watcher are
   given placeholders only.
2. **live page**: the env waits while a person holds the run, the policy shows every action and asks on the page and on
   the terminal, the watcher tells the page. It sees what the secrets let through.
3. **stop**: the stop key and the corner of the env end the run for as long as the agent lives.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager

from rich.markup import escape

from agent.core.loop import Agent, Memory, NoMemory, Watcher
from agent.core.model import Model
from agent.core.policy import Allow, Policy
from agent.core.stop import Stop
from agent.guard.secrets import SecretEnv, SecretMemory, SecretModel, Secrets, SecretWatcher
from agent.views.live.page import LivePage
from agent.views.naming import NamingWatcher
from agent.views.terminal import console
from envs.env import Env
from envs.hotkey import watch_for_stop


@contextmanager
def assembled(
    env: Env,
    model: Model,
    *,
    policy: Policy | None = None,
    memory: Memory | None = None,
    watch: Watcher | None = None,
    ask: Callable[[str], str | None] = lambda question: None,
    check: Callable[[], bool] | None = None,
    secrets: Secrets | None = None,
    live: LivePage | None = None,
    stop: Stop | None = None,
    stop_key: bool = False,
    named: bool = False,
) -> Iterator[Agent]:
    """The agent of these parts; see the module for the order in which they are joined.

    Without a policy every action is allowed; without a memory nothing is kept. `ask` puts the agent's own question to a
    person, `check` tests the outcome. `live` is served while the agent lives; `stop_key` watches for the stop key and
    the corner. With `named` the watchers get what a step was meant for also where it has to be read on the screen. The
    caller closes env and memory. Raises `agent.core.errors.UserError` where the page cannot be served.
    """
    policy, memory, watch, stop = (
        policy or Allow(),
        memory or NoMemory(),
        watch or Watcher(),
        Stop() if stop is None else stop,
    )
    with ExitStack() as stack:
        if secrets:
            env = env if isinstance(env, SecretEnv) else SecretEnv(env, secrets)  # one that is open keeps its masks
            model, memory = SecretModel(model, secrets), SecretMemory(memory, secrets)
        if live is not None:
            served = stack.enter_context(live.served(env, policy, watch, stop))
            env, policy, watch, ask = served.env, served.policy, served.watch, served.ask
        if named:
            watch = NamingWatcher(watch)
        if secrets:
            watch = SecretWatcher(watch, secrets)
        if stop_key:
            stack.enter_context(stoppable(env, stop))
        yield Agent(env, model, policy, memory, stop, watch, ask, check)


@contextmanager
def stoppable(env: Env, stop: Stop) -> Iterator[None]:
    """Watch for the stop key and the corner, as far as this machine has them; say what is missing."""
    displays, corner = [env.display] if env.display else [], env.corner()
    if corner is None:
        watch = watch_for_stop(displays, stop.request)
    else:
        watch = watch_for_stop(displays, stop.request, position=env.pointer, corner=corner)
    with watch as problems:
        for problem in problems:
            console().print(f"[yellow]{escape(problem)}[/]", soft_wrap=True)
        yield
