"""Counters of one application, in a registry of its own."""

from dataclasses import dataclass

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram


@dataclass(frozen=True, slots=True)
class Metrics:
    """Everything that is counted; `registry` is what `/metrics` shows."""

    registry: CollectorRegistry
    messages: Counter
    rejected: Counter
    cases: Counter
    alarms: Counter
    restarts: Counter
    missing: Gauge
    batch_s: Histogram
    broker_up: Gauge
    told: Counter
    untold: Gauge
    teller_restarts: Counter
    database_up: Gauge


def make_metrics() -> Metrics:
    """A fresh set, all at zero."""
    registry = CollectorRegistry()
    return Metrics(
        registry=registry,
        messages=Counter(
            "jinmu_messages", "MQTT messages by what became of them", ["verdict"], registry=registry
        ),
        rejected=Counter(
            "jinmu_rejected", "Messages that can never be filed", ["code"], registry=registry
        ),
        cases=Counter("jinmu_cases_filed", "Cases filed", ["scene"], registry=registry),
        alarms=Counter(
            "jinmu_alarms", "Things that must not happen, by kind", ["kind"], registry=registry
        ),
        restarts=Counter(
            "jinmu_receiver_restarts", "Receivers that died and were replaced", registry=registry
        ),
        missing=Gauge(
            "jinmu_missing_events",
            "Numbers that a later event of the same outbox has overtaken",
            ["age"],
            registry=registry,
        ),
        batch_s=Histogram(
            "jinmu_batch_seconds", "From taking a batch to its commit", registry=registry
        ),
        broker_up=Gauge("jinmu_broker_up", "1 while connected to the broker", registry=registry),
        told=Counter(
            "jinmu_told",
            "Messages to people by channel and how the try ended",
            ["channel", "outcome"],
            registry=registry,
        ),
        untold=Gauge(
            "jinmu_untold",
            "Messages that wait, are on their way or are dead letters",
            ["channel", "state"],
            registry=registry,
        ),
        teller_restarts=Counter(
            "jinmu_teller_restarts", "Senders that died and were replaced", registry=registry
        ),
        database_up=Gauge("jinmu_database_up", "1 while the database works", registry=registry),
    )
