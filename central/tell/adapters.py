"""From a channel of `channels.yaml` to what sends on it."""

from collections.abc import Callable
from datetime import datetime
from typing import Protocol
from urllib.parse import urlencode

from central.tell.book import (
    AnyChannel,
    DingTalkRobotChannel,
    EmailChannel,
    SmsChannel,
    WebhookChannel,
    WeComAppChannel,
    WeComRobotChannel,
)
from central.tell.dingtalk import DingTalkRobot
from central.tell.guard import Resolve, addresses_of
from central.tell.http import Http
from central.tell.mail import Mail, Post
from central.tell.message import Outgoing
from central.tell.sms import Gateway, Sms
from central.tell.webhook import Webhook, key_of
from central.tell.wecom import App, WeComApp, WeComRobot


class Adapter(Protocol):
    """Sends one message; `repeats_are_harmless`: the other side drops what it has had already."""

    repeats_are_harmless: bool

    def send(self, out: Outgoing) -> None:
        """Return when the other side has taken it; raise NotSent otherwise."""

    def close(self) -> None:
        """Give back connections."""


def make_adapter(
    channel: AnyChannel, now: Callable[[], datetime], resolve: Resolve = addresses_of
) -> Adapter:
    """The adapter of a channel; nothing is connected yet."""
    if isinstance(channel, EmailChannel):
        return Mail(_post(channel, resolve))
    http = Http(channel.allow_networks, channel.ca_file, resolve)
    match channel:
        case WeComAppChannel():
            secret = channel.secret.get_secret_value()
            app = App(channel.base_url, channel.corp_id, channel.agent_id, secret)
            return WeComApp(app, http, now)
        case WeComRobotChannel():
            return WeComRobot(channel.base_url, channel.key.get_secret_value(), http)
        case DingTalkRobotChannel():
            query = urlencode({"access_token": channel.access_token.get_secret_value()})
            url = f"{channel.base_url}/robot/send?{query}"
            return DingTalkRobot(url, channel.secret.get_secret_value(), http, now)
        case SmsChannel():
            return Sms(_gateway(channel), http)
        case WebhookChannel():
            keys = [key_of(secret.get_secret_value()) for secret in channel.secrets]
            return Webhook(channel.url, keys, http, now)


def _post(channel: EmailChannel, resolve: Resolve) -> Post:
    return Post(
        channel.host,
        channel.port,
        channel.tls,
        channel.sender,
        channel.user,
        channel.password.get_secret_value(),
        channel.ca_file,
        channel.allow_networks,
        resolve,
    )


def _gateway(channel: SmsChannel) -> Gateway:
    return Gateway(
        channel.url,
        {name: text.get_secret_value() for name, text in channel.fields.items()},
        channel.form,
        {name: text.get_secret_value() for name, text in channel.headers.items()},
        channel.well,
    )
