"""What is wrong with a file, so that the person who made it can put it right."""

from dataclasses import dataclass

MOST_FAULTS = 50


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault: `row` as the person counts it (0: the file as a whole), and the fix in `text`."""

    file: str
    row: int
    column: str
    text: str

    def __str__(self) -> str:
        where = f": row {self.row}" if self.row else ""
        column = f", column {self.column}" if self.column else ""
        said = f"{self.file}{where}{column}: {self.text}"
        return "".join(char if char.isprintable() else "?" for char in said)


class FileRefused(ValueError):
    """The file cannot be imported; one line per fault, nothing was changed."""

    def __init__(self, faults: list[Fault]) -> None:
        lines = [str(fault) for fault in faults[:MOST_FAULTS]]
        if len(faults) > MOST_FAULTS:
            lines.append(f"… and {len(faults) - MOST_FAULTS} more")
        super().__init__("\n".join(lines))
        self.faults = faults


def refused(file: str, text: str, row: int = 0, column: str = "") -> FileRefused:
    """A refusal with one fault."""
    return FileRefused([Fault(file, row, column, text)])
