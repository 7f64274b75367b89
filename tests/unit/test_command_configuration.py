"""`jupyter tfmfa` follows Jupyter's conventions: its configuration file, and completion in the shell."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from from_code.command_line import helps

from tfmfa_nb.app import build_parser, main
from tfmfa_nb.app.config_file import section_of, settings_of
from tfmfa_nb.model.errors import ConfigurationError

PROGRAM = Path(sys.executable).with_name("jupyter-tfmfa")


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """Jupyter's folder for configuration, and nobody else's."""
    found = tmp_path / "jupyter"
    found.mkdir()
    monkeypatch.setenv("JUPYTER_CONFIG_DIR", str(found))
    monkeypatch.setenv("JUPYTER_CONFIG_PATH", str(tmp_path / "first"))
    monkeypatch.chdir(tmp_path)
    return found


def parsed(*words):
    return build_parser(settings_of(words)).parse_args(words)


@pytest.mark.parametrize("words", helps())
def test_each_command_has_the_options_of_jupyter(words):
    assert {"--help", "--config", "--generate-config"} <= set(helps()[words].split())


def test_a_file_sets_defaults_and_the_command_line_goes_first(folder):
    (folder / "jupyter_tfmfa_config.py").write_text(
        "c.Run.timeout = 600\nc.Run.parameter = [['release', '2.4.1']]\nc.RecordsPrune.keep = 7\nc.Doctor.json = True\n"
    )
    assert parsed("run", "x.ipynb").timeout == 600.0
    assert parsed("run", "x.ipynb").parameter == [["release", "2.4.1"]]
    assert parsed("run", "x.ipynb", "--timeout", "5").timeout == 5.0
    assert parsed("records", "prune").keep == 7
    assert parsed("records", "list").limit == 20
    assert parsed("doctor").json is True


@pytest.mark.parametrize("words", [("run", "x.ipynb", "-p", "message"), ("approve",), ("run", "x.ipynb", "--nope")])
def test_a_file_that_is_named_in_a_line_that_is_wrong_is_not_executed(tmp_path, words):
    (tmp_path / "named.py").write_text(f"open({str(tmp_path / 'executed')!r}, 'w')")
    with pytest.raises(SystemExit):
        main([*words, f"--config={tmp_path / 'named.py'}"])
    assert not (tmp_path / "executed").exists()


def test_json_goes_before_python_and_a_folder_before_those_that_jupyter_lists_behind_it(folder, tmp_path):
    first = tmp_path / "first"
    first.mkdir()
    (folder / "jupyter_tfmfa_config.py").write_text("c.Doctor.profile = 'behind'\nc.Run.timeout = 1\n")
    assert (parsed("doctor").profile, parsed("run", "x.ipynb").timeout) == ("behind", 1.0)
    (first / "jupyter_tfmfa_config.py").write_text("c.Doctor.profile = 'first'\n")
    assert (parsed("doctor").profile, parsed("run", "x.ipynb").timeout) == ("first", 1.0)
    (first / "jupyter_tfmfa_config.json").write_text(json.dumps({"Doctor": {"profile": "json"}}))
    assert parsed("doctor").profile == "json"


@pytest.mark.parametrize("given", [["--config", "mine.py"], ["--config=mine.py"]])
def test_a_named_file_counts_instead_of_the_others(folder, tmp_path, given):
    (folder / "jupyter_tfmfa_config.py").write_text("c.Doctor.profile = 'other'\n")
    (tmp_path / "mine.py").write_text("c.Doctor.profile = 'mine'\n")
    assert parsed("doctor", *given).profile == "mine"
    assert parsed(*given, "doctor").profile == "mine"


def test_what_a_started_program_is_given_is_its_own(tmp_path):
    (tmp_path / "mine.py").write_text("c.SandboxStart.port = 1\n")
    options = parsed("sandbox", "start", "--", "jupyter", "lab", "--config", "mine.py")
    assert options.command[-2:] == ["--config", "mine.py"]
    assert options.port != 1


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("c.Run.timeot = 1", "c.Run.timeot is no option of `jupyter tfmfa run`. Did you mean"),
        ("c.Run.timeout = 'soon'", "c.Run.timeout cannot be 'soon': 'soon' is not a number of seconds."),
        ("c.Run.timeout = [1]", "c.Run.timeout cannot be [1]: it must be a text or a number."),
        ("c.Run.plan_only = 1", "c.Run.plan_only cannot be 1: it must be True or False."),
        ("c.Run.parameter = 'x'", "c.Run.parameter cannot be 'x': it must be a list of what can be given."),
        ("c.Run.quiet = True", "c.Run.quiet is no option of `jupyter tfmfa run`."),
        ("c.Run.execute = 1", "c.Run.execute is no option of `jupyter tfmfa run`."),
        ("c.Run.notebook = 'x'", "c.Run.notebook is no option of `jupyter tfmfa run`."),
        ("1 / 0", "cannot be read: division by zero."),
    ],
)
def test_a_mistake_in_the_file_is_one_line_that_names_it(folder, capsys, text, says):
    (folder / "jupyter_tfmfa_config.py").write_text(f"{text}\n")
    assert main(["run", "x.ipynb"]) == 2
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert says in said
    assert str(folder) in said


def test_a_named_file_that_is_not_there_is_told(capsys):
    assert main(["doctor", "--config", "gone.py"]) == 2
    assert "The configuration file gone.py cannot be read" in capsys.readouterr().err


@pytest.mark.parametrize("words", ["doctor", "records prune", "run"])
def test_the_generated_file_has_each_option_and_sets_none(words, folder, capsys):
    with pytest.raises(SystemExit) as ended:
        main([*words.split(), "--generate-config"])
    path = folder / "jupyter_tfmfa_config.py"
    assert (ended.value.code, capsys.readouterr().out) == (0, f"{path} is written: no option is set in it.\n")
    text = path.read_text()
    assert "# c.Run.timeout = 0.0\n" in text
    assert "# c.RecordsPrune.keep = None\n" in text
    assert settings_of(["doctor"]).sections == {}
    assert main(["doctor", "--generate-config"]) == 2
    assert capsys.readouterr().err == f"{path} exists already. Edit it, or name another file with --config.\n"


def test_what_is_generated_can_be_set(tmp_path, capsys):
    with pytest.raises(SystemExit):
        main(["--generate-config", "--config", str(tmp_path / "new" / "mine.py")])
    path = tmp_path / "new" / "mine.py"
    text = path.read_text().replace("# c.Run.timeout = 0.0", "c.Run.timeout = 9")
    path.write_text(text)
    assert parsed("run", "x.ipynb", "--config", str(path)).timeout == 9.0
    assert str(path) in capsys.readouterr().out


def test_the_name_of_a_section_is_that_of_its_command():
    assert section_of("jupyter tfmfa records prune") == "RecordsPrune"


def completed(line, *, program=PROGRAM, index="1"):
    """What a shell is offered for a line, by argcomplete's own protocol."""
    environment = {**os.environ, "_ARGCOMPLETE": index, "COMP_LINE": line, "COMP_POINT": str(len(line))}
    environment |= {"_ARGCOMPLETE_IFS": "\n", "COMP_TYPE": "9", "_ARGCOMPLETE_STDOUT_FILENAME": "offered"}
    subprocess.run([program, *([] if program == PROGRAM else ["tfmfa"])], env=environment, check=False, timeout=60)
    return set(Path("offered").read_text().split())


@pytest.mark.parametrize(
    ("line", "offered"),
    [
        ("jupyter-tfmfa rec", {"records"}),
        ("jupyter-tfmfa records ", {"list", "export", "prune"}),
        ("jupyter-tfmfa records prune --o", {"--older-than"}),
        ("jupyter-tfmfa doctor --js", {"--json"}),
        ("jupyter-tfmfa completion ", {"bash", "zsh", "fish"}),
    ],
)
def test_commands_and_options_are_completed(line, offered):
    assert offered <= {word.strip() for word in completed(line)}


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_script_is_one_that_the_shell_takes(shell, capsys, tmp_path):
    assert main(["completion", shell]) == 0
    script = capsys.readouterr().out
    assert "jupyter-tfmfa" in script
    if program := shutil.which("bash" if shell == "bash" else shell):
        (tmp_path / "script").write_text(script)
        subprocess.run([program, "-n", "script"], check=True)


def test_bash_completes_a_line(capsys, tmp_path):
    main(["completion", "bash"])
    (tmp_path / "script").write_text(capsys.readouterr().out)
    asks = (
        "source ./script; COMP_LINE='jupyter-tfmfa reco'; COMP_POINT=${#COMP_LINE}; COMP_WORDS=(jupyter-tfmfa reco); "
        "COMP_CWORD=1; COMP_TYPE=9; _python_argcomplete jupyter-tfmfa reco jupyter-tfmfa; echo ${COMPREPLY[@]}"
    )
    environment = {**os.environ, "PATH": f"{PROGRAM.parent}:{os.environ['PATH']}"}
    done = subprocess.run(["bash", "-c", asks], env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["records"]


def test_without_argcomplete_it_says_what_to_install(monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "argcomplete", None)
    assert main(["completion", "bash"]) == 2
    assert "pip install 'tfmfa-nb[completion]'" in capsys.readouterr().err


def test_a_file_that_is_no_json_is_told(folder):
    (folder / "jupyter_tfmfa_config.json").write_text("{")
    with pytest.raises(ConfigurationError, match=r"jupyter_tfmfa_config\.json cannot be read"):
        settings_of(["doctor"])
