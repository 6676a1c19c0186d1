"""Each kind of channel over a real server: what goes out, and how refusals are understood."""

import base64
import hashlib
import hmac
import json
from collections.abc import Iterator
from email import message_from_bytes, policy
from urllib.parse import parse_qs

import pytest

from central.tell.adapters import Adapter, make_adapter
from central.tell.book import Book
from central.tell.message import NotSent, Outgoing, Refused, SlowDown, TryAgain
from tests.central.events import NOW
from tests.central.site import Moving
from tests.tell.servers import Got, Web, mail_server, ok, web

HOME = {"name": "c", "allow_networks": ["127.0.0.0/8"]}
NEW, OLD = (f"whsec_{base64.b64encode(bytes([n]) * 24).decode()}" for n in (1, 2))


@pytest.fixture
def server() -> Iterator[Web]:
    with web() as made:
        yield made


OPEN: list[Adapter] = []


@pytest.fixture(autouse=True)
def closed() -> Iterator[None]:
    """Every adapter gives its connections back."""
    yield
    while OPEN:
        OPEN.pop().close()


def adapter(clock: Moving | None = None, **channel: object) -> Adapter:
    book = Book.model_validate({"channels": [HOME | channel]})
    OPEN.append(make_adapter(book.channels[0], clock or Moving()))
    return OPEN[-1]


def out(**changes: object) -> Outgoing:
    values: dict[str, object] = {
        "id": "tell-7", "kind": "task", "recipient": "zhang|li", "title": "【堵塞】消防通道",
        "text": "案件 FL-20261124-0001", "link": "https://jinmu.example/cases/FL-20261124-0001",
        "urgent": True, "at": NOW, "events": ({"case_no": "FL-20261124-0001"},),
    }  # fmt: skip
    return Outgoing(**(values | changes))  # type: ignore[arg-type]


def wecom(server: Web, clock: Moving | None = None) -> Adapter:
    app = {"base_url": f"{server.url}/", "corp_id": "ww1", "agent_id": 7, "secret": "kanarie-app"}
    return adapter(clock, kind="wecom_app", **app)


def tokens(server: Web, *errcodes: int) -> None:
    """A WeCom that gives numbered tokens and answers sends with these codes, then with 0."""
    codes = list(errcodes)

    def answer(got: Got) -> tuple[int, bytes, dict[str, str]]:
        if got.path == "/cgi-bin/gettoken":
            number = sum(one.path == got.path for one in server.got)
            return ok({"errcode": 0, "access_token": f"token-{number}", "expires_in": 7200})
        return ok({"errcode": codes.pop(0) if codes else 0})

    server.answer = answer


def test_wecom_app_fetches_its_token_once_and_lets_repetitions_be_dropped(server: Web) -> None:
    tokens(server)
    app = wecom(server)
    app.send(out(text="长" * 2000))
    app.send(out())
    assert [got.path.rpartition("/")[2] for got in server.got] == ["gettoken", "send", "send"]
    assert parse_qs(server.got[0].query) == {"corpid": ["ww1"], "corpsecret": ["kanarie-app"]}
    assert server.got[1].query == "access_token=token-1"
    body = server.got[1].json()
    assert (body["touser"], body["agentid"], body["msgtype"]) == ("zhang|li", 7, "text")
    assert body["enable_duplicate_check"] == 1
    assert len(body["text"]["content"].encode()) <= 2048
    assert body["text"]["content"].endswith("…")
    assert app.repeats_are_harmless


@pytest.mark.parametrize("errcode", [42001, 40014])
def test_wecom_app_renews_a_token_that_ended(server: Web, errcode: int) -> None:
    tokens(server, errcode)
    wecom(server).send(out())
    assert [got.query for got in server.got if got.path.endswith("send")] == [
        "access_token=token-1", "access_token=token-2",
    ]  # fmt: skip


def test_wecom_app_renews_a_token_before_it_ends(server: Web) -> None:
    tokens(server)
    clock = Moving()
    app = wecom(server, clock)
    app.send(out())
    clock.forward(seconds=7200 - 60)
    app.send(out())
    assert server.got[-1].query == "access_token=token-2"


@pytest.mark.parametrize(
    ("errcode", "fault"),
    [(45009, SlowDown), (-1, TryAgain), (81013, Refused), (40001, Refused), (60020, Refused)],
)
def test_wecom_codes_are_understood(server: Web, errcode: int, fault: type[NotSent]) -> None:
    tokens(server, errcode)
    with pytest.raises(fault, match=str(errcode)):
        wecom(server).send(out())


def test_wecom_robot_sends_text_then_picture(server: Web) -> None:
    robot = adapter(kind="wecom_robot", base_url=server.url, key="kanarie-robot")
    robot.send(out(recipient="13800000001"))
    robot.send(out(picture=b"\xff\xd8jpeg"))
    text, picture = (got.json() for got in server.got)
    assert server.got[0].path == "/cgi-bin/webhook/send"
    assert server.got[0].query == "key=kanarie-robot"
    assert text["text"]["mentioned_mobile_list"] == ["13800000001"]
    assert base64.b64decode(picture["image"]["base64"]) == b"\xff\xd8jpeg"
    assert picture["image"]["md5"] == hashlib.md5(b"\xff\xd8jpeg").hexdigest()
    with pytest.raises(Refused, match="2 MB"):
        robot.send(out(picture=b"x" * (2 * 1024 * 1024 + 1)))


def test_dingtalk_robot_signs_with_the_moment_and_is_silent_for_ten_minutes(server: Web) -> None:
    robot = adapter(
        kind="dingtalk_robot", base_url=server.url, access_token="t", secret="SECkanarie"
    )
    robot.send(out())
    query = parse_qs(server.got[0].query)
    at_ms = query["timestamp"][0]
    assert int(at_ms) == int(NOW.timestamp() * 1000)
    said = hmac.new(b"SECkanarie", f"{at_ms}\nSECkanarie".encode(), hashlib.sha256).digest()
    assert query["sign"] == [base64.b64encode(said).decode()]
    assert query["access_token"] == ["t"]
    server.answer = lambda _: ok({"errcode": 410100, "errmsg": "send too fast"})
    with pytest.raises(SlowDown) as slow:
        robot.send(out())
    assert slow.value.after_s == 600


def test_webhook_is_a_signed_cloud_event_with_every_key(server: Web) -> None:
    hook = adapter(kind="webhook", url=f"{server.url}/in", secrets=[NEW, OLD])
    hook.send(out())
    hook.send(out(repeated=True))
    first, again = server.got
    assert first.headers["webhook-id"] == again.headers["webhook-id"] == "tell-7"
    assert first.headers["content-type"] == "application/cloudevents+json"
    said = f"tell-7.{first.headers['webhook-timestamp']}.".encode() + first.body
    expected = [
        "v1," + base64.b64encode(hmac.new(bytes([n]) * 24, said, "sha256").digest()).decode()
        for n in (1, 2)
    ]
    assert first.headers["webhook-signature"].split() == expected
    event = first.json()
    assert (event["specversion"], event["id"], event["type"]) == ("1.0", "tell-7", "jinmu.told.v1")
    assert event["data"]["messages"] == [{"case_no": "FL-20261124-0001"}]


@pytest.mark.parametrize(
    ("status", "headers", "fault"),
    [
        (429, {"retry-after": "77"}, SlowDown), (429, {}, SlowDown), (503, {}, TryAgain),
        (500, {}, TryAgain), (408, {}, TryAgain), (404, {}, Refused), (410, {}, Refused),
        (302, {"location": "http://127.0.0.1:1/"}, Refused),
    ],
)  # fmt: skip
def test_http_statuses_are_understood(
    server: Web, status: int, headers: dict[str, str], fault: type[NotSent]
) -> None:
    server.answer = lambda _: (status, b"kanarie", headers)
    with pytest.raises(fault) as raised:
        adapter(kind="webhook", url=f"{server.url}/in", secrets=[NEW]).send(out())
    assert len(server.got) == 1, "redirects are not followed"
    assert "kanarie" not in str(raised.value)
    if headers.get("retry-after"):
        assert raised.value.after_s == 77  # type: ignore[attr-defined]


def test_an_endless_answer_is_cut_off(server: Web) -> None:
    server.answer = lambda _: (200, b"x" * 10_000_000, {})
    with pytest.raises(TryAgain, match="too long"):
        adapter(kind="webhook", url=f"{server.url}/in", secrets=[NEW]).send(out())


def test_sms_fields_are_encoded_never_pasted(server: Web) -> None:
    sms = {"kind": "sms", "url": f"{server.url}/sms", "headers": {"x-key": "kanarie-sms"}}
    fields = {"mobile": "{to}", "content": "【锦目】{text}", "ref": "{id}"}
    evil = out(recipient='1","admin":"1', text='{to} {id} "&mobile=2', link="")
    adapter(fields=fields, **sms).send(evil)
    body = server.got[0].json()
    assert set(body) == {"mobile", "content", "ref"}
    assert body["content"].endswith('{to} {id} "&mobile=2')
    assert server.got[0].headers["x-key"] == "kanarie-sms"
    adapter(fields=fields, form="form", **sms).send(evil)
    assert parse_qs(server.got[1].body.decode())["mobile"] == ['1","admin":"1']
    server.answer = lambda _: (200, b'{"code": 9}', {})
    with pytest.raises(TryAgain, match="does not say"):
        adapter(fields=fields, well='"code": 0', **sms).send(evil)


def mail(port: int, **changes: object) -> Adapter:
    values: dict[str, object] = {
        "kind": "email", "host": "localhost", "port": port, "tls": "none", "user": "jinmu",
        "password": "kanarie-mail-1", "sender": "jinmu@street.example",
        "allow_networks": ["127.0.0.0/8", "::1/128"],
    }  # fmt: skip
    return adapter(**(values | changes))


def test_mail_has_a_lasting_id_and_no_foreign_headers() -> None:
    with mail_server() as (box, port):
        for _ in range(2):
            mail(port).send(
                out(recipient="a@b.example", title="一\r\nBcc: x@y.example", picture=b"j")
            )
    first, again = (message_from_bytes(one.content, policy=policy.default) for one in box.mails)
    assert first["Message-ID"] == again["Message-ID"] == "<tell-7@street.example>"
    assert first["Bcc"] is None
    assert first["Subject"] == "一 Bcc: x@y.example"
    assert box.mails[0].rcpt_tos == ["a@b.example"]
    body = first.get_body()
    assert body is not None
    assert "FL-20261124-0001" in body.get_content()
    assert [part.get_content() for part in first.iter_attachments()] == [b"j"]


def test_mail_refusals_are_understood() -> None:
    with mail_server() as (box, port):
        with pytest.raises(Refused, match="user name or password"):
            mail(port, password="wrong").send(out(recipient="a@b.example"))
        for line, fault in (("550 kanarie", Refused), ("451 later", TryAgain)):
            box.refuse = line
            with pytest.raises(fault) as raised:
                mail(port).send(out(recipient="a@b.example"))
            assert "kanarie" not in str(raised.value)
    with pytest.raises(TryAgain):
        mail(port).send(out(recipient="a@b.example"))
    assert box.mails == []


def test_a_header_is_not_split_by_an_address() -> None:
    with mail_server() as (_, port), pytest.raises(Refused):
        mail(port).send(out(recipient="a@b.example\r\nBcc: x@y.example"))


def test_the_whole_text_of_a_message_is_json_whatever_is_in_it(server: Web) -> None:
    adapter(kind="wecom_robot", base_url=server.url, key="k").send(out(text='"}\u2028\\'))
    assert json.loads(server.got[0].body)["text"]["content"].count('"}\u2028\\') == 1
