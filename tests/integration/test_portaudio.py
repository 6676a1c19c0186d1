"""The real PortAudio on a microphone that ALSA plays out of a file."""

import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from tests.support import ROOT

ALSA = Path("/usr/share/alsa/alsa.conf")
LISTEN = """
import sys, threading
import numpy as np
from edge.clock import SystemClock
from edge.errors import ConfigError, SourceLost
from edge.sound.microphone import Microphone, open_audio

try:
    audio = open_audio()
except ConfigError as error:
    sys.exit(f"missing: {error}")
try:
    audio.open("no such microphone", lambda samples, lost: None)
except SourceLost as error:
    print("refused:", error)
stop, blocks = threading.Event(), []

def heard(block):
    blocks.append(block)
    if sum(b.samples.shape[1] for b in blocks) > 20_000:
        stop.set()

Microphone("testmic", heard, SystemClock(), audio).run(stop)
sound = np.concatenate([b.samples for b in blocks], axis=1)
peak = int(np.abs(np.fft.rfft(sound[0][4000:20_000])).argmax())
times = [b.ts for b in blocks]
print("heard:", sound.dtype, round(float(np.abs(sound[0]).max()), 2),
      round(peak * blocks[0].rate_hz / 16_000), times == sorted(times))
"""


@pytest.mark.skipif(not ALSA.exists(), reason="ALSA is not here: apt-get install libportaudio2")
def test_sound_comes_out_of_a_real_device(tmp_path: Path) -> None:
    if find_spec("sounddevice") is None:
        pytest.skip("the extra `microphone` is not installed")
    time_s = np.arange(48_000 * 5) / 48_000
    # What the device is asked for: one channel of float32 at 48 kHz. It plays it as fast as it can.
    tone = (0.5 * np.sin(2 * np.pi * 1000 * time_s)).astype(np.float32)
    tone.tofile(tmp_path / "tone.raw")
    (tmp_path / "asound.conf").write_text(
        f"""pcm.testmic {{
          type file
          slave.pcm {{ type null }}
          file "/dev/null"
          infile "{tmp_path / "tone.raw"}"
          format raw
          hint {{ show on description "test microphone" }}
        }}
        """
    )
    done = subprocess.run(
        [sys.executable, "-c", LISTEN],
        env={"ALSA_CONFIG_PATH": f"{ALSA}:{tmp_path / 'asound.conf'}", "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=60,
    )
    if done.stderr.startswith("missing:"):
        pytest.skip(done.stderr.strip())
    assert done.returncode == 0, done.stderr
    refused, heard = done.stdout.splitlines()
    assert refused.startswith("refused: No input device matching")
    kind, peak, tone_hz, in_order = heard.removeprefix("heard: ").split()
    assert (kind, in_order) == ("float32", "True")
    assert float(peak) == pytest.approx(0.5, abs=0.02)
    assert int(tone_hz) == pytest.approx(1000, abs=3)
