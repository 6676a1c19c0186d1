"""From an RTSP camera to a filed case with its picture, with every part real."""

import hashlib
import time

import pytest

from tests.line import SAMPLE
from tests.support import wait_for

OUTAGE_S = 20.0


def pictures_arrived(line):
    evidence = line.case()["evidence"]
    return evidence if all(item["here"] for item in evidence) else None


def test_a_parked_van_becomes_one_case_with_its_pictures(rtsp_camera, line):
    camera = rtsp_camera("--file", str(SAMPLE), "--path", "/street")
    main = line(camera.url, warn_after_s=3, file_after_s=6)
    main.start()
    case = main.wait_for_case()
    assert (case["case"]["place"], case["case"]["scene"]) == ("FL-0317", "fire_lane")
    evidence = wait_for(lambda: pictures_arrived(main), what="the pictures")
    assert {item["role"] for item in evidence} >= {"warned", "confirmed", "confirmed_original"}
    for item in evidence:
        picture = main.api.get(f"/api/v1/evidence/{item['sha256']}")
        assert picture.headers["content-type"] == "image/jpeg"
        assert hashlib.sha256(picture.content).hexdigest() == item["sha256"]
    assert main.box.stop() == 0
    assert main.central.stop() == 0


def test_credentials_of_camera_and_box_are_in_no_log(rtsp_camera, line):
    camera = rtsp_camera(
        "--file", str(SAMPLE), "--path", "/street", "--user", "viewer", "--password", "canary-77"
    )
    address = camera.url.split("@")[-1].removeprefix("rtsp://")
    main = line(f"rtsp://viewer:canary-77@{address}", warn_after_s=3, file_after_s=6)
    main.start()
    main.wait_for_case()
    camera.kill()
    wait_for(lambda: "stream_lost" in main.box.log.read_text(), what="the loss being told")
    written = main.box.log.read_text() + main.central.log.read_text()
    assert "canary-77" not in written
    assert main.box.environment["BOX_TOKEN"] not in written


@pytest.mark.gst
def test_a_camera_that_is_away_for_20_s_is_still_one_incident_and_one_case(gst_server, line):
    camera = gst_server("--file", str(SAMPLE))
    main = line(camera.url, warn_after_s=4, file_after_s=18)
    main.start()
    wait_for(lambda: main.told() == ["warned"], 60, "the warning")
    camera.kill()
    away_ts = time.monotonic()
    wait_for(lambda: time.monotonic() - away_ts > OUTAGE_S, OUTAGE_S + 5, "the outage")
    assert main.told() == ["warned"]  # a silent camera neither files nor clears
    camera.start()
    case = main.wait_for_case(90)
    assert main.told() == ["warned", "confirmed"]
    assert len(main.stages()) == 1
    confirmed = case["timeline"][-1]
    assert confirmed["dwell_s"] > OUTAGE_S
    assert confirmed["observed_s"] < confirmed["dwell_s"] - OUTAGE_S + 5
