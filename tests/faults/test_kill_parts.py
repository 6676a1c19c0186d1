"""`kill -9` of every part in turn while a van stands in the lane: one case, no event lost."""

import sqlite3

import pytest

from tests.line import SAMPLE
from tests.support import wait_for


def outbox(line):
    """(state, count) of all events on the box's disk."""
    with sqlite3.connect(f"file:{line.folder}/box/outbox.db?mode=ro", uri=True) as db:
        return dict(db.execute("SELECT state, count(*) FROM event GROUP BY state").fetchall())


def everything_filed(line):
    """How many events were made, once central has acknowledged every one of them."""
    states = outbox(line)
    return states.get("filed") if set(states) == {"filed"} else None


@pytest.mark.timeout(300)
def test_kill_box_broker_and_central_in_turn(rtsp_camera, line):
    camera = rtsp_camera("--file", str(SAMPLE), "--path", "/street")
    main = line(camera.url, warn_after_s=3, file_after_s=15, ongoing_every_s=10)
    main.start()
    wait_for(lambda: main.told() == ["warned"], 60, "the warning")

    main.box.kill()  # between warning and filing: the incident must go on
    main.box.start()
    main.central.kill()  # the case is decided while central is away
    wait_for(lambda: "confirmed" in main.told(), 60, "the filing")
    main.broker.kill()
    main.central.start()
    main.broker.start()
    case = main.wait_for_case(90)

    main.broker.restart()  # again, all three at rest
    main.central.kill()
    main.central.start()
    main.box.kill()
    main.box.start()
    told = main.told()
    wait_for(lambda: len(main.told()) > len(told), 60, "a further stage after all restarts")
    made = wait_for(lambda: everything_filed(main), 90, "every event acknowledged")

    assert [c["case_no"] for c in main.cases()] == [case["case"]["case_no"]]
    timeline = main.case()["timeline"]
    assert [step["rev"] for step in timeline] == list(range(1, made + 1))
    assert [step["stage"] for step in timeline[:2]] == ["warned", "confirmed"]
    assert len({i["incident_id"] for i in main.case()["incidents"]}) == 1


@pytest.mark.timeout(300)
def test_everything_away_at_the_start_is_waited_for(rtsp_camera, line):
    camera = rtsp_camera("--file", str(SAMPLE), "--path", "/street")
    camera.kill()
    main = line(camera.url, warn_after_s=2, file_after_s=4)
    main.box.start()  # no camera, no broker, no central
    wait_for(lambda: any(x["event"] == "stream_lost" for x in main.box.lines()), 30, "the loss")
    camera.start()
    wait_for(lambda: "confirmed" in main.told(), 90, "the filing")
    assert outbox(main).get("filed") is None
    main.broker.start()
    main.central.start()
    main.wait_for_case(90)
    wait_for(lambda: everything_filed(main), 60, "every event acknowledged")
    retries = [x for x in main.box.lines() if x["event"] == "broker_unreachable"]
    assert len(retries) == 1  # one line per change of state, not per try
