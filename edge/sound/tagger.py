"""The tagger: sound in, what it is out, by ONNX Runtime."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray

from edge.errors import ModelError
from edge.model_file import runtime_fault, verified
from edge.sound import tag_frontend as frontend
from edge.sound.tag_manifest import LogMelInput, Quantised, TagManifest, read_tag_manifest
from edge.sound.tags import GROUPS, Scores, Tags

_SLACK_S = 0.05
"""Media time may wander off the sample count by this before it is a gap: a tenth of a step."""


def load_tagger(models_dir: Path, name: str = "yamnet", threads: int = 1) -> "OnnxTagger":
    """The tagger `models_dir/name.json` describes, verified, loaded and warmed up.

    ModelError with one line that names the file and the remedy on every fault.
    """
    if threads < 1:
        raise ModelError(f"{name}: needs at least one thread")
    manifest = read_tag_manifest(models_dir, name)
    path = models_dir / manifest.file
    tagger = OnnxTagger(manifest, _open(models_dir, manifest, threads))
    try:
        tagger.check()
    except ValueError as error:
        raise ModelError(f"{path}: {error}") from None
    except Exception as error:  # onnxruntime has no common base for its errors
        raise ModelError(f"{path}: does not run: {runtime_fault(error)}") from None
    return tagger


def _open(models_dir: Path, manifest: TagManifest, threads: int) -> ort.InferenceSession:
    path = models_dir / manifest.file
    content = verified(path, manifest.sha256, manifest.obtain)
    options = ort.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 3  # errors alone: they come back as exceptions
    # Integer kernels saturate on processors without VNNI, so the scores would depend on the
    # machine; computing in float32 costs 2.5 times as much and gives one answer everywhere.
    options.add_session_config_entry("session.disable_quant_qdq", "1")
    if manifest.weights:
        weights = manifest.weights
        numbers = verified(models_dir / weights.file, weights.sha256, manifest.obtain)
        # From memory, so that what was verified is what runs.
        options.add_external_initializers_from_files_in_memory(
            [weights.location], [numbers], [len(numbers)]
        )
    try:
        return ort.InferenceSession(content, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # onnxruntime has no common base for its errors
        fault = runtime_fault(error)
        raise ModelError(f"{path}: not a model that onnxruntime can load: {fault}") from None


class OnnxTagger:
    """Tags stretches of sound with one ONNX model; shared by streams, one thread at a time."""

    def __init__(self, manifest: TagManifest, session: ort.InferenceSession) -> None:
        self.name = manifest.name
        self.sha256 = manifest.sha256
        self.manifest = manifest
        spec = manifest.input
        self.rate_hz = frontend.RATE_HZ if isinstance(spec, LogMelInput) else spec.rate_hz
        self._session = session
        place = {name: number for number, name in enumerate(manifest.classes)}
        self._members = {
            group: [place[name] for name in manifest.groups[group].classes] for group in GROUPS
        }

    def stream(self) -> "TagStream":
        """A new stream of sound at `rate_hz` to be tagged."""
        spec = self.manifest.input
        if isinstance(spec, LogMelInput):
            return TagStream(self, frontend.PatchStream, frontend.PATCH_SAMPLES)
        length, step = round(spec.window_s * spec.rate_hz), round(spec.step_s * spec.rate_hz)
        return TagStream(self, lambda: frontend.WaveStream(spec.rate_hz, length, step), length)

    def classes(self, values: NDArray[np.float32]) -> NDArray[np.float32]:
        """Score of every class, shape (C,), in 0-1, for log-mel (96, 64) or samples (N,)."""
        spec = self.manifest.input
        fed: NDArray[np.float32] | NDArray[np.uint8] = values[None]
        if isinstance(spec, LogMelInput):
            fed = values[None, None]
            if spec.quantised:
                fed = _to_uint8(fed, spec.quantised)
        output = self.manifest.output
        (raw,) = self._session.run([output.name], {spec.name: fed})
        scores: NDArray[np.float32] = raw[0].astype(np.float32)
        if output.quantised:
            scores = (scores - output.quantised.zero_point) * np.float32(output.quantised.scale)
        return _sigmoid(scores) if output.activation == "sigmoid" else scores

    def tag(self, stretch: frontend.Stretch, ts: float, span_s: float) -> Tags:
        """What was heard in a stretch that begins at media time `ts`."""
        score = self.classes(stretch.values)
        best = int(score.argmax())
        grouped = {group: self._merged(group, score) for group in GROUPS}
        if self._hums(stretch):
            grouped["music"] = 0.0
        return Tags(ts, span_s, Scores(**grouped), self.manifest.classes[best], float(score[best]))

    def _hums(self, stretch: frontend.Stretch) -> bool:
        """Whether it is one unchanging tone: the model takes a hum with overtones for music."""
        log_mel = isinstance(self.manifest.input, LogMelInput)
        return log_mel and frontend.waver_db(stretch.values) < frontend.STEADY_DB

    def _merged(self, group: str, score: NDArray[np.float32]) -> float:
        members = score[self._members[group]]
        if not members.size:
            return 0.0
        if self.manifest.groups[group].merge == "max":
            return float(members.max())
        return min(1.0, float(members.sum()))

    def check(self) -> None:
        """Run once: allocates everything; ValueError when the graph is not what the manifest says.

        Raises onnxruntime's own errors when it does not run at all.
        """
        spec, count = self.manifest.input, len(self.manifest.classes)
        inputs = {entry.name: entry.type for entry in self._session.get_inputs()}
        quantised = isinstance(spec, LogMelInput) and spec.quantised is not None
        wanted = {spec.name: "tensor(uint8)" if quantised else "tensor(float)"}
        if inputs != wanted:
            raise ValueError(f"inputs are {inputs}, the manifest says {wanted}")
        outputs = {entry.name: entry.type for entry in self._session.get_outputs()}
        name = self.manifest.output.name
        kind = "tensor(uint8)" if self.manifest.output.quantised else "tensor(float)"
        if outputs.get(name) != kind:
            raise ValueError(f"outputs are {outputs}, the manifest says {name!r} {kind}")
        score = self.classes(self._silence())
        if score.shape != (count,):
            raise ValueError(f"{name!r} is {score.shape} for one stretch, not ({count},)")
        if not (np.isfinite(score).all() and 0 <= score.min() <= score.max() <= 1):
            raise ValueError(f"{name!r} gives scores outside 0-1: is the activation right?")

    def _silence(self) -> NDArray[np.float32]:
        spec = self.manifest.input
        if isinstance(spec, LogMelInput):
            return frontend.log_mel(np.zeros((frontend.PATCH_FRAMES, frontend.MELS), np.float32))
        return np.zeros(round(spec.window_s * spec.rate_hz), np.float32)


class TagStream:
    """Tags one stream of sound. What is not yet tagged, at most one stretch, is in memory only."""

    def __init__(
        self, tagger: OnnxTagger, begin: Callable[[], frontend.StretchStream], length: int
    ) -> None:
        """`begin` starts a front-end whose stretches have `length` samples."""
        self._tagger = tagger
        self._begin = begin
        self._span_s = length / tagger.rate_hz
        self._front = begin()
        self._origin_s: float | None = None
        self._count = 0

    def push(self, samples: frontend.Mono, ts: float) -> list[Tags]:
        """Tags that are complete now; `ts` is the media time of the first sample.

        A gap, or time that jumps back, begins anew: no stretch reaches across it. ValueError when
        the samples are not float32 of shape (N,).
        """
        rate = self._tagger.rate_hz
        origin_s = self._origin_s
        if origin_s is None or abs(origin_s + self._count / rate - ts) > _SLACK_S:
            self._front, self._count = self._begin(), 0
            self._origin_s = origin_s = ts
        self._count += len(samples)
        return [
            self._tagger.tag(stretch, origin_s + stretch.start / rate, self._span_s)
            for stretch in self._front.push(samples)
        ]


def _to_uint8(values: NDArray[np.float32], code: Quantised) -> NDArray[np.uint8]:
    number = np.rint(values / np.float32(code.scale)) + code.zero_point
    coded: NDArray[np.uint8] = np.clip(number, 0, 255).astype(np.uint8)
    return coded


def _sigmoid(logit: NDArray[np.float32]) -> NDArray[np.float32]:
    # By tanh, which does not overflow.
    score: NDArray[np.float32] = np.float32(0.5) + np.float32(0.5) * np.tanh(logit / 2)
    return score
