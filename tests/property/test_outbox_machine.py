"""Whatever happens between box, broker and central, in whatever order: nothing is lost."""

import shutil
import tempfile
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from edge.events import Ack, Rejection, parse_event
from edge.outbox import Outbox
from tests.delivery import accounted, device_event, picture_ref

CHOICE = st.integers(0, 10**6)


class OutboxMachine(RuleBasedStateMachine):
    """A box, a wire that loses, doubles and reorders, and a central that files or rejects."""

    @initialize()
    def start(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="jinmu-outbox-"))
        self.outbox = Outbox(self.folder / "outbox.db", rng=lambda: 0.5)
        self.now_ts = 0.0
        self.put_ids: list[str] = []
        self.wire: list[tuple[int, str]] = []
        self.filed: dict[str, int] = {}
        self.rejected: dict[str, int] = {}
        self.acks: list[Ack] = []
        self.awaited: list[int] = []

    def teardown(self) -> None:
        if hasattr(self, "outbox"):
            self.outbox.close()
            shutil.rmtree(self.folder)

    @rule(count=st.integers(1, 4), value=st.binary(max_size=8))
    def put(self, count: int, value: bytes) -> None:
        items = [(device_event(), [picture_ref(value + b"j")]) for _ in range(count)]
        events = self.outbox.put_all(items, {"zone": value})
        assert [event.seq for event in events] == [
            len(self.put_ids) + n for n in range(1, count + 1)
        ]
        self.put_ids += [event.id for event in events]
        assert self.outbox.load_state("zone") == value

    @rule(limit=st.integers(0, 5), seconds=st.sampled_from([0.0, 1.0, 11.0, 40.0, 400.0]))
    def send(self, limit: int, seconds: float) -> None:
        self.now_ts += seconds
        for row in self.outbox.due(self.now_ts, limit, 10_000, idle=not self.awaited):
            event = parse_event(row.body)
            assert (event.seq, event.id) == (row.seq, self.put_ids[row.seq - 1])
            assert event.id not in self.filed or self.known_only_to_central(event.id)
            self.outbox.sent(row.seq, self.now_ts)
            self.awaited.append(row.seq)
            self.wire.append((row.seq, row.event_id))

    def known_only_to_central(self, event_id: str) -> bool:
        return accounted(self.outbox)[event_id] == "queued"

    @rule()
    def the_broker_takes_everything(self) -> None:
        for seq in self.awaited:
            self.outbox.taken(seq)
        self.awaited.clear()

    @rule()
    def the_connection_breaks(self) -> None:
        self.outbox.broken(self.awaited, self.now_ts)
        self.awaited.clear()
        self.outbox.reset_timers(self.now_ts)

    @precondition(lambda self: self.wire)
    @rule(choice=CHOICE)
    def the_wire_loses_one(self, choice: int) -> None:
        self.wire.pop(choice % len(self.wire))

    @precondition(lambda self: self.wire)
    @rule(choice=CHOICE, again=st.booleans(), refuse=st.booleans())
    def central_gets_one(self, choice: int, again: bool, refuse: bool) -> None:
        at = choice % len(self.wire)
        seq, event_id = self.wire[at] if again else self.wire.pop(at)
        hwm = max(self.filed.values(), default=0)
        common = {"epoch": self.outbox.epoch, "hwm": hwm, "missing": self.gaps()}
        if event_id in self.rejected or (refuse and event_id not in self.filed):
            self.rejected[event_id] = seq
            self.acks.append(Ack(rejected=[Rejection(id=event_id, code="no")], **common))
        elif event_id in self.filed:
            self.acks.append(Ack(duplicate=[event_id], **common))
        else:
            self.filed[event_id] = seq
            self.acks.append(Ack(filed=[event_id], **common))

    def gaps(self) -> list[tuple[int, int]]:
        known = {0, *self.filed.values(), *self.rejected.values()}
        return [(seq, seq) for seq in range(1, max(known)) if seq not in known]

    @precondition(lambda self: self.acks)
    @rule(choice=CHOICE, again=st.booleans())
    def an_acknowledgement_comes(self, choice: int, again: bool) -> None:
        at = choice % len(self.acks)
        self.outbox.apply(self.acks[at] if again else self.acks.pop(at), self.now_ts)

    @precondition(lambda self: self.acks)
    @rule(choice=CHOICE)
    def an_acknowledgement_is_lost(self, choice: int) -> None:
        self.acks.pop(choice % len(self.acks))

    @rule(files=st.booleans())
    def an_acknowledgement_of_another_box_comes(self, files: bool) -> None:
        verdict = {"filed": self.put_ids} if files else {"missing": [(1, 99)]}
        depth = self.outbox.depth()
        self.outbox.apply(Ack(epoch="f" * 32, **verdict), self.now_ts)
        assert self.outbox.depth() == depth

    @precondition(lambda self: self.filed)
    @rule(choice=CHOICE)
    def central_is_restored_from_a_backup(self, choice: int) -> None:
        lost = list(self.filed)[choice % len(self.filed)]
        del self.filed[lost]
        # Acknowledgements of before the restore must not be taken for new ones.
        self.acks = [ack for ack in self.acks if lost not in [*ack.filed, *ack.duplicate]]
        seq = self.put_ids.index(lost) + 1
        self.outbox.apply(Ack(epoch=self.outbox.epoch, missing=[(seq, seq)]), self.now_ts)

    @rule()
    def the_box_crashes(self) -> None:
        self.outbox.close()
        self.outbox = Outbox(self.folder / "outbox.db", rng=lambda: 0.5)
        self.now_ts = 0.0
        self.awaited.clear()

    @invariant()
    def everything_put_is_filed_quarantined_or_queued(self) -> None:
        if not hasattr(self, "outbox"):
            return
        states = accounted(self.outbox)
        assert set(states) == set(self.put_ids)
        for event_id, state in states.items():
            assert state != "filed" or event_id in self.filed
            assert state != "quarantined" or event_id in self.rejected
        assert self.outbox.depth() == list(states.values()).count("queued")

    @rule()
    def in_the_end_everything_arrives(self) -> None:
        """With a wire that works, the queue empties: no event is stuck."""
        for _ in range(3 * len(self.put_ids) + 3):
            self.now_ts += 400.0
            for row in self.outbox.due(self.now_ts, 100, 10**6, idle=True):
                self.outbox.sent(row.seq, self.now_ts)
                if row.event_id in self.rejected:
                    refusal = [Rejection(id=row.event_id, code="no")]
                    ack = Ack(epoch=self.outbox.epoch, rejected=refusal)
                elif row.event_id in self.filed:
                    ack = Ack(epoch=self.outbox.epoch, duplicate=[row.event_id])
                else:
                    self.filed[row.event_id] = row.seq
                    ack = Ack(epoch=self.outbox.epoch, filed=[row.event_id])
                self.outbox.apply(ack, self.now_ts)
        assert self.outbox.depth() == 0
        assert set(self.filed) | set(self.rejected) == set(self.put_ids)


TestOutboxMachine = OutboxMachine.TestCase
TestOutboxMachine.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
