"""Which devices need somebody: what lasts, a box for its cameras, names that stay. Tables."""

from datetime import timedelta

import pytest

from central.cases.devices import LASTING, Device, Trouble, Word, device_of, in_trouble, troubles
from tests.central.events import NOW

CAMERA, OTHER, BOX = (
    Device("pujin", "box-01", "gate"),
    Device("pujin", "box-02", "x"),
    Device("pujin", "box-01"),
)
LONG, SHORT = NOW - LASTING, NOW - LASTING + timedelta(seconds=1)

FROZEN = Word(CAMERA, "frozen", LONG)


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ([Word(CAMERA, "covered", LONG)], [(CAMERA, "镜头遮挡")]),
        ([Word(CAMERA, "covered", SHORT)], []),
        ([Word(CAMERA, "dark", LONG), Word(CAMERA, "mic_clipping", LONG)], []),
        (
            [Word(CAMERA, "moved", LONG), Word(CAMERA, "blurred", LONG - LASTING)],
            [(CAMERA, "画面模糊、镜头移位")],
        ),
        (
            [Word(CAMERA, "no_signal", LONG), Word(BOX, "offline", LONG)],
            [(BOX, "设备离线")],
        ),
        (
            [
                Word(OTHER, "frozen", LONG),
                Word(BOX, "disk_low", LONG),
                Word(CAMERA, "frozen", LONG),
            ],
            [(BOX, "磁盘不足"), (CAMERA, "画面冻结"), (OTHER, "画面冻结")],
        ),
    ],
)
def test_what_lasts_is_one_trouble_of_its_device(
    words: list[Word], expected: list[tuple[Device, str]]
) -> None:
    assert [(one.device, one.note) for one in troubles(words, NOW)] == expected


def test_a_trouble_is_named_by_device_and_beginning() -> None:
    for device in (CAMERA, BOX):
        assert device_of(Trouble(device, LONG, "").origin) == device
    assert device_of("storm:pujin/box-01/gate:20261124") is None
    assert device_of("") is None


def test_only_its_own_faults_are_a_device_s_trouble() -> None:
    words = [Word(CAMERA, "moved", SHORT), Word(OTHER, "dark", LONG)]
    assert in_trouble(words, CAMERA)
    assert not in_trouble(words, OTHER)
    assert not in_trouble(words, BOX)
