"""For those who run it: is it well, and how much has it done."""

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from central.db import Database
from central.metrics import Metrics
from central.receiver import Receiver
from central.tell.teller import Teller

router = APIRouter(tags=["operation"])


class PrometheusText(Response):
    """The text that Prometheus scrapes."""

    media_type = CONTENT_TYPE_LATEST


@router.get("/healthz", summary="200 when well or degraded, 503 when it must be restarted")
def healthz(request: Request) -> Response:
    """A lost broker only degrades: a restart would not bring it back."""
    database = _works(request.app.state.database)
    teller: Teller | None = request.app.state.teller
    receiver: Receiver | None = request.app.state.receiver
    health = receiver.health() if receiver else None
    worker = health.worker if health else True
    broker = health.broker if health else False
    sound = database and worker
    status = "ok" if sound and broker else "degraded" if sound else "failed"
    body = {
        "status": status,
        "database": database,
        "broker": broker,
        "worker": worker,
        "teller": teller.alive if teller else True,
        "worker_beat_s": health.worker_beat_s if health else None,
        "waiting": health.waiting if health else 0,
    }
    return JSONResponse(body, status_code=200 if sound else 503)


@router.get("/metrics", summary="Prometheus metrics", response_class=PrometheusText)
def metrics(request: Request) -> Response:
    counted: Metrics = request.app.state.metrics
    return PrometheusText(generate_latest(counted.registry))


def _works(database: Database) -> bool:
    try:
        with database.read() as session:
            session.execute(text("SELECT 1"))
    except SQLAlchemyError:
        return False
    return True
