"""E-mail over TLS, to a checked address; the message keeps its id when it is sent again."""

import contextlib
import smtplib
import socket
import ssl
from collections.abc import Sequence
from dataclasses import dataclass
from email.message import EmailMessage
from email.utils import format_datetime
from pathlib import Path
from typing import Literal

from central.tell.guard import Network, Resolve, addresses_of, pinned
from central.tell.message import NotSent, Outgoing, Refused, TryAgain
from central.tell.texts import cut, one_line

TIMEOUT_S = 10.0
SUBJECT_BYTES = 200


@dataclass(frozen=True, slots=True)
class Post:
    """A mail server and whom it sends for."""

    host: str
    port: int
    tls: Literal["tls", "starttls", "none"]
    sender: str
    user: str = ""
    password: str = ""
    ca_file: Path | None = None
    networks: Sequence[Network] = ()
    resolve: Resolve = addresses_of


class Mail:
    """Sends to one address."""

    repeats_are_harmless = False

    def __init__(self, post: Post) -> None:
        self._post = post

    def send(self, out: Outgoing) -> None:
        """Raises NotSent."""
        if not out.recipient:
            raise Refused("no address to send to")
        try:
            message = _message(self._post.sender, out)
        except ValueError:
            raise Refused("the recipient is no mail address") from None
        try:
            server = self._connect()
            try:
                if self._post.user:
                    server.login(self._post.user, self._post.password)
                server.send_message(message, self._post.sender, [out.recipient])
            finally:  # it was taken: how the goodbye goes does not matter
                with contextlib.suppress(OSError, smtplib.SMTPException):
                    server.quit()
        except (OSError, smtplib.SMTPException) as error:
            raise _fault(error) from None

    def close(self) -> None:
        """Nothing is kept open."""

    def _connect(self) -> smtplib.SMTP:
        post = self._post
        address = pinned(post.host, post.networks, post.resolve, plain=post.tls == "none")
        context = ssl.create_default_context(cafile=post.ca_file)
        if post.tls == "tls":
            return _PinnedTls(str(address), post, context)
        server = _Pinned(str(address), post)
        if post.tls == "starttls":
            server.starttls(context=context)
        return server


class _Pinned(smtplib.SMTP):
    """Connects to the checked address, while TLS still asks for the name."""

    def __init__(self, address: str, post: Post) -> None:
        self._address = address
        super().__init__(post.host, post.port, timeout=TIMEOUT_S)

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:  # noqa: ARG002
        return socket.create_connection((self._address, port), timeout)


class _PinnedTls(smtplib.SMTP_SSL):
    """The same with TLS from the first byte."""

    def __init__(self, address: str, post: Post, context: ssl.SSLContext) -> None:
        self._address = address
        super().__init__(post.host, post.port, timeout=TIMEOUT_S, context=context)

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        plain = socket.create_connection((self._address, port), timeout)
        return self.context.wrap_socket(plain, server_hostname=host)


def _message(sender: str, out: Outgoing) -> EmailMessage:
    message = EmailMessage()
    message["From"] = sender
    message["To"] = out.recipient
    message["Subject"] = cut(one_line(out.title), SUBJECT_BYTES)
    message["Date"] = format_datetime(out.at)
    message["Message-ID"] = f"<{out.id}@{sender.rpartition('@')[2]}>"
    message["Auto-Submitted"] = "auto-generated"
    message.set_content("\n".join(part for part in (out.text, out.link) if part) + "\n")
    if out.picture is not None:
        message.add_attachment(
            out.picture, maintype="image", subtype="jpeg", filename="picture.jpg"
        )
    return message


def _fault(error: Exception) -> NotSent:
    """The kind of an error, without its text: servers repeat addresses and commands."""
    match error:
        case smtplib.SMTPAuthenticationError():
            return Refused("the mail server refuses the user name or password")
        case smtplib.SMTPRecipientsRefused(recipients=given):
            lasting = all(code >= 500 for code, _ in given.values())
            return (Refused if lasting else TryAgain)("the mail server refuses the recipient")
        case smtplib.SMTPResponseException(smtp_code=code) if code >= 500:
            return Refused(f"the mail server refuses the message ({code})")
        case ssl.SSLError():
            return TryAgain("the mail server's certificate or TLS is not accepted")
        case _:
            return TryAgain(f"no connection to the mail server: {type(error).__name__}")
