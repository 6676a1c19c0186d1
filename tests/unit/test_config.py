"""Every key of streams.yaml wrong in turn: exit 2 with file, line, key and what is allowed."""

import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from edge.cli import app
from edge.config import Config
from edge.config_file import load
from edge.errors import ConfigError
from tests.support import ROOT
from tests.taggers import real_tagger

EXAMPLE = (ROOT / "streams.yaml").read_text(encoding="utf-8")

ZONE = "streams[0].scenes[0]."
SQUARE = "streams[1].scenes[0]."
SOUND = "streams[1].sound."

# (text in the example, what is written instead, key that is named, word of the remedy)
WRONG = [
    ("site: pujin", "site: Pu Jin", "site", "a-z"),
    ("site: pujin", "", "site", "missing"),
    ("box: box-01", "box: BOX_1", "box", "a-z"),
    ("box: box-01", "box: [1]", "box", "string"),
    ("timezone: Asia/Shanghai", "timezone: Shanghai", "timezone", "Asia/Shanghai"),
    ("data_dir: data", "data_dir: 7", "data_dir", "path"),
    ('url: "mqtt://127.0.0.1:1883"', 'url: "http://127.0.0.1"', "broker.url", "mqtt://"),
    ('url: "mqtt://127.0.0.1:1883"', 'url: "mqtt://127.0.0.1:99999"', "broker.url", "mqtt://"),
    ('url: "mqtt://127.0.0.1:1883"', "ca_file: x", "broker.url", "missing"),
    ("# ca_file: ca.pem", "ca_file: [a]", "broker.ca_file", "path"),
    ("# ca_file: central-ca.pem", "ca_file: [a]", "central.ca_file", "path"),
    ("# identity: identity", "identity: [a]", "identity", "path"),
    ('url: "http://127.0.0.1:8000"', 'url: "127.0.0.1:8000"', "central.url", "http://"),
    ('# token: "${JINMU_BOX_TOKEN}"', "token: 5", "central.token", "string"),
    ('# token: "${JINMU_BOX_TOKEN}"', 'token: "${NOT_SET}"', "central.token", "export NOT_SET"),
    ("model: nanodet-g-416", "model: ../x", "detector.model", "a-z"),
    ("# models_dir: models", "models_dir: [a]", "detector.models_dir", "path"),
    ("providers: [CPUExecutionProvider]", "providers: []", "detector.providers", "at least 1"),
    ("threads: 1", "threads: 0", "detector.threads", "greater than or equal to 1"),
    ("threads: 1", "threads: two", "detector.threads", "integer"),
    ("threads: 1", "thread: 1", "detector.thread", "known here: model"),
    ("- id: gate-east", "- id: East", "streams[0].id", "a-z"),
    ("name: 东门消防通道", 'name: ""', "streams[0].name", "at least 1"),
    ("rtsp://127.0.0.1:8554/street", "file:///etc/passwd", "streams[0].url", "rtsp://"),
    ("rtsp://127.0.0.1:8554/street", "rtsp://u:${NO_PASS}@h/1", "streams[0].url", "export NO_PASS"),
    ("analyse_every_s: 1.0", "analyse_every_s: 0", "streams[0].analyse_every_s", "0.1"),
    ("analyse_every_s: 1.0", "analyse_every_s: yes", "streams[0].analyse_every_s", "number"),
    ("watch_picture: true", "watch_picture: often", "streams[0].watch_picture", "boolean"),
    ("scene: fire_lane", "scene: barbecue", "streams[0].scenes[0].scene", "fire_lane"),
    ("place: FL-0317", "place: 东门", "streams[0].scenes[0].place", "A-Z"),
    ("[0.99, 0.22], ", "[9.9, 0.22], ", "streams[0].scenes[0].polygon[2][0]", "equal to 1"),
    ("[[0.80, 0.08], [0.99, 0.08], [0.99, 0.22], [0.80, 0.22]]", "[[0.1, 0.1]]",
     "streams[0].scenes[0].polygon", "at least 3"),
    ("[[0.80, 0.08], [0.99, 0.08], [0.99, 0.22], [0.80, 0.22]]",
     "[[0, 0], [1, 1], [1, 0], [0, 1]]", "streams[0].scenes[0].polygon", "cross"),
    ("# ground:               #", "ground: {image: [[0, 0]], metres: [[0, 0]]}  #",
     "streams[0].scenes[0].ground.image", "at least 4"),
    ("required_width_m: 4.0", "required_width_m: -4", "streams[0].scenes[0].required_width_m", "0"),
    ("min_observed_share: 0.3", "min_observed_share: 3",
     "streams[0].scenes[0].min_observed_share", "equal to 1"),
    ("blocked_after_s: 120", "blocked_after_s: 0", "streams[0].scenes[0].blocked_after_s", "0"),
    ("warn_after_s: 60", "warn_after_s: 600", "streams[0].scenes[0].warn_after_s", "file_after_s"),
    ("warn_after_s: 60", 'warn_after_s: "60"', "streams[0].scenes[0].warn_after_s", "number"),
    ("file_after_s: 300", "file_after_s: .nan", "streams[0].scenes[0].file_after_s", "finite"),
    ("clear_after_s: 30", "clear_after_s: 0", "streams[0].scenes[0].clear_after_s", "0"),
    ("ongoing_every_s: 300", "ongoing_every_s: 1", "streams[0].scenes[0].ongoing_every_s", "10"),
    ("shadow: false", "shadow: no way", ZONE + "shadow", "boolean"),
    ("reopen_within_s: 1800", "reopen_within_s: -1", ZONE + "reopen_within_s", "0"),
    ("schedule:               #", "schedule: always\n        other: #", ZONE + "schedule", "list"),
    ("{days: all, from", "{days: every, from", ZONE + "schedule[0].days", "mon-fri,sun"),
    ('from: "22:00"', 'from: "10 pm"', ZONE + "schedule[0].from", "HH:MM"),
    ('from: "07:00"', 'from: "06:00"', ZONE + "schedule[1].from", "overlaps schedule[0]"),
    ('to: "07:00"', 'to: "22:00"', ZONE + "schedule[0].to", "24:00"),
    ("warn_after_s: 30", "warn_after_s: 130", ZONE + "schedule[1].warn_after_s", "in this window"),
    ("file_after_s: 120", "file_after_s: 0", ZONE + "schedule[1].file_after_s", "greater than 0"),
    ("permits:                #", "permits: 1\n        other: #", ZONE + "permits", "list"),
    ("id: MV-2026-118", "id: MV 118", ZONE + "permits[0].id", "A-Z"),
    ("what: moving_van", "what: party", ZONE + "permits[0].what", "moving_van"),
    ('from: "2026-11-28T08:00:00+08:00"', "from: 2026-11-28", ZONE + "permits[0].from", "RFC 3339"),
    ("2026-11-28T12:00:00+08:00", "2026-11-28T07:00:00+08:00", ZONE + "permits[0].to", "later"),
    ("note: 3号楼搬家", "note: 3", ZONE + "permits[0].note", "string"),
    ("maintenance:            #", "maintenance: 1\n        other: #", ZONE + "maintenance", "list"),
    ("2026-12-01T13:00:00+08:00", "2026-12-01T13:00:00", ZONE + "maintenance[0].from", "offset"),
    ("2026-12-01T15:00:00+08:00", "2026-12-01T12:00:00+08:00", ZONE + "maintenance[0].to", "later"),
    ("rtsp://127.0.0.1:8554/plaza", "http://h/1", "streams[1].url", "rtsp://"),
    ("    sound:\n      from: stream", "    sound: loud\n    other:\n      from: stream",
     "streams[1].sound", "dictionary"),
    ("from: stream ", "from: telephone ", SOUND + "from", "microphone"),
    ("from: stream ", "form: stream ", SOUND + "from", "missing"),
    ("from: stream ", "from: microphone\n      device: 3 ", SOUND + "device", "string"),
    ("from: stream ", "from: file\n      path: [a] ", SOUND + "path", "path"),
    ("from: stream ", "from: stream\n      device: x ", SOUND + "device", "known here"),
    ("from: stream ", "from: meter ", SOUND + "url", "missing"),
    ("from: stream ", "from: meter\n      url: ftp://h/x ", SOUND + "url", "mqtt"),
    ("from: stream ", "from: meter\n      ca_file: [a] ", SOUND + "ca_file", "path"),
    ("level_at_full_scale_db: 114.0", "level_at_full_scale_db: loud",
     SOUND + "level_at_full_scale_db", "number"),
    ("level_at_full_scale_db: 114.0", "", SOUND + "level_at_full_scale_db", "missing"),
    ("calibrated_at: 2026-11-01", "calibrated_at: 20261101", SOUND + "calibrated_at", "2026-11-01"),
    ("calibration_valid_days: 365", "calibration_valid_days: 0",
     SOUND + "calibration_valid_days", "1"),
    ("accuracy_class: 2", "accuracy_class: 3", SOUND + "accuracy_class", "1 or 2"),
    ("self_noise_db: 30", "self_noise_db: -1", SOUND + "self_noise_db", "0"),
    ('serial: ""', "serial: [1]", SOUND + "serial", "string"),
    ('        rules:                  #', '        rules: []\n        other: #',
     SQUARE + "rules", "at least 1"),
    ('{days: all, from: "06:00", to: "22:00", limit_db: 65}',
     '{days: daily, from: "06:00", to: "22:00", limit_db: 65}', SQUARE + "rules[0].days", "mon"),
    ('from: "06:00"', 'from: "6"', SQUARE + "rules[0].from", "HH:MM"),
    ('to: "22:00", limit_db', 'to: "6 pm", limit_db', SQUARE + "rules[0].to", "HH:MM"),
    ("limit_db: 65", "limit_db: 10", SQUARE + "rules[0].limit_db", "30"),
    ("limit_db: 65}", "curfew: loud}", SQUARE + "rules[0].curfew", "boolean"),
    ('to: "06:00", curfew', 'to: "06:30", curfew', SQUARE + "rules[1].from", "overlaps"),
    ("min_people: 8", "min_people: -1", SQUARE + "min_people", "0"),
    ("dissuade_after_s: 120", "dissuade_after_s: -1", SQUARE + "dissuade_after_s", "0"),
    ("recheck_after_s: 120", "recheck_after_s: -1", SQUARE + "recheck_after_s", "0"),
    ("window_s: 300", "window_s: 1", SQUARE + "window_s", "10"),
    ("background: laeq", "background: l50", SQUARE + "background", "l90"),
    ("background_min_s: 60", "background_min_s: 1", SQUARE + "background_min_s", "10"),
    ("background_correction: gb_table", "background_correction: none",
     SQUARE + "background_correction", "energy"),
    ("permits: []", "permits: 1", SQUARE + "permits", "list"),
    ("clear_after_s: 600", "clear_after_s: 0", SQUARE + "clear_after_s", "0"),
]  # fmt: skip


@pytest.mark.parametrize(("right", "wrong", "key", "remedy"), WRONG)
def test_a_wrong_key_is_named_with_its_line(tmp_path, right, wrong, key, remedy):
    assert right in EXAMPLE
    path = tmp_path / "streams.yaml"
    path.write_text(EXAMPLE.replace(right, wrong, 1), encoding="utf-8")
    result = CliRunner().invoke(app, ["check", str(path)])
    assert result.exit_code == 2
    fault = next(line for line in result.stderr.splitlines() if f" {key}: " in line)
    file, line, _ = fault.split(":", 2)
    assert file == str(path)
    written = path.read_text(encoding="utf-8").splitlines()[int(line) - 1]
    leaf = key.split(".")[-1].split("[")[0]
    assert leaf in written or remedy == "missing"
    assert remedy in fault


@pytest.mark.parametrize(
    ("right", "wrong", "said"),
    [
        ('url: "rtsp://127.0.0.1:8554/plaza"', "# no url", "[1].url: is missing: the sound comes"),
        ('url: "rtsp://127.0.0.1:8554/street"', "# no url", "[0].url: is missing: fire_lane needs"),
        ("  - id: plaza", "  - {id: q, name: q, url: 'rtsp://h/1', scenes: [{scene: square_dance,"
         " place: Q, rules: [{from: '06:00', to: '07:00', limit_db: 65}]}]}\n  - id: plaza",
         "[1].sound: is missing: square_dance has to hear"),
        ("    name: 浦锦广场", "    name: 浦锦广场\n    analyse_every_s: 10",
         "[1].analyse_every_s: square_dance counts people"),
        ("limit_db: 65}", "limit_db: 65, curfew: true}", "rules[0].limit_db: use either limit_db"),
    ],
)  # fmt: skip
def test_keys_that_do_not_go_together(tmp_path, right, wrong, said):
    path = tmp_path / "streams.yaml"
    path.write_text(EXAMPLE.replace(right, wrong, 1), encoding="utf-8")
    with pytest.raises(ConfigError, match=r"streams\.yaml:\d+: streams") as caught:
        load(path)
    assert said in str(caught.value)


def test_a_meter_needs_no_camera_unless_it_has_to_be_known_what_sounds(tmp_path):
    path = tmp_path / "streams.yaml"
    text = EXAMPLE.replace('url: "rtsp://127.0.0.1:8554/plaza"', "# no url")
    path.write_text(text.replace("from: stream ", "from: microphone "), encoding="utf-8")
    assert load(path).streams[1].url is None
    text = text.replace("from: stream ", "from: meter\n      url: 'http://h/level' ")
    microphones = ("      level_at", "      calibr", "      self_noise")
    kept = [line for line in text.splitlines() if not line.startswith(microphones)]
    path.write_text("\n".join(kept), encoding="utf-8")
    with pytest.raises(ConfigError, match=r"streams\[1\]\.url: is missing"):
        load(path)


def keys_of(model, prefix=""):
    from edge.config_file import _models_in

    for attribute, field in model.model_fields.items():
        name = field.alias or attribute
        yield f"{prefix}{name}"
        for inner in _models_in(field.annotation):
            yield from keys_of(inner, f"{prefix}{name}.")


def test_every_key_is_in_the_example_and_tried_wrong():
    for key in keys_of(Config):
        leaf = key.split(".")[-1]
        assert f"{leaf}:" in EXAMPLE, f"{key} is not explained in streams.yaml"
    tried = {re.sub(r"\[[01]\]", "", row[2]) for row in WRONG} | {"broker", "central", "detector"}
    tried |= {"streams", "streams.scenes", "streams.scenes.polygon"}
    tried |= {"streams.scenes.ground", "streams.scenes.ground.metres"}
    assert set(keys_of(Config)) - tried == set()


def test_every_key_has_a_description():
    def blocks(model):
        yield model
        for field in model.model_fields.values():
            from edge.config_file import _models_in

            for inner in _models_in(field.annotation):
                yield from blocks(inner)

    sections = {"broker", "central", "detector"}
    for block in blocks(Config):
        for name, field in block.model_fields.items():
            assert field.description or name in sections, f"{block.__name__}.{name}"


@pytest.mark.tagger
def test_the_example_is_right():
    real_tagger()
    result = CliRunner().invoke(app, ["check", str(ROOT / "streams.yaml")])
    assert result.exit_code == 0, result.stderr
    assert "gate-east" in result.stdout
    assert "square_dance at SQ-02\n    sound from stream, class 2" in result.stdout


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (b"", "must hold keys"),
        (b"- a\n- b\n", "must hold keys"),
        (b"site: [1\nbox: 2\n", "not valid YAML"),
        (b"site: a\nsite: b\n", 'duplicate key "site"'),
        (b"site: \xff\xfe\n", "not UTF-8"),
        (b"a: &x [*x]\n", "site: is missing"),
        (b"site: !!python/object:os.system x\n", "box: is missing"),
        (b"[" * 5000, "not valid YAML"),
    ],
)
def test_files_that_are_no_configuration(tmp_path, text, said):
    path = tmp_path / "streams.yaml"
    path.write_bytes(text)
    with pytest.raises(ConfigError, match=r"streams\.yaml") as caught:
        load(path)
    assert said in str(caught.value)


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(ConfigError, match="cannot be read: No such file"):
        load(tmp_path / "streams.yaml")


def test_two_streams_of_one_name_and_two_rules_of_one_place(tmp_path):
    config = load(ROOT / "streams.yaml")
    stream = config.streams[0].model_dump()
    stream["url"] = "rtsp://h/1"
    path = tmp_path / "streams.yaml"
    head = EXAMPLE[: EXAMPLE.index("  - id: gate-east")]
    block = EXAMPLE[EXAMPLE.index("  - id: gate-east") : EXAMPLE.index("  - id: plaza")]
    path.write_text(head + block + "\n" + block, encoding="utf-8")
    with pytest.raises(ConfigError, match=r"streams\[1\]\.id: two streams are called gate-east"):
        load(path)
    scene = block[block.index("      - scene:") :]
    path.write_text(head + block + "\n" + scene, encoding="utf-8")
    with pytest.raises(ConfigError, match=r"scenes\[1\]\.place: two fire_lane scenes"):
        load(path)


def test_secrets_come_from_the_environment_and_stay_hidden(tmp_path):
    path = tmp_path / "streams.yaml"
    text = EXAMPLE.replace("rtsp://127.0.0.1:8554", "rtsp://u:${CAM}@10.0.0.1")
    path.write_text(text, encoding="utf-8")
    config = load(path, {"CAM": "canary-9"})
    assert config.streams[0].url.get_secret_value() == "rtsp://u:canary-9@10.0.0.1/street"
    assert "canary-9" not in repr(config) + config.model_dump_json()


def test_relative_paths_count_from_the_file(tmp_path):
    path = tmp_path / "streams.yaml"
    path.write_text(EXAMPLE, encoding="utf-8")
    assert load(path).data_dir == Path(tmp_path).resolve() / "data"
