"""One connection to an MQTT 5 broker: a thin adapter on paho, driven by the caller's own thread.

Why not paho's thread: an exception in a callback kills it while `is_connected()` stays true, and
its queue in memory outlives a connection. Here a connection is a value that is used up: when it is
lost, `LinkLost` is raised and a new `Link` is made; what was not acknowledged is the outbox's.
"""

import select
import socket
import ssl
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.subscribeoptions import SubscribeOptions

from edge.errors import EdgeError
from edge.identity import ClientCertificate

KEEPALIVE_S = 30
OPEN_LIMIT_S = 10.0
SESSION_EXPIRY_S = 3600  # the broker keeps acknowledgements for a box that is away
MAX_INFLIGHT = 20  # mosquitto's receive maximum, which paho never reads
MAX_INCOMING_BYTES = 256 * 1024
URL_FORM = (
    "the broker's URL must be mqtt://host[:port] or mqtts://user:password@host[:port], with"
    " special characters of the password percent-encoded"
)
FIXED_OVERHEAD_BYTES = 5 + 2 + 2 + 4  # fixed header, topic length, packet id, properties' length
PROPERTY_OVERHEAD_BYTES = 1 + 2 + 2  # which property, length of its name, length of its value


class LinkLost(EdgeError):
    """There is no connection to the broker, or not any more; the text holds no credentials."""


@dataclass(frozen=True, slots=True)
class Address:
    """Where the broker is and who we are there."""

    host: str
    port: int
    tls: bool
    user: str | None = field(default=None, repr=False)
    password: str | None = field(default=None, repr=False)

    @classmethod
    def from_url(cls, url: str) -> "Address":
        """Address of `mqtt://user:password@host:1883` or `mqtts://…:8883`.

        Raises ValueError, with nothing of the URL in it, for anything else.
        """
        try:
            parts = urlsplit(url)
            port, rest = parts.port, parts.path + parts.query + parts.fragment
        except ValueError:
            raise ValueError(URL_FORM) from None
        # A raw "/" in the password would make the user's name the host.
        if parts.scheme not in ("mqtt", "mqtts") or not parts.hostname or rest not in ("", "/"):
            raise ValueError(URL_FORM)
        tls = parts.scheme == "mqtts"
        user = unquote(parts.username) if parts.username else None
        password = unquote(parts.password) if parts.password else None
        return cls(parts.hostname, port or (8883 if tls else 1883), tls, user, password)


@dataclass(frozen=True, slots=True)
class Message:
    """Something to publish at QoS 1; `user` are MQTT 5 user properties."""

    topic: str
    payload: bytes
    retain: bool = False
    user: tuple[tuple[str, str], ...] = ()

    @property
    def packet_bytes(self) -> int:
        """Size of its PUBLISH packet, never less than the real one."""
        user_bytes = sum(
            PROPERTY_OVERHEAD_BYTES + len(name.encode()) + len(value.encode())
            for name, value in self.user
        )
        return FIXED_OVERHEAD_BYTES + len(self.topic.encode()) + len(self.payload) + user_bytes


@dataclass(frozen=True, slots=True)
class Route:
    """What a connection is for: its name, its will and the topic it listens to.

    `fresh`: only what is sent from now on is wanted, nothing that is retained or was kept for us.
    """

    address: Address
    client_id: str
    will: Message | None
    listen_to: str
    ca_file: Path | None = None
    certificate: ClientCertificate | None = None
    fresh: bool = False


class Link:
    """One connection, from `open` to LinkLost or `close`. For one thread.

    After `turn`, `taken` holds (mid, reason code) of PUBACKs and `received` the payloads that
    came; the caller empties both.
    """

    def __init__(self, route: Route, wake: socket.socket) -> None:
        self.taken: deque[tuple[int, int]] = deque()
        self.received: deque[bytes] = deque()
        self.max_packet_bytes: int | None = None
        self._route = route
        self._wake = wake
        self._end = ""
        self._accepted = self._subscribed = False
        self._client = self._make_client()

    def open(self) -> None:
        """Connect and subscribe; raises LinkLost when that cannot be done in `OPEN_LIMIT_S`."""
        address, fresh = self._route.address, self._route.fresh
        properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
        properties.SessionExpiryInterval = 0 if fresh else SESSION_EXPIRY_S
        properties.MaximumPacketSize = MAX_INCOMING_BYTES
        properties.ReceiveMaximum = MAX_INFLIGHT
        try:
            self._client.connect(
                address.host, address.port, KEEPALIVE_S, clean_start=fresh, properties=properties
            )
        except (OSError, ValueError) as error:  # ssl's errors and DNS's are among them
            raise LinkLost(str(error) or type(error).__name__) from None
        self._no_delay()
        self._wait(lambda: self._accepted, "the broker does not answer")
        # Always, also when the session is kept: an old mosquitto forgets subscriptions.
        self._client.subscribe(self._route.listen_to, options=_options(fresh))
        self._wait(lambda: self._subscribed, "the broker does not confirm the subscription")

    def publish(self, message: Message) -> int:
        """Send a message at QoS 1; gives the mid that `taken` will show."""
        properties = Properties(PacketTypes.PUBLISH)  # type: ignore[no-untyped-call]
        if message.user:
            properties.UserProperty = list(message.user)
        info = self._client.publish(
            message.topic, message.payload, 1, message.retain, properties=properties
        )
        if info.rc != paho.MQTT_ERR_SUCCESS:
            raise LinkLost(self._end or paho.error_string(info.rc))
        return info.mid

    def turn(self, timeout_s: float) -> None:
        """Wait for the network or for a byte at `wake`, and do what is to be done."""
        sock = self._client.socket()
        if sock is None:
            raise LinkLost(self._end or "the connection is closed")
        if _buffered(sock):
            timeout_s = 0.0
        writing = [sock] if self._client.want_write() else []
        readable, writable, _ = select.select([sock, self._wake], writing, [], timeout_s)
        if self._wake in readable:
            with suppress(BlockingIOError):
                self._wake.recv(4096)
        try:
            if sock in readable or _buffered(sock):
                self._client.loop_read()
                self._no_delay()
            if writable:
                self._client.loop_write()
            self._client.loop_misc()
        except Exception as error:  # paho on bytes that no broker should send
            raise LinkLost(f"the broker's answer is not understood: {error}") from error
        if self._end:
            raise LinkLost(self._end)

    def close(self) -> None:
        """Say good-bye, so that the will is not sent; never raises."""
        with suppress(Exception):
            self._client.disconnect()
        sock = self._client.socket()
        if sock is not None:
            sock.close()

    def _no_delay(self) -> None:
        """Else small packets wait 40 ms: Nagle's algorithm here or the broker's there."""
        sock = self._client.socket()
        if isinstance(sock, socket.socket):
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)  # Linux forgets it

    def _wait(self, done: Callable[[], bool], complaint: str) -> None:
        until = time.monotonic() + OPEN_LIMIT_S
        while not done():
            if time.monotonic() > until:
                raise LinkLost(complaint)
            self.turn(0.2)

    def _make_client(self) -> paho.Client:
        client = paho.Client(
            CallbackAPIVersion.VERSION2, self._route.client_id, protocol=paho.MQTTv5
        )
        address, will = self._route.address, self._route.will
        if address.user is not None:
            client.username_pw_set(address.user, address.password)
        if address.tls:
            client.tls_set_context(self._tls())
        if will is not None:
            client.will_set(will.topic, will.payload, qos=1, retain=will.retain)
        client.max_inflight_messages_set(MAX_INFLIGHT)
        client.on_connect = self._on_connect
        client.on_subscribe = self._on_subscribe
        client.on_disconnect = self._on_disconnect
        client.on_publish = lambda _c, _u, mid, reason, _p: self.taken.append((mid, reason.value))
        client.on_message = self._on_message
        return client

    def _tls(self) -> ssl.SSLContext:
        """Read anew for every connection: a renewed certificate is used from then on."""
        ours = self._route.certificate
        try:
            context = ssl.create_default_context(cafile=self._route.ca_file)
            if ours is not None:
                context.load_cert_chain(ours.cert_file, ours.key_file)
        except OSError as error:  # ssl's errors are among them
            raise LinkLost(f"the certificate cannot be used: {error.strerror or error}") from None
        return context

    def _on_connect(self, _c: Any, _u: Any, _f: Any, reason: Any, properties: Any) -> None:
        if reason.is_failure:
            self._end = f"the broker refuses us: {reason}"
            return
        self.max_packet_bytes = getattr(properties, "MaximumPacketSize", None)
        self._accepted = True

    def _on_subscribe(self, _c: Any, _u: Any, _m: Any, reasons: Any, _p: Any) -> None:
        if any(reason.is_failure for reason in reasons):
            self._end = f"the broker refuses the subscription: {reasons[0]}"
        self._subscribed = True

    def _on_message(self, _c: Any, _u: Any, message: Any) -> None:
        # A broker may give what is retained though it was asked not to.
        if not (self._route.fresh and message.retain):
            self.received.append(bytes(message.payload))

    def _on_disconnect(self, _c: Any, _u: Any, _f: Any, reason: Any, _p: Any) -> None:
        self._end = self._end or f"the connection ended: {reason}"


def _options(fresh: bool) -> SubscribeOptions:
    if fresh:
        return SubscribeOptions(qos=0, retainHandling=SubscribeOptions.RETAIN_DO_NOT_SEND)
    return SubscribeOptions(qos=1)


def _buffered(sock: Any) -> bool:
    """Whether TLS holds bytes that select cannot see."""
    pending = getattr(sock, "pending", None)
    return bool(pending is not None and pending() > 0)
