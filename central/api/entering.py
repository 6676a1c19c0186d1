"""Cases that somebody enters, from an appeal or by hand."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel, ConfigDict, Field

from central import store
from central.api.appeals import NUMBER
from central.api.cases import PROBLEMS, person_of, problem
from central.api.schemas import CaseOut, Problem
from central.appeals.filing import file_case
from central.appeals.rules import Refused as AppealRefused
from central.cases.moves import Refused
from central.deps import Config, Context
from central.keyed import KeyedRoute
from edge.events import PLACE

router = APIRouter(prefix="/api/v1/cases", tags=["cases"], route_class=KeyedRoute)

Scene = Literal["fire_lane", "square_dance", "facility"]


class CaseIn(BaseModel):
    """A case of a place of the town; an empty severity is the mildest one of the scene.

    `filed` starts the clocks and gives it to whom the rules name, `pending_file` waits for the
    desk. With `appeal_no` the appeal is linked to it.
    """

    model_config = ConfigDict(extra="forbid")

    scene: Scene
    place: Annotated[str, Field(pattern=PLACE)]
    severity: Annotated[str, Field(pattern=r"^[a-z_]{0,40}$")] = ""
    note: Annotated[str, Field(max_length=2000, pattern=r"^[^\x00]*$")] = ""
    appeal_no: Annotated[str, Field(pattern=NUMBER)] | None = None
    state: Literal["filed", "pending_file"] = "filed"

    def wish(self, address: str) -> store.NewCase:
        """As the store takes it; `address` is where it came from."""
        values: dict[str, Any] = self.model_dump(exclude={"appeal_no"})
        return store.NewCase(**values, appeal_no=self.appeal_no or "", address=address)


class CaseThereProblem(Problem):
    """`case_no`: with `case_open` the case that is there already, empty with other codes."""

    case_no: str = ""


@router.post(
    "",
    summary="Enter a case by hand or from an appeal",
    status_code=201,
    response_model=CaseOut,
    responses=PROBLEMS | {409: {"model": CaseThereProblem}},
)
def add(context: Context, config: Config, body: CaseIn) -> CaseOut | Response:
    me = person_of(context.me)
    try:
        with context.data.write() as session:
            number = file_case(session, body.wish(context.address), me, context.now, config.zone)
            session.flush()
            found = store.get_case(session, number, me)
    except store.NotFound:
        return problem(404, "not_found", f"there is no appeal {body.appeal_no}")
    except store.CaseThere as there:
        said = {"code": there.code, "detail": str(there), "case_no": there.case_no}
        return JSONResponse(said, status_code=409)
    except (Refused, AppealRefused) as refused:
        return problem(403 if refused.code == "role" else 409, refused.code, str(refused))
    assert found is not None, "who enters a case may see its place"
    for topic in ("cases", "appeals"):
        context.changed(topic)
    return CaseOut.model_validate(found.case)
