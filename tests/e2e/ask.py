"""Asking central for pages, and judging a case by its form."""

from typing import Any

import httpx

from tests.e2e.html import Element, read

HOSTILE = "<script>alert(1)</script>\"'><img src=x onerror=alert(2)>{{7*7}}{0}"
PAGES = (
    *("/cases", "/cases?status=all", "/boxes", "/cameras", "/quarantine", "/account"),
    *(
        "/tell",
        "/appeals",
        "/kpi",
        "/kpi?period=2026-11&scene=fire_lane",
        "/kpi/filing",
        "/shadow",
        "/hotspots",
    ),
)


def get(client: httpx.Client, path: str, status: int = 200, **headers: str) -> Element:
    answer = client.get(path, headers=headers)
    assert answer.status_code == status, answer.text[:300]
    return read(answer.text)


def judge(client: httpx.Client, case_no: str, htmx: bool = False, **fields: str) -> Any:
    """Send the verdict form as the page holds it, with changes."""
    page = get(client, f"/cases/{case_no}")
    form = page.all("input", name="csrf_token")[0].attributes["value"]
    data = {"csrf_token": form, "version": "1"} | fields
    headers = {"hx-request": "true"} if htmx else {}
    return client.post(f"/cases/{case_no}/verdict", data=data, headers=headers)
