"""When a device needs somebody: conditions that last become one case of the device. Pure.

Study §12, DV01: 设备离线/遮挡/移位/失真, five minutes without a heartbeat or a failed look.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

DEVICE, FAULT = "device", "fault"
LASTING = timedelta(minutes=5)
OFFLINE = "offline"
FAULTS: dict[str, str] = {
    OFFLINE: "设备离线",
    "no_signal": "无信号",
    "frozen": "画面冻结",
    "blurred": "画面模糊",
    "covered": "镜头遮挡",
    "moved": "镜头移位",
    "mic_dead": "拾音器无声",
    "calibration_expired": "校准过期",
    "disk_low": "磁盘不足",
}
"""What somebody has to go for. Darkness, glare and a clipping microphone pass by themselves."""


@dataclass(frozen=True, slots=True, order=True)
class Device:
    """A camera or microphone of a box; without `stream` the box itself."""

    site: str
    box: str
    stream: str = ""

    @property
    def place(self) -> str:
        """Where a case of it is: what people know it by."""
        return self.stream or self.box


@dataclass(frozen=True, slots=True)
class Word:
    """A condition of a device that is raised, and since when."""

    device: Device
    condition: str
    since: datetime


@dataclass(frozen=True, slots=True)
class Trouble:
    """A device that has been in trouble for long enough."""

    device: Device
    since: datetime
    note: str

    @property
    def origin(self) -> str:
        """Its name for ever: the same trouble is filed once."""
        return f"{origin_of(self.device)}{self.since.isoformat()}"


def origin_of(device: Device) -> str:
    """What origins of all troubles of a device begin with."""
    return f"fault:{device.site}/{device.box}/{device.stream}:"


def device_of(origin: str) -> Device | None:
    """The device of such an origin; None for any other."""
    kind, _, rest = origin.partition(":")
    parts = rest.partition(":")[0].split("/")
    return Device(*parts) if kind == "fault" and len(parts) == 3 else None


def troubles(words: Iterable[Word], now: datetime) -> tuple[Trouble, ...]:
    """Devices with a fault that has lasted; a box that is away speaks for its cameras, too."""
    lasting: dict[Device, list[Word]] = {}
    for word in words:
        if word.condition in FAULTS and now - word.since >= LASTING:
            lasting.setdefault(word.device, []).append(word)
    away = {(d.site, d.box) for d, of in lasting.items() if any(w.condition == OFFLINE for w in of)}
    return tuple(
        Trouble(device, min(word.since for word in of), _note(of))
        for device, of in sorted(lasting.items())
        if not device.stream or (device.site, device.box) not in away
    )


def in_trouble(words: Iterable[Word], device: Device) -> bool:
    """Whether any fault of the device is raised now."""
    return any(w.condition in FAULTS and w.device == device for w in words)


def _note(words: Iterable[Word]) -> str:
    named = sorted(words, key=lambda word: (word.since, word.condition))
    return "、".join(FAULTS[word.condition] for word in named)
