"""Serving others in the house: what answers, hears and speaks for them, beside the bedside or without it."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager

from voiceskill import __version__
from voiceskill.addresses import Address, Door, parse_address
from voiceskill.app import App
from voiceskill.core.conversation import Conversation
from voiceskill.core.visiting import for_visitors
from voiceskill.edges.alerts import NoAlerts
from voiceskill.edges.clock import MonotonicClock, TimeOfDay
from voiceskill.edges.synthesisers.cache import Cached
from voiceskill.ports import Clock, Fault
from voiceskill.settings import BadSettings
from voiceskill.visitors import Visitors, is_visitors

_log = logging.getLogger(__name__)

USUAL_ADDRESS = "tcp://127.0.0.1:10500"

_LOOK_SECONDS = 1.0
"""How often it is looked whether a visitor's question lapsed."""


def wyoming_address(app: App, asked_for: str | None = None) -> Address:
    """Where to listen: as asked for, else as the settings say, else the usual address.

    Raises BadSettings where that is no address, or others could reach it though the settings admit nobody.
    """
    try:
        address = parse_address(asked_for or app.settings.wyoming or USUAL_ADDRESS)
    except ValueError as error:
        raise BadSettings(str(error)) from error
    if not address.is_loopback and not app.settings.wyoming_allow:
        raise BadSettings(
            f"tcp://{address} can be reached by others, and nobody who asks says who they are: "
            'set wyoming_allow in the settings to your own network, such as ["192.168.1.0/24"]'
        )
    return address


@contextmanager
def wyoming(app: App, address: Address, *, alone: bool = True) -> Iterator[Address]:
    """Serve over Wyoming meanwhile, at the address given back. Raises Fault, and ModelMissing, where that cannot be.

    Where nobody is served at the bedside, `alone`, we go on with alerts of visitors that were under way when the power went.
    """
    from voiceskill.edges.wyoming.offer import Offer  # here, so that who serves nobody need not wait for it at the start
    from voiceskill.edges.wyoming.server import WyomingServer

    with ExitStack() as stack:
        clock = MonotonicClock()
        visitors = build_visitors(app, clock)
        alerter = app.alarms.alerter

        def work() -> None:
            visitors.work()
            if alerter:
                alerter.tick()

        stack.enter_context(_looked_after(work))
        offer = Offer(
            answering=visitors,
            recogniser=app.own_recogniser(),
            synthesiser=stack.enter_context(closing(Cached(app.synthesiser(), app.home.cache / "speech", app.speech_cache_bytes))),
            about=app.skill.name,
            language=app.skill.language,
            version=__version__,
        )
        server = stack.enter_context(WyomingServer(offer, address, Door.of(app.settings.wyoming_allow), clock))
        if alone and alerter:
            alerter.recall(is_visitors)
        yield server.address


@contextmanager
def beside_the_bed(app: App) -> Iterator[None]:
    """Serve meanwhile if the settings say where. That it cannot be done is no reason not to listen at the bedside.

    Raises BadSettings for what its owner must mend first.
    """
    with ExitStack() as stack:
        if app.settings.wyoming:
            address = wyoming_address(app)
            try:
                stack.enter_context(wyoming(app, address, alone=False))
            except BadSettings:
                raise
            except Fault as fault:
                _log.warning("%s; until then nobody elsewhere in the house is answered", fault)
        yield


def build_visitors(app: App, clock: Clock) -> Visitors:
    """What answers those who ask from elsewhere. Raises BadSettings where the skill has no words for them."""
    if app.skill.visitors is None:
        raise BadSettings(f'{app.home.intents / "skill.yaml"}: has no "visitors": add what is said to those who ask from elsewhere')
    alerter = app.alarms.alerter
    visitors = Visitors(
        Conversation(for_visitors(app.skill), app.interpreter(), app.manners(alerts=alerter is not None)),
        app.skill.visitors,
        clock=clock,
        now=TimeOfDay(clock).now,
        alerts=alerter or NoAlerts(),
    )
    if alerter:
        alerter.report(visitors.post)
    return visitors


@contextmanager
def _looked_after(work: Callable[[], None]) -> Iterator[None]:
    over = threading.Event()

    def look() -> None:
        while not over.wait(_LOOK_SECONDS):
            work()

    thread = threading.Thread(target=look, name="visitors", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
