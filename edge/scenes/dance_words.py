"""What outcomes, reasons and steps of a square dance are called by people. Pure."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from edge.scenes.dance_verdict import Verdict
from edge.sound.curve import FLAG_WORDS

SEVERITY_WORDS: Mapping[str, str] = {
    "reminded": "提醒",
    "dissuaded": "劝导",
    "rechecking": "复查",
    "over_limit": "立案",
    "curfew": "立案(禁噪时段)",
    "relapse": "复发",
    "advisory": "待人工核实",
    "heeded": "已改正",
    "over": "结束",
}

OUTCOME_WORDS: Mapping[str, str] = {
    "exceeds": "超标",
    "within": "未超标",
    "not_evaluable": "不可评价",
    "advisory": "待人工核实",
}

REASON_WORDS: Mapping[str, str] = {
    **FLAG_WORDS,
    "level": "音乐声级超过限值",
    "curfew": "禁噪时段内音乐可闻",
    "no_rule": "此时段没有规定",
    "no_music": "没有音乐",
    "little_music": "音乐时间不足",
    "within_limit": "音乐声级不超过限值",
    "uncertainty": "超出量小于不确定度",
    "background_unknown": "背景声级未知",
    "background_close": "与背景声级相差不足 3 dB",
    "no_level": "没有声级",
    "uncalibrated": "未校准,仅为指示值",
    "calibration_expired": "校准已过期,仅为指示值",
    "no_camera": "没有画面,人数未知",
    "too_few_people": "场内人数不足",
    "people_unsure": "人数不能确定",
    "no_sound": "没有声音信号",
    "not_tagged": "声音未识别",
    "other_source": "被其他声源掩盖",
    "rule_began": "规定刚刚生效",
}


OUTCOME_WORDS_EN: Mapping[str, str] = {
    "exceeds": "too loud",
    "within": "within the rule",
    "not_evaluable": "not evaluable",
    "advisory": "a person has to look",
}


@dataclass(frozen=True, slots=True)
class _Line:
    """Pieces of a verdict in one line, in one language."""

    indicated: str
    laeq: str
    background: str
    corrected: str
    limit: str
    music: str
    people: str


_ZH = _Line("(指示值)", "音乐 LAeq", "背景", "修正后", "限值", "音乐占比 {:.0%}", "{:.0f} 人")
_EN = _Line(
    " (indication)",
    "music LAeq",
    "background",
    "corrected",
    "limit",
    "music {:.0%} of the time",
    "{:.0f} people",
)


def summary(verdict: Verdict) -> str:
    """The numbers of a verdict in one line, e.g. `音乐 LAeq 74.0 dB · 背景 52.0 dB · …`."""
    why = f"{OUTCOME_WORDS[verdict.outcome]}: {REASON_WORDS[verdict.reason]}"
    return " · ".join([why, *_numbers(verdict, _ZH)])


def summary_en(verdict: Verdict) -> str:
    """The same in English, with the reason's own word."""
    why = f"{OUTCOME_WORDS_EN[verdict.outcome]}: {verdict.reason.replace('_', ' ')}"
    return " · ".join([why, *_numbers(verdict, _EN)])


def _numbers(verdict: Verdict, line: _Line) -> Iterator[str]:
    if verdict.laeq_db is not None:
        worth = "" if verdict.calibrated else line.indicated
        yield f"{line.laeq} {verdict.laeq_db:.1f} dB{worth}"
    if verdict.background_db is not None:
        yield f"{line.background} {verdict.background_db:.1f}"
    if verdict.corrected_db is not None and verdict.uncertainty_db is not None:
        yield f"{line.corrected} {verdict.corrected_db:.1f} ± {verdict.uncertainty_db:.1f}"
    if verdict.limit_db is not None:
        yield f"{line.limit} {verdict.limit_db:g}"
    yield line.music.format(verdict.music_share)
    if verdict.people is not None:
        yield line.people.format(verdict.people)
