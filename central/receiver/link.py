"""paho-mqtt behind a thin adapter that keeps clear of its traps.

The callback only puts messages into a bounded queue and never raises (an exception there would
kill paho's thread, or acknowledge what failed). Messages are acknowledged by hand after the
commit, and only on the connection they came from, because paho's message numbers start again with
every connection. A full queue blocks the network thread: that is the back-pressure.
"""

import contextlib
import queue
import socket
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import structlog
from paho.mqtt.client import Client, ConnectFlags, DisconnectFlags, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from central.settings import BROKER_PORTS

KEEPALIVE_S = 60
SESSION_EXPIRY_S = 3600  # the broker keeps what arrives while we restart; nothing depends on it
RECEIVE_MAXIMUM = 200
MAX_KEPT_BYTES = 256 * 1024  # of one message; more is never looked at
MAX_USER_PROPERTIES = 16
MAX_IN_FLIGHT = 20  # mosquitto's own limit, which paho does not read

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Letter:
    """One MQTT message as it came; `connection` is the number of the connection it came on."""

    topic: str
    payload: bytes
    retained: bool
    mid: int
    qos: int
    connection: int
    user: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Address:
    """Where the broker is and who we are there."""

    broker_url: str
    client_id: str
    site: str = "+"
    share: str = ""
    """Name of the group of receivers that share the events; empty: this one gets them all."""
    identity: Path | None = None
    """Folder with ca.pem, client.pem and client.key: who we are at a broker that asks."""

    @property
    def topics(self) -> tuple[str, str]:
        """Events and states. Every receiver hears every state: the retained ones are not shared."""
        events = f"jinmu/v1/{self.site}/+/event"
        shared = f"$share/{self.share}/{events}" if self.share else events
        return shared, f"jinmu/v1/{self.site}/+/state"


class Link:
    """One client of the broker with its network thread; retries for ever until `stop`."""

    def __init__(
        self, address: Address, inbox: "queue.Queue[Letter]", changed: Callable[[bool], None]
    ) -> None:
        """`changed` is told True and False when the broker comes and goes."""
        self._address = address
        self._inbox = inbox
        self._changed = changed
        self._up: bool | None = None
        self._stopping = threading.Event()
        self.connection = 0
        self._client = self._make_client()
        self._thread = threading.Thread(target=self._run, name="mqtt", daemon=True)

    @property
    def connected(self) -> bool:
        """Whether the broker has accepted us and not gone since."""
        return self._up is True

    @property
    def alive(self) -> bool:
        """Whether the network thread runs."""
        return self._thread.is_alive()

    def start(self) -> None:
        """Begin to connect; returns at once."""
        url = urlsplit(self._address.broker_url)
        assert url.hostname is not None
        properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
        # A receiver of a group that dies must not keep messages: the broker gives them to others.
        properties.SessionExpiryInterval = 0 if self._address.share else SESSION_EXPIRY_S
        properties.ReceiveMaximum = RECEIVE_MAXIMUM
        self._client.connect_async(
            url.hostname,
            url.port or BROKER_PORTS[url.scheme],
            KEEPALIVE_S,
            clean_start=bool(self._address.share),
            properties=properties,
        )
        self._thread.start()

    def stop(self) -> None:
        """Disconnect and end the network thread."""
        self._stopping.set()
        with contextlib.suppress(Exception):
            self._client.disconnect()
        self._client.loop_stop()
        if self._thread.is_alive():
            self._thread.join(timeout=5)

    def publish(self, topic: str, body: bytes) -> bool:
        """Hand a message over with QoS 1; False when there is no connection now."""
        if not self.connected:
            return False
        return self._client.publish(topic, body, qos=1).rc == MQTTErrorCode.MQTT_ERR_SUCCESS

    def ack(self, letter: Letter) -> None:
        """Tell the broker that the message is done with, if its connection still stands."""
        if letter.qos > 0 and letter.connection == self.connection and self.connected:
            self._client.ack(letter.mid, letter.qos)

    def _make_client(self) -> Client:
        client = Client(
            CallbackAPIVersion.VERSION2,
            client_id=self._address.client_id,
            protocol=MQTTProtocolVersion.MQTTv5,
            manual_ack=True,
        )
        url = urlsplit(self._address.broker_url)
        if url.username is not None:
            client.username_pw_set(unquote(url.username), unquote(url.password or ""))
        if url.scheme == "mqtts":
            client.tls_set(*_certificates(self._address.identity))
        client.reconnect_delay_set(min_delay=1, max_delay=10)
        client.max_inflight_messages_set(MAX_IN_FLIGHT)
        client.on_socket_open = _send_at_once
        client.on_connect = self._on_connect
        client.on_connect_fail = self._on_connect_fail
        client.on_disconnect = self._on_disconnect
        client.on_subscribe = self._on_subscribe
        client.on_message = self._on_message
        return client

    def _run(self) -> None:
        try:
            self._client.loop_forever(retry_first_connection=True)
        except BaseException as error:
            log.error("mqtt_thread_died", error=repr(error))
        finally:
            self._tell(False)

    def _on_connect(
        self,
        client: Client,
        _: Any,
        __: ConnectFlags,
        reason: ReasonCode,
        ___: Properties | None,
    ) -> None:
        if reason.is_failure:
            self._tell(False, reason=str(reason))
            return
        self.connection += 1
        for name in self._address.topics:
            client.subscribe(name, qos=1)
        self._tell(True)

    def _on_connect_fail(self, _: Client, __: Any) -> None:
        self._tell(False, reason="no connection")

    def _on_disconnect(
        self, _: Client, __: Any, ___: DisconnectFlags, reason: ReasonCode, ____: Properties | None
    ) -> None:
        self._tell(False, reason=str(reason))

    def _on_subscribe(
        self, _: Client, __: Any, ___: int, reasons: list[ReasonCode], ____: Properties | None
    ) -> None:
        if any(reason.is_failure for reason in reasons):
            log.error("subscription_refused", reasons=[str(reason) for reason in reasons])

    def _on_message(self, _: Client, __: Any, message: MQTTMessage) -> None:
        try:
            self._put(message)
        except Exception as error:
            log.error("message_not_taken", error=repr(error))

    def _put(self, message: MQTTMessage) -> None:
        letter = Letter(
            topic=message.topic,
            payload=bytes(message.payload[:MAX_KEPT_BYTES]),
            retained=message.retain,
            mid=message.mid,
            qos=message.qos,
            connection=self.connection,
            user=_user_properties(message),
        )
        while not self._stopping.is_set():
            with contextlib.suppress(queue.Full):
                self._inbox.put(letter, timeout=0.5)
                return

    def _tell(self, up: bool, **why: str) -> None:
        """Say it once per change of state."""
        if self._up is up or (self._stopping.is_set() and not up):
            self._up = up
            return
        self._up = up
        (log.info if up else log.warning)("broker_connected" if up else "broker_lost", **why)
        self._changed(up)


def _certificates(identity: Path | None) -> tuple[str | None, str | None, str | None]:
    """Authority, certificate and key; None: the system's authorities and no name of our own."""
    if identity is None:
        return None, None, None
    return str(identity / "ca.pem"), str(identity / "client.pem"), str(identity / "client.key")


def _user_properties(message: MQTTMessage) -> tuple[tuple[str, str], ...]:
    """At most a few: a seal has three."""
    found = getattr(message.properties, "UserProperty", None) or []
    return tuple((name, value) for name, value in found[:MAX_USER_PROPERTIES])


def _send_at_once(_: Client, __: Any, sock: Any) -> None:
    """Without this an acknowledgement waits about 40 ms for company (Nagle's algorithm)."""
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
