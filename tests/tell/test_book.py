"""channels.yaml: every fault names file, line, key and fix; no fault repeats a value."""

import re
from ipaddress import ip_network
from pathlib import Path

import pytest
from typer.testing import CliRunner

from central.cli import app
from central.tell.book import KINDS_OF_CHANNEL, load_book
from central.tell.guard import parts_of, pinned
from central.tell.http import Http
from central.tell.message import Hearer, NotSent, Refused, TryAgain
from central.yaml_file import FileFault
from tests.support import ROOT
from tests.tell.servers import ok, web

WELL = """\
inform_after_s: 10
channels:
  - name: wuye
    kind: wecom_app
    base_url: https://wework.pujin.example
    corp_id: ww1
    agent_id: 1000002
    secret: ${APP_SECRET}
    to: [zhang, li]
  - {name: grid, kind: dingtalk_robot, access_token: "${TOKEN}", secret: SECx, per_minute: 20}
  - name: post
    kind: email
    host: mail.pujin.example
    sender: jinmu@pujin.example
    to: [a@pujin.example, b@pujin.example]
parties:
  lead: [{channel: wuye}, {channel: post}]
  inform: [{channel: grid, to: ["13800000001"]}]
"""
EXAMPLE = ROOT / "channels.yaml"
KEY = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
ENVIRONMENT = {"APP_SECRET": "kanarie-1", "TOKEN": "kanarie-2"}


def write(folder: Path, text: str) -> Path:
    path = folder / "channels.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_good_file_says_who_hears_where(tmp_path: Path) -> None:
    book = load_book(write(tmp_path, WELL), ENVIRONMENT)
    lead = [(a.channel, a.recipient, a.picture, a.after_s) for a in book.addresses("task", "lead")]
    assert lead == [
        ("wuye", "zhang|li", False, 0), ("post", "a@pujin.example", False, 0),
        ("post", "b@pujin.example", False, 0),
    ]  # fmt: skip
    (grid,) = book.addresses("notice", "grid-17")
    assert (grid.channel, grid.recipient, grid.after_s) == ("grid", "13800000001", 10)
    assert book.addresses("escalation", "leader") == ()
    listed = [Hearer((("post", "leader@pujin.example"), ("gone", "x")))]
    (leader,) = book.addresses("escalation", "leader", listed)
    assert (leader.channel, leader.recipient) == ("post", "leader@pujin.example")
    assert book.addresses("task", "lead", listed) == book.addresses("task", "lead")
    assert book.channels[1].lane.rate.per_minute == 20
    assert "kanarie" not in repr(book)


SMS = """
channels:
  - {name: post, kind: email, host: mail.pujin.example, sender: jinmu@pujin.example}
  - name: sms
    kind: sms
    url: "https://sms.pujin.example/send"
    fields: {a: "{to}", b: "{text}"}
  - name: more
    kind: sms
    url: "https://sms2.pujin.example/send"
    fields: {a: "{to}", b: "{text}"}
"""


@pytest.mark.parametrize(
    ("one", "hears"),
    [
        (Hearer((), "138 0000-0008"), [("sms", "13800000008")]),
        (Hearer((), "+86 13800000008"), [("sms", "13800000008")]),
        (
            Hearer((("post", "li@pujin.example"),), "13800000008"),
            [("post", "li@pujin.example"), ("sms", "13800000008")],
        ),
        (Hearer((("more", "13900000009"),), "13800000008"), [("more", "13900000009")]),
        (Hearer((("gone", "x"),), "(021) 5555 0008"), []),
    ],
)
def test_a_mobile_phone_is_where_somebody_without_an_sms_channel_gets_sms(
    tmp_path: Path, one: Hearer, hears: list[tuple[str, str]]
) -> None:
    book = load_book(write(tmp_path, SMS), {})
    found = book.addresses("task", "org-7", [one, one])
    assert [(a.channel, a.recipient) for a in found] == hears


def test_without_an_sms_channel_a_phone_is_nobodys_address(tmp_path: Path) -> None:
    text = """
channels:
  - {name: post, kind: email, host: mail.pujin.example, sender: jinmu@pujin.example, to: [a@b.cn]}
"""
    book = load_book(write(tmp_path, text), {})
    assert book.addresses("task", "org-7", [Hearer((), "13800000008")]) == ()


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("kind: wecom_app", "kind: telegram", ":4: channels[0].kind: must be one of dingtalk"),
        ("agent_id: 1000002", "agent_id: many", ":7: channels[0].agent_id: should be a valid"),
        ("corp_id: ww1", "corp_id: ww1\n    corp: 1", ":7: channels[0].corp: unknown key"),
        ("    corp_id: ww1\n", "", ":3: channels[0].corp_id: is missing"),
        ("${TOKEN}", "${GONE}", ":10: channels[1].access_token: the environment has no GONE"),
        ("https://wework", "http://wework", ":3: channels[0]: without TLS allow_"),
        ("https://wework", "ftp://wework", ":5: channels[0].base_url: must begin with https://"),
        ("https://wework", "https://u:kanarie@wework", ":5: channels[0].base_url: holds a user"),
        ("per_minute: 20", "per_minute: 60", ":10: channels[1]: per_minute: this kind"),
        ("name: grid", "name: wuye", ":1: (file): channels: the name wuye is given twice"),
        ("{channel: post}", "{channel: fax}", ":1: (file): parties: lead hears on 'fax'"),
        ("sender: jinmu@pujin.example", "sender: kanarie", ":14: channels[2].sender: "),
        ("channels:", "channels: [", ":3: not YAML"),
        (WELL, "- a", ":1: must hold keys"),
    ],
)  # fmt: skip
def test_faults_name_line_key_and_fix(tmp_path: Path, old: str, new: str, says: str) -> None:
    assert old in WELL
    path = write(tmp_path, WELL.replace(old, new, 1))
    with pytest.raises(FileFault) as fault:
        load_book(path, ENVIRONMENT)
    assert str(fault.value).splitlines()[0].startswith(f"{path}{says}")
    assert "kanarie" not in str(fault.value)


@pytest.mark.parametrize(
    ("channel", "says"),
    [
        ("kind: webhook, url: 'https://a.example/', secrets: [kanarie]", "must be whsec_"),
        ("kind: sms, url: 'https://a.example/', fields: {a: '{to}'}", "one {text}"),
        ("kind: sms, url: 'https://a.example/', fields: {a: '{to}{text}{key}'}", "not key"),
        ("kind: sms, url: 'https://a.example/', fields: {a: '{to}{text}'}, well: '('", "regular"),
        ("kind: email, host: h, sender: a@b, tls: none", "allow_networks"),
        ("kind: dingtalk_robot, access_token: kanarie, pictures: true", "sends none"),
        ("kind: email, host: h, sender: a@b, ca_file: gone.pem", "no such file"),
    ],
)
def test_each_kind_is_checked(tmp_path: Path, channel: str, says: str) -> None:
    path = write(tmp_path, f"channels:\n  - {{name: c, {channel}}}\n")
    with pytest.raises(FileFault, match=says) as fault:
        load_book(path, {})
    assert "kanarie" not in str(fault.value)


@pytest.mark.parametrize(
    "address",
    ["127.0.0.1", "::1", "10.1.2.3", "192.168.0.4", "172.16.9.9", "169.254.169.254", "0.0.0.0",
     "100.64.0.1", "224.0.0.1", "fe80::1", "fd00::1", "::ffff:127.0.0.1", "::", "255.255.255.255"],
)  # fmt: skip
def test_no_private_address_is_reached_unless_it_is_named(address: str) -> None:
    with pytest.raises(Refused, match="allow_networks"):
        pinned("hook.example", (), lambda _: [address])
    with pytest.raises(Refused, match="allow_networks"):
        pinned("hook.example", (), lambda _: ["93.184.215.14", address])


def test_the_example_in_the_repository_is_right() -> None:
    environment = dict.fromkeys(re.findall(r"\$\{(\w+)\}", EXAMPLE.read_text("utf-8")), KEY)
    book = load_book(EXAMPLE, environment)
    assert {channel.kind for channel in book.channels} == KINDS_OF_CHANNEL
    assert book.addresses("task", "lead")


def test_without_tls_the_internet_is_not_reached() -> None:
    with pytest.raises(Refused, match="TLS"):
        pinned("hook.example", (), lambda _: ["93.184.215.14"], plain=True)
    assert str(pinned("hook.example", (), lambda _: ["93.184.215.14"])) == "93.184.215.14"
    with pytest.raises(TryAgain):
        pinned("hook.example", (), lambda _: [])


@pytest.mark.parametrize(
    "url", ["file:///etc/passwd", "gopher://a", "//a", "https://", "http://[", "x"]
)
def test_only_http_is_an_address(url: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        parts_of(url)


def test_nothing_reaches_a_server_whose_network_is_not_named() -> None:
    with web() as canary:
        http = Http((), resolve=lambda _: ["127.0.0.1"])
        for url in (canary.url, f"https://hook.example:{canary.port}/", "http://127.1:1/"):
            with pytest.raises(NotSent):
                http.request("POST", url)
        http.close()
        assert canary.got == []


def test_a_name_that_changes_its_address_is_still_reached_where_it_was_checked() -> None:
    answers = iter([["127.0.0.1"], ["10.0.0.1"]])
    with web() as server:
        server.answer = lambda _: ok()
        http = Http((ip_network("127.0.0.0/8"),), resolve=lambda _: next(answers))
        http.request("POST", f"http://hook.example:{server.port}/")
        http.close()
        assert server.got[0].headers["host"] == f"hook.example:{server.port}"


def test_the_command_tries_a_channel_and_says_how_it_went(tmp_path: Path) -> None:
    run = CliRunner()
    with web() as server:
        text = (
            "channels:\n  - {name: robot, kind: wecom_robot, key: kanarie-robot, "
            f"base_url: '{server.url}', allow_networks: [127.0.0.0/8]}}\n"
        )
        file = ["--channels-file", str(write(tmp_path, text))]
        done = run.invoke(app, ["tell", "test", "robot", *file])
        assert (done.exit_code, done.stdout) == (0, "robot: sent\n")
        assert "测试" in server.got[0].json()["text"]["content"]
        server.answer = lambda _: ok({"errcode": 93000})
        done = run.invoke(app, ["tell", "test", "robot", *file])
        assert done.exit_code == 1
        assert "robot: not sent: refused (errcode 93000)" in done.output
        assert run.invoke(app, ["tell", "test", "fax", *file]).exit_code == 2
        assert "at most 20 a minute" in run.invoke(app, ["tell", "check", *file]).stdout
    assert "kanarie" not in done.output
    missing = run.invoke(app, ["tell", "check", "--channels-file", str(tmp_path / "none.yaml")])
    assert missing.exit_code == 2
    assert "none.yaml: cannot be read" in missing.output
