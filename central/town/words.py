"""Names of columns and of values as offices write them, Chinese beside English."""

from typing import Literal, get_args

Kind = Literal["orgs", "grids", "places", "rules", "people", "codes", "calendar"]
KINDS: tuple[Kind, ...] = get_args(Kind)
"""In the order in which they are imported: later ones name earlier ones."""

_COMMON = {"编号": "id", "名称": "name"}
COLUMNS: dict[Kind, dict[str, str]] = {
    "orgs": _COMMON
    | {
        "类型": "kind",
        "上级": "parent",
        "值班": "duty",
        "值班时间": "duty",
        "渠道": "channels",
        "联系人": "contact",
        "电话": "phone",
    },
    "grids": _COMMON
    | {
        "层级": "level",
        "区域类型": "area_type",
        "上级": "parent",
        "居村": "committee",
        "片区": "district",
    },
    "places": _COMMON
    | {
        "场景": "scenes",
        "经度": "lon",
        "纬度": "lat",
        "网格": "grid",
        "区域类型": "area_type",
        "地址": "address",
        "物业": "property",
        "产权单位": "owner",
    },
    "rules": _COMMON
    | {
        "场景": "scene",
        "严重程度": "severity",
        "区域类型": "area_type",
        "时段": "time",
        "主责": "lead",
        "协办": "assist",
        "告知": "inform",
        "处置时限": "official",
        "内部时限": "internal",
        "核查时限": "verify",
        "先行联系时限": "contact",
        "升级": "escalation",
        "优先级": "priority",
        "生效日期": "valid_from",
        "失效日期": "valid_to",
    },
    "people": _COMMON
    | {
        "姓名": "name",
        "单位": "org",
        "角色": "roles",
        "网格": "grids",
        "账号": "account",
        "电话": "phone",
        "渠道": "channels",
    },
    "codes": _COMMON
    | {
        "小类": "name",
        "大类": "category",
        "场景": "scene",
        "严重程度": "severity",
        "区级编码": "district_code",
        "区级名称": "district_name",
    },
    "calendar": {},
}
AS_TEXT: dict[Kind, frozenset[str]] = {"codes": frozenset({"id", "district_code"})}
"""Columns that a workbook must hold as text: of the number 505 nobody knows whether it was 0505."""

_SCENES = {"消防通道": "fire_lane", "广场舞": "square_dance", "场馆": "facility", "设备": "device"}
_SEVERITIES = (
    {"占用": "occupied", "堵塞": "blocked", "超标": "over_limit", "禁时": "curfew"}
    | {"再犯": "relapse", "待核实": "advisory", "闯入": "intrusion", "频繁报警": "storm"}
    | {"故障": "fault"}
    | {"全部": "*"}
)
VALUES: dict[str, dict[str, str]] = {
    "level": {"单元": "unit", "单元网格": "unit", "居村": "community", "居委": "community"}
    | {"片区": "district", "街道": "office"},
    "area_type": {"小区": "estate", "街面": "street", "农村": "rural", "园区": "park"},
    "kind": {"街道": "office", "片区": "district", "居委": "committee", "村委": "committee"}
    | {"居村委": "committee", "物业": "property", "综合执法": "enforcement", "公安": "police"}
    | {"派出所": "police", "消防": "fire", "产权单位": "owner", "管理单位": "owner"}
    | {"值守席": "desk"},
    "scene": _SCENES,
    "severity": _SEVERITIES,
    "event": _SCENES
    | {"热线诉求": "appeal_12345", "110非警情": "appeal_110", "扫码诉求": "appeal_qr"}
    | {"来访诉求": "appeal_walk_in", "外部诉求": "appeal_open311"},
    "degree": _SEVERITIES | _SCENES | {"其他": "other"},
    "role": {"观察": "observer", "受理席": "desk", "派遣席": "dispatcher", "处置": "handler"}
    | {
        "值班长": "duty_leader",
        "核查": "verifier",
        "分管领导": "leader",
        "管理员": "administrator",
    },
    "relation": {"@物业": "@property", "@居村": "@committee", "@居委": "@committee"}
    | {"@片区": "@district", "@产权单位": "@owner", "@管理单位": "@owner"},
}
"""`event` and `degree` are what event codes are by: also the kind of an appeal and its service."""


def plain(family: str, text: str) -> str:
    """A value in the program's own word; what is not known comes back as it is."""
    return VALUES[family].get(text.strip(), text.strip())


def shown_column(kind: Kind, field: str) -> str:
    """A column as a person may have written it: `经度 (lon)`."""
    chinese = next((word for word, name in COLUMNS[kind].items() if name == field), "")
    return f"{chinese} ({field})" if chinese else field
