"""POST to a channel: to the checked address alone, no redirects, no proxy, little and soon."""

import json
import ssl
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from central.tell.guard import Network, Resolve, addresses_of, parts_of, pinned
from central.tell.message import NotSent, Refused, SlowDown, TryAgain

CONNECT_S = 5.0
READ_S = 10.0
WHOLE_S = 20.0
MAX_ANSWER_BYTES = 64 * 1024
MUTE_S = 60.0
MAX_MUTE_S = 3600.0
RETRYABLE = frozenset({408, 425})


@dataclass(frozen=True, slots=True)
class Answer:
    """What the other side said."""

    status: int
    body: bytes

    def json(self) -> dict[str, Any]:
        """The body as an object; TryAgain when it is none."""
        try:
            value = json.loads(self.body)
        except ValueError:
            value = None
        if not isinstance(value, dict):
            raise TryAgain("the answer is not the JSON object that was expected")
        return value


class Http:
    """One channel's way out. `monotonic` gives seconds."""

    def __init__(
        self,
        networks: Sequence[Network] = (),
        ca_file: Path | None = None,
        resolve: Resolve = addresses_of,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._networks = networks
        self._resolve = resolve
        self._monotonic = monotonic
        context = ssl.create_default_context(cafile=ca_file) if ca_file else True
        self._client = httpx.Client(
            trust_env=False,
            follow_redirects=False,
            verify=context,
            timeout=httpx.Timeout(READ_S, connect=CONNECT_S),
            limits=httpx.Limits(max_keepalive_connections=1, keepalive_expiry=30),
        )

    def request(
        self,
        method: str,
        url: str,
        content: bytes = b"",
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """The answer with a status of 2xx; raises NotSent for everything else."""
        answer = self._ask(method, url, content, headers or {})
        raise_for(answer.status, answer.body)
        return answer

    def post_json(self, url: str, value: Any) -> Answer:
        """POST a value as JSON."""
        content = json.dumps(value, ensure_ascii=False).encode()
        return self.request("POST", url, content, {"content-type": "application/json"})

    def close(self) -> None:
        """Give back the connection."""
        self._client.close()

    def _ask(self, method: str, url: str, content: bytes, headers: Mapping[str, str]) -> Answer:
        parts = parts_of(url)
        host = parts.hostname or ""
        address = pinned(host, self._networks, self._resolve, plain=parts.scheme == "http")
        shown = f"[{address}]" if address.version == 6 else str(address)
        port = f":{parts.port}" if parts.port else ""
        to = parts._replace(netloc=f"{shown}{port}").geturl()
        sent = {**headers, "host": f"{host}{port}", "user-agent": "jinmu"}
        try:
            with self._client.stream(
                method, to, content=content, headers=sent, extensions={"sni_hostname": host}
            ) as response:
                return Answer(response.status_code, self._read(response))
        except httpx.TimeoutException:
            raise TryAgain("no answer in time") from None
        except (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError, OSError) as error:
            raise TryAgain(f"no connection: {type(error).__name__}") from None

    def _read(self, response: httpx.Response) -> bytes:
        """The body, no more and no longer than is reasonable."""
        until, body = self._monotonic() + WHOLE_S, bytearray()
        for part in response.iter_bytes():
            body += part
            if len(body) > MAX_ANSWER_BYTES or self._monotonic() > until:
                raise TryAgain("the answer is too long")
        retry_after = response.headers.get("retry-after", "")
        if response.status_code in (429, 503) and retry_after.isdecimal():
            after_s = min(MAX_MUTE_S, float(retry_after[:6]))
            raise SlowDown(f"asked to wait (HTTP {response.status_code})", after_s)
        return bytes(body)


def raise_for(status: int, body: bytes = b"") -> None:  # noqa: ARG001 may hold our key
    """Raises NotSent unless the status is 2xx."""
    fault: NotSent
    if 200 <= status < 300:
        return
    if status == 429:
        fault = SlowDown("too many messages (HTTP 429)", MUTE_S)
    elif 300 <= status < 400:
        fault = Refused(f"redirects elsewhere (HTTP {status}): write the final address")
    elif status < 500 and status not in RETRYABLE:
        fault = Refused(f"refused (HTTP {status})")
    else:
        fault = TryAgain(f"a fault of the other side (HTTP {status})")
    raise fault
