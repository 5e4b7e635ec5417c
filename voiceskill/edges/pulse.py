"""The devices of a sound server, PulseAudio or PipeWire, by the names that its user sees.

PortAudio knows a server as one device, behind which stands whatever is the usual one there. A Bluetooth loudspeaker is known to the
server alone. So the server is asked for its devices, and told by the environment, in the moment of opening, which one is meant:
PULSE_SINK and PULSE_SOURCE are read by libpulse, PIPEWIRE_NODE by PipeWire.
"""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

_ANSWER_SECONDS = 2.0
_LOOK_SECONDS = 30.0
"""How often it is looked whether a device is still there, should we not be told."""

_NAME = "voiceskill"
_NO_SINK = 0xFFFFFFFF
_TARGETS = ("PULSE_SINK", "PULSE_SOURCE", "PIPEWIRE_NODE")
_environment_lock = threading.RLock()


@dataclass(frozen=True, slots=True)
class Node:
    """A device of the server: `name` is its own for it, which lasts, `description` the one for people. `channels` is never 0."""

    name: str
    description: str
    is_input: bool
    channels: int
    rate: int
    is_default: bool


def list_nodes() -> tuple[Node, ...]:
    """All devices of the server, without the monitors of loudspeakers; none where there is no server, or it does not answer."""
    try:
        with server() as connected:
            usual = connected.server_info()
            sinks = [_node(sink, is_input=False, usual=usual.default_sink_name) for sink in connected.sink_list()]
            sources = [
                _node(source, is_input=True, usual=usual.default_source_name)
                for source in connected.source_list()
                if source.monitor_of_sink == _NO_SINK
            ]
    except Unreached:
        return ()
    return (*sources, *sinks)


def _node(found: Any, *, is_input: bool, usual: str) -> Node:
    spec = found.sample_spec
    return Node(found.name, found.description or found.name, is_input, max(1, found.channel_count), spec.rate, found.name == usual)


class Unreached(Exception):  # noqa: N818 - that there is no server is no error
    """There is no server, or it does not answer."""


@contextlib.contextmanager
def server() -> Iterator[Any]:
    """A connection to it. Raises Unreached, also when it is lost meanwhile."""
    try:
        import pulsectl
    except OSError as error:  # the library of PulseAudio is not installed
        raise Unreached from error
    try:
        with pulsectl.Pulse(_NAME, connect=False) as connection:
            connection.connect(timeout=_ANSWER_SECONDS)
            yield connection
    except pulsectl.PulseError as error:
        raise Unreached from error


@contextlib.contextmanager
def towards(node: str) -> Iterator[None]:
    """Have what is opened by way of the server meanwhile use the device of that name; the usual one, if the name is empty."""
    if not node:
        yield
        return
    with _environment_lock:
        kept = {name: os.environ.get(name) for name in _TARGETS}
        os.environ.update(dict.fromkeys(_TARGETS, node))
        try:
            yield
        finally:
            for name, value in kept.items():
                if value is None:
                    del os.environ[name]
                else:
                    os.environ[name] = value


class Absence:
    """Notices when a device goes: the server has what plays there play elsewhere, and nobody may hear it."""

    def __init__(self, node: str) -> None:
        """Look from now on, where `node` names a device."""
        self.gone = False
        self._node = node
        self._closed = False
        self._removed = False
        self._server: Any = None
        if node:
            threading.Thread(target=self._look, name="watch sound device", daemon=True).start()

    def close(self) -> None:
        """Look no more; any thread may call it."""
        self._closed = True
        if (connected := self._server) is not None:
            connected.event_listen_stop()

    def _look(self) -> None:
        import pulsectl

        def heed(event: Any) -> None:
            if event.t == "remove":
                self._removed = True
                raise pulsectl.PulseLoopStop

        # A server that goes takes the stream with it, which is noticed there.
        with contextlib.suppress(Unreached), server() as connected:
            connected.event_mask_set("sink", "source")
            connected.event_callback_set(heed)
            self._server = connected
            try:
                while not self._closed:
                    self._removed = False
                    if self._node not in {one.name for one in (*connected.sink_list(), *connected.source_list())}:
                        self.gone = True
                        return
                    if not self._removed:  # while we asked
                        connected.event_listen(timeout=_LOOK_SECONDS)
            finally:
                self._server = None
