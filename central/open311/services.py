"""What may be asked for, as Open311 lists it. The codes are our scenes and one for all else."""

from dataclasses import dataclass

from central.open311.codec import Item


@dataclass(frozen=True, slots=True)
class Attribute:
    """A further question of a service; `values` are the choices of a list, empty for free text."""

    code: str
    description: str
    values: tuple[tuple[str, str], ...] = ()
    required: bool = False


@dataclass(frozen=True, slots=True)
class Service:
    """A kind of request."""

    code: str
    name: str
    description: str
    group: str
    keywords: tuple[str, ...] = ()
    attributes: tuple[Attribute, ...] = ()


PLACE = Attribute("place", "扫码点位编号 Code of the place whose QR code was scanned")
SERVICES = (
    Service(
        "fire_lane",
        "消防通道占用 Fire lane occupied",
        "机动车或杂物占用、堵塞消防车通道",
        "街面秩序",
        ("消防", "停车"),
        (
            Attribute(
                "blocked",
                "是否完全堵塞 Is it blocked?",
                (("yes", "是 Yes"), ("no", "否 No"), ("unknown", "不清楚 Unknown")),
            ),
            PLACE,
        ),
    ),
    Service(
        "square_dance",
        "广场噪声扰民 Noise in a square",
        "广场舞等音量过大或超过规定时间",
        "噪声",
        ("广场舞", "噪声"),
        (PLACE,),
    ),
    Service(
        "facility",
        "公共体育设施 Public sports facility",
        "设施被占用、损坏, 或应开未开",
        "公共设施",
        ("健身", "场地"),
        (
            Attribute(
                "problem",
                "问题 What is wrong",
                (("occupied", "被占用"), ("damaged", "损坏"), ("closed", "应开未开")),
            ),
            PLACE,
        ),
    ),
    Service("other", "其他诉求 Other", "以上没有列出的诉求", "其他", (), (PLACE,)),
)


def find_service(code: str) -> Service | None:
    """The service of this code."""
    return next((one for one in SERVICES if one.code == code), None)


def name_of(code: str) -> str:
    """Its name, or the code itself when we have none."""
    found = find_service(code)
    return code if found is None else found.name


def item_of(one: Service) -> Item:
    """A service as the list of services has it."""
    return {
        "service_code": one.code,
        "service_name": one.name,
        "description": one.description,
        "metadata": bool(one.attributes),
        "type": "realtime",
        "keywords": ",".join(one.keywords),
        "group": one.group,
    }


def attributes_of(one: Service) -> list[Item]:
    """The further questions of a service, as its definition has them."""
    return [
        {
            "variable": True,
            "code": attribute.code,
            "datatype": "singlevaluelist" if attribute.values else "text",
            "required": attribute.required,
            "datatype_description": "",
            "order": number,
            "description": attribute.description,
            "values": [{"key": key, "name": name} for key, name in attribute.values],
        }
        for number, attribute in enumerate(one.attributes, start=1)
    ]
