"""Scores of many scenarios as tables and as JSON."""

from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table

from .score import Score
from .stats import bootstrap, mean, p95, wilson

COLUMNS = (
    "n", "due", "recall", "told", "precision", "again", "too early over", "stuck", "first?",
    "count+", "broken", "device", "dwell error mean", "p95", "max", "unobserved min", "true",
)  # fmt: skip


def summary(scores: Sequence[Score]) -> dict[str, Any]:
    """The figures of some scenarios; shares are None when nothing was counted."""
    errors = [error for score in scores for error in score.dwell_error_s]
    due, found = _sum(scores, "due"), _sum(scores, "found")
    reported, right = _sum(scores, "reported"), _sum(scores, "right")
    return {
        "scenarios": len(scores),
        "due": due,
        "found": found,
        "recall": _share(found, due),
        "recall_ci95": _rounded(wilson(found, due)),
        "reported": reported,
        "right": right,
        "precision": _share(right, reported),
        "precision_ci95": _rounded(wilson(right, reported)),
        "false": _sum(scores, "false"),
        "duplicates": _sum(scores, "duplicates"),
        "false_clears": _sum(scores, "false_clears"),
        "stuck": _sum(scores, "stuck"),
        "wrong_first": _sum(scores, "wrong_first"),
        "overcounted": _sum(scores, "overcounted"),
        "broken": _sum(scores, "broken"),
        "device": _sum(scores, "device"),
        "dwell_errors": len(errors),
        "dwell_error_mean_s": _of(errors, mean),
        "dwell_error_mean_ci95": _rounded(bootstrap(errors, mean)),
        "dwell_error_p95_s": _of(errors, p95),
        "dwell_error_p95_ci95": _rounded(bootstrap(errors, p95)),
        "dwell_error_max_s": round(max(map(abs, errors), default=0.0), 3),
        "unobserved_min": round(sum(s.unobserved_s for s in scores) / 60, 2),
        "unseen_min": round(sum(s.unseen_s for s in scores) / 60, 2),
    }


def grouped(scores: Sequence[Score], key: Callable[[Score], str]) -> dict[str, dict[str, Any]]:
    """Summaries by kind or by rate, in the order in which they first come."""
    groups: dict[str, list[Score]] = {}
    for score in scores:
        groups.setdefault(key(score), []).append(score)
    return {name: summary(group) for name, group in groups.items()}


def document(level: str, seed: int, scores: Sequence[Score]) -> dict[str, Any]:
    """Everything, for --json."""
    return {
        "level": level,
        "seed": seed,
        "all": summary(scores),
        "by_kind": grouped(scores, lambda score: score.kind),
        "by_rate": grouped(scores, rate),
        "scenarios": [asdict(score) for score in scores],
    }


def rate(score: Score) -> str:
    """Heading of its rate."""
    return f"{score.fps:g} fps"


def show(console: Console, level: str, scores: Sequence[Score]) -> None:
    """Print a table by kind, one by rate, the totals with their intervals, the worst by name."""
    console.print(_table(f"{level} level, by kind", grouped(scores, lambda score: score.kind)))
    rates = dict(sorted(grouped(scores, rate).items(), key=lambda item: float(item[0].split()[0])))
    console.print(_table(f"{level} level, by rate", rates | {"all": summary(scores)}))
    total = summary(scores)
    for name in ("recall", "precision"):
        low, high = total[f"{name}_ci95"]
        console.print(f"{name:10} {_percent(total[name])}  (95 %: {low:.2%} to {high:.2%})")
    for name in ("mean", "p95"):
        low, high = total[f"dwell_error_{name}_ci95"]
        value = total[f"dwell_error_{name}_s"]
        console.print(f"dwell error {name:5} {value:+.2f} s  (95 %: {low:+.2f} to {high:+.2f})")
    _worst(console, scores)


def _worst(console: Console, scores: Sequence[Score]) -> None:
    groups = {
        "missed": [s.name for s in scores if s.found < s.due],
        "false": [s.name for s in scores if s.false],
        "again": [s.name for s in scores if s.duplicates],
        "too early over": [s.name for s in scores if s.false_clears],
        "stuck": [s.name for s in scores if s.stuck],
        "dwell > 5 s": [s.name for s in scores if any(abs(e) > 5 for e in s.dwell_error_s)],
    }
    for what, names in groups.items():
        if names:
            more = f" … {len(names)} in all" if len(names) > 8 else ""
            console.print(f"{what}: {', '.join(names[:8])}{more}", soft_wrap=True)


def _table(title: str, rows: dict[str, dict[str, Any]]) -> Table:
    table = Table(title=title, title_justify="left", box=None, pad_edge=False, header_style="bold")
    table.add_column("", no_wrap=True)
    for name in COLUMNS:
        table.add_column(name, justify="right")
    for name, row in rows.items():
        table.add_row(name, *_cells(row))
    return table


def _cells(row: dict[str, Any]) -> list[str]:
    counts = (
        "duplicates", "false_clears", "stuck", "wrong_first", "overcounted", "broken", "device"
    )  # fmt: skip
    errors = [row["dwell_error_mean_s"], row["dwell_error_p95_s"], row["dwell_error_max_s"]]
    return [
        str(row["scenarios"]),
        str(row["due"]),
        _percent(row["recall"]),
        str(row["reported"]),
        _percent(row["precision"]),
        *(str(row[name] or "") for name in counts),
        *(f"{e:.1f}" if row["dwell_errors"] else "" for e in errors),
        f"{row['unobserved_min']:.1f}",
        f"{row['unseen_min']:.1f}",
    ]


def _sum(scores: Sequence[Score], name: str) -> int:
    return int(sum(getattr(score, name) for score in scores))


def _share(part: int, total: int) -> float | None:
    return round(part / total, 5) if total else None


def _percent(share: float | None) -> str:
    return "-" if share is None else f"{share:.1%}"


def _of(errors: list[float], measure: Callable[[Any], Any]) -> float:
    return round(float(measure(np.array(errors))), 3) if errors else 0.0


def _rounded(pair: tuple[float, float]) -> list[float]:
    return [round(value, 5) for value in pair]
