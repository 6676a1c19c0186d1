"""Settings refuse nonsense with a text that says what is allowed."""

from pathlib import Path
from typing import Any

import pytest

from central.cases.retention import Policy
from central.settings import SettingsError, is_loopback, load
from central.sweeper import policy_of


def test_options_stand_over_environment_over_defaults() -> None:
    settings = load({"port": 9000, "host": None}, {"JINMU_PORT": "7000", "JINMU_HOST": "::1"})
    assert (settings.port, settings.host, settings.timezone) == (9000, "::1", "Asia/Shanghai")


def test_the_embedded_database_lies_in_the_data_directory(tmp_path: Path) -> None:
    settings = load({"data_dir": tmp_path}, {})
    assert settings.embedded
    assert settings.database == f"sqlite:///{tmp_path}/jinmu.db"
    given = load({"database_url": "postgresql://jinmu@db/jinmu"}, {})
    assert not given.embedded
    assert given.database == "postgresql+psycopg://jinmu@db/jinmu"


@pytest.mark.parametrize(
    ("option", "value", "says"),
    [
        ("port", "70000", "--port / JINMU_PORT"),
        ("port", "x", "--port / JINMU_PORT"),
        ("database_url", "mysql://a/b", "sqlite, postgresql"),
        ("database_url", "nonsense", "sqlite:///"),
        ("database_url", "sqlite://", "needs a file"),
        ("broker_url", "http://x", "mqtt://HOST"),
        ("broker_url", "mqtt://", "mqtt://HOST"),
        ("broker_url", "mqtt://h:port", "--broker-url"),
        ("public_url", "jinmu.example", "https://jinmu.example"),
        ("timezone", "Mars/Base", "Asia/Shanghai"),
        ("timezone", "../etc/passwd", "Asia/Shanghai"),
        ("site", "PUJIN", "--site"),
        ("log_level", "loud", "--log-level"),
        ("retain_void_days", "29", "at least 30 days"),
        ("retain_masked_days", "-1", "--retain-masked-days"),
    ],
)
def test_nonsense_is_refused(option: str, value: str, says: str) -> None:
    with pytest.raises(SettingsError) as refused:
        load({option: value}, {})
    assert says in str(refused.value)


def test_a_refusal_never_shows_a_password() -> None:
    for url in ("mysql://u:s3cret@h/d", "postgresql://u:s3cret@h:port/d"):
        with pytest.raises(SettingsError) as refused:
            load({"database_url": url}, {})
        assert "s3cret" not in str(refused.value)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "10.0.0.1", "example.org", ""])
def test_the_demo_stays_on_this_machine(host: str) -> None:
    with pytest.raises(SettingsError):
        load({"demo_login": True, "host": host}, {})


@pytest.mark.parametrize("host", ["127.0.0.1", "127.5.5.5", "::1", "localhost"])
def test_the_demo_runs_on_the_loopback(host: str) -> None:
    options: dict[str, Any] = {"demo_login": True, "host": host}
    assert load(options, {}).demo_login
    assert is_loopback(host)


def test_pictures_are_kept_for_ever_unless_it_is_said() -> None:
    assert not policy_of(load({}, {})).is_on
    days = policy_of(load({}, {"JINMU_RETENTION": "true", "JINMU_RETAIN_MASKED_DAYS": "0"}))
    assert days == Policy(30, 90, 0)
