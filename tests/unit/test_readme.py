"""The READMEs tell the truth: figures come from runs, what they name exists, commands are right."""

import re
import subprocess

import pytest
from typer.testing import CliRunner

import central.cli
import edge.cli
from tests.support import ROOT

PROGRAMS = {"jinmu-edge": edge.cli.app, "jinmu-central": central.cli.app}
READMES = ["README.md", "README.zh-CN.md"]


def test_figures_are_what_was_measured():
    done = subprocess.run(
        [ROOT / "scripts" / "write_figures", "--check"], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("name", READMES)
def test_links_and_scripts_exist(name):
    text = (ROOT / name).read_text(encoding="utf-8")
    for target in re.findall(r"\]\(([^)#:]+)\)", text):
        assert (ROOT / target).exists(), target
    for script in re.findall(r"scripts/(\w+)", text):
        assert (ROOT / "scripts" / script).exists(), script


def test_every_option_of_our_commands_that_is_shown_exists():
    shown: dict[tuple[str, ...], set[str]] = {}
    for name in READMES:
        text = (ROOT / name).read_text(encoding="utf-8")
        of = r"(jinmu-(?:edge|central)) ([a-z]+(?: [a-z]+(?= ))?)([^\n`#]*)"
        for program, command, rest in re.findall(of, text):
            words = [word for word in command.split() if word != "streams"]
            shown.setdefault((program, *words), set()).update(re.findall(r" (--[a-z-]+)", rest))
    assert len(shown) >= 5
    runner = CliRunner()
    for (program, *words), options in shown.items():
        done = runner.invoke(PROGRAMS[program], [*words, "--help"], env={"COLUMNS": "200"})
        assert done.exit_code == 0, (program, words, done.output)
        assert not {option for option in options if option not in done.output}, (program, words)
