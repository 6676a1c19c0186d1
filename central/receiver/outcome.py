"""What became of messages: values and words, no I/O."""

from dataclasses import dataclass, replace

from central import store
from central.intake import Item, Refusal, Taken, TakenState, printable
from edge.events import IncidentEvent, to_json


@dataclass(frozen=True, slots=True)
class Done:
    """What became of one message."""

    item: Item
    verdict: store.Verdict


def scene_of(item: Item) -> str:
    """Receivers side by side draw case numbers scene by scene, so they do not lock each other."""
    if isinstance(item, Taken) and isinstance(item.event, IncidentEvent):
        return item.event.data.scene
    return ""


def places_of(items: list[Item]) -> set[tuple[str, str]]:
    """Scene and place of every incident: one case at a time is filed at each of them."""
    return {
        (item.event.data.scene, item.event.subject)
        for item in items
        if isinstance(item, Taken) and isinstance(item.event, IncidentEvent)
    }


def topics(done: list[Done]) -> list[str]:
    """What changed, for people who look at it."""
    changed: set[str] = set()
    for one in done:
        match one.item:
            case Taken() if one.verdict.kind == "filed":
                changed |= {"incidents", "cases", "boxes"}
            case TakenState():
                changed.add("boxes")
    return sorted(changed, key=("cases", "incidents", "boxes").index)


def as_poison(item: Item, error: Exception) -> Refusal:
    """The refusal of a message that the store could not take."""
    reason = printable(f"could not be stored: {type(error).__name__}")
    if isinstance(item, Refusal):
        return replace(item, code="poison", reason=reason, event_id=None)
    name = f"jinmu/v1/{item.sender.site}/{item.sender.box}"
    if isinstance(item, TakenState):
        return Refusal(item.sender, f"{name}/state", to_json(item.state), "poison", reason)
    event = item.event
    return Refusal(
        item.sender,
        f"{name}/event",
        item.body,
        "poison",
        reason,
        event_id=event.id,
        epoch=event.epoch,
        seq=event.seq if event.seq < 2**53 else 0,
        seal=item.seal,
    )


def short(error: Exception) -> str:
    """First line of an error; database errors carry statements and values behind it."""
    return str(error).partition("\n")[0][:200]
