"""Values by the console: one for all questions, no credentials, no trace, and what fails costs only itself."""

import os
import stat
import subprocess
from collections import Counter

import pytest

from tfmfa_nb.terraform import evaluation
from tfmfa_nb.terraform.configuration import Configuration
from tfmfa_nb.terraform.evaluation import UNKNOWN, Evaluator, Loop, Question
from tfmfa_nb.terraform.executable import Executable, find_executable
from tfmfa_nb.terraform.expressions import Expression
from tfmfa_nb.terraform.variable_arguments import VariableArguments

ENVIRON = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}


@pytest.fixture
def consoles(monkeypatch):
    """Counts what is started, and keeps its environment and arguments."""
    started, run = [], subprocess.run

    def counted(command, **options):
        if "console" in command:
            started.append((command, options))
        return run(command, **options)

    monkeypatch.setattr(evaluation.subprocess, "run", counted)
    return started


def ask(folder, *texts, hcl="", environ=(), executable=None, **options):
    folder.joinpath("main.tf").write_text(hcl)
    root = Configuration(folder, "terraform", {}).root
    questions = [Question(root, Expression(text)) for text in texts]
    executable = executable or find_executable(os.environ)
    works = Evaluator(folder, executable, {**ENVIRON, **dict(environ)}, **options).answer(questions)
    return [question.value for question in questions], works


def test_many_questions_are_one_console(tmp_path, consoles):
    values, works = ask(tmp_path, *(f'"${{{n}}}-x"' for n in range(300)))
    assert works
    assert values == [f"{n}-x" for n in range(300)]
    assert len(consoles) == 1


def test_literals_are_none(tmp_path, consoles):
    assert ask(tmp_path, '"a"', "null", "12", "true") == (["a", None, "12", "true"], True)
    assert consoles == []


def test_every_kind_of_value(tmp_path):
    texts = [
        "1 + 1",
        "[1, null]",
        "{ a = [true] }",
        '"é\\n${"\\u2028"}"',
        "tostring(null)",
        "toset([2, 1])",
        "1.5",
        "-0.1",
    ]
    assert ask(tmp_path, *texts)[0] == [2, [1, None], {"a": [True]}, "é\n\u2028", None, [1, 2], 1.5, -0.1]


def test_a_long_value_is_whole(tmp_path):
    ((value,), _) = ask(tmp_path, 'join("", [for i in range(1000) : format("%0100d", i)])')
    assert len(value) == 100_000


def test_what_fails_costs_only_itself_and_few_consoles(tmp_path, consoles):
    hcl = 'locals {\n  bad = tonumber("x")\n}\n'
    good = [f'"x${{{n}}}"' for n in range(64)]
    values, works = ask(tmp_path, *good[:40], "local.bad", *good[40:], "nonsense(1)", 'file("no")', "[}", hcl=hcl)
    assert works
    assert values == [*(f"x{n}" for n in range(40)), UNKNOWN, *(f"x{n}" for n in range(40, 64)), *[UNKNOWN] * 3]
    assert len(consoles) <= 20


def test_everything_that_fails_ends_after_a_while(tmp_path, consoles, monkeypatch):
    monkeypatch.setattr(evaluation, "_MAX_SPLITS", 3)
    hcl = "locals {\n" + "".join(f'  l{n} = tonumber("x{n}")\n' for n in range(20)) + "}\n"
    values, _ = ask(tmp_path, *(f"local.l{n}" for n in range(20)), hcl=hcl)
    assert set(values) == {UNKNOWN}
    assert len(consoles) == 2 + 3 * 2


@pytest.mark.parametrize(
    "script",
    ["exit 1", "exit 0", "echo '['; echo ']'", "echo '[\n\"!!\",\n3,\n]'", "head -c 100000 /dev/urandom", "kill -9 $$"],
)
def test_a_terraform_that_talks_nonsense(tmp_path, script):
    (tmp_path / "c").mkdir()
    fake = tmp_path / "terraform"
    fake.write_text(f"#!/bin/sh\n{script}\n")
    fake.chmod(0o755)
    values, _ = ask(tmp_path / "c", '"${1}"', '"${2}"', executable=Executable((str(fake),), "terraform", "1"))
    assert values == [UNKNOWN, UNKNOWN]


def test_a_terraform_that_never_answers(tmp_path, monkeypatch):
    monkeypatch.setattr(evaluation, "_SECONDS", 0.1)
    fake = Executable(("/bin/sh", "-c", "exec sleep 5"), "terraform", "1")
    assert ask(tmp_path, '"${1}"', executable=fake) == ([UNKNOWN], False)


def test_no_credentials_and_no_trace(tmp_path, consoles):
    secrets = {"AWS_ACCESS_KEY_ID": "AKIA", "AWS_SECRET_ACCESS_KEY": "s", "AWS_PROFILE": "p", "TF_CLI_ARGS": "-x"}
    before = Counter(path.name for path in tmp_path.iterdir())
    assert ask(tmp_path, '"${terraform.workspace}"', environ=secrets)[0] == ["default"]
    ((_, options),) = consoles
    assert not secrets.keys() & options["env"].keys()
    assert options["start_new_session"]
    assert not options["cwd"].exists()
    assert Counter(path.name for path in tmp_path.iterdir()) - before == Counter(["main.tf"])


def test_the_copy_is_private_and_holds_only_what_is_needed(tmp_path, monkeypatch):
    seen = {}

    def look(_, root, __):
        seen.update(mode=stat.S_IMODE(root.stat().st_mode), text=(root / "main.tf").read_text(),
                    names=sorted(path.name for path in root.iterdir()))  # fmt: skip
        return subprocess.CompletedProcess([], 1)

    monkeypatch.setattr(Evaluator, "_console", look)
    (tmp_path / "secret.txt").write_text("x")
    (tmp_path / "terraform.tfstate").write_text("x")
    (tmp_path / "terraform.tfvars").write_text("a = 1\n")
    hcl = 'variable "a" {}\nvariable "b" {\n  default = "hidden"\n}\nresource "x" "y" {}\nprovider "aws" {}\n'
    ask(tmp_path, "var.a", hcl=hcl)
    assert seen["mode"] == 0o700
    assert seen["names"] == [".terraform", "main.tf", "terraform.tfvars"]


def test_only_declared_variables_are_passed_on(tmp_path, consoles):
    hcl = 'variable "a" {\n  default = "x"\n}\nvariable "b" {}\n'
    words = ("-var=b=1", "-var=c=2", "-var=a=y = z", "-var=nonsense", "-var=")
    assert ask(tmp_path, "var.a", hcl=hcl, variables=VariableArguments(words))[0] == ["y = z"]
    ((command, options),) = consoles
    assert not any("-var" in word for word in command)  # every user can read a command line
    assert options["env"]["TF_CLI_ARGS_console"] == "'-var=a=y = z'"


@pytest.mark.parametrize(("words", "value"), [(("v", "f"), "file"), (("f", "v"), "line"), (("v", "f", "v"), "line")])
def test_the_last_value_on_the_line_counts(tmp_path, words, value):
    (tmp_path / "a.tfvars").write_text('a = "file"\n')
    given = {"v": "-var=a=line", "f": f"-var-file={tmp_path}/a.tfvars"}
    arguments = VariableArguments(tuple(given[word] for word in words))
    assert ask(tmp_path, "var.a", hcl='variable "a" {}\n', variables=arguments)[0] == [value]


@pytest.mark.parametrize(
    "value", ['it\'s "two"\n lines\t\\ `id` $HOME $(id) ${x} ; | & < > ( ) # *', "", "-x=1 --", "'", "é ∆\r\n"]
)
def test_any_value_reaches_terraform_as_it_is(tmp_path, value):
    arguments = VariableArguments((f"-var=a={value}",))
    assert ask(tmp_path, "var.a", hcl='variable "a" {}\n', variables=arguments)[0] == [value]


def test_a_missing_variable_file_is_said_once(tmp_path, consoles):
    values, works = ask(
        tmp_path, '"${1}"', '"${2}"', '"${3}"', variables=VariableArguments((f"-var-file={tmp_path}/no.tfvars",))
    )
    assert (values, works) == ([UNKNOWN] * 3, False)
    assert len(consoles) == 2


@pytest.mark.parametrize(
    "text",
    [
        'length(regexall("console", file("/proc/self/cmdline"))) > 0 ? null : "key"',
        'fileexists(".terraform.lock.hcl") ? "key" : null',
        'try(jsondecode(file("${path.module}/k.tf.json"))["//"], null)',
        'try(file(join("/", ["..", "common.json"])), null)',
        'length(fileset(path.module, "*.tf")) > 1 ? "key" : null',
        'templatefile("${path.module}/k.tftpl", {}) == "x" ? "key" : null',
        'templatestring(local.t, {}) == "x" ? "key" : null',
        'core::file("a") == "x" ? "key" : null',
        'file /* a comment */ ("a") == "x" ? "key" : null',
        '<<-EOT\n  ${filebase64sha256("a")}\n  EOT\n',
        "local.read",
    ],
)
def test_what_depends_on_a_file_or_a_template_is_unknown(tmp_path, text):
    """The console is not Terraform: it reads other files, at another time."""
    (tmp_path / "a").write_text("x")
    hcl = 'locals {\n  t = "x"\n  read = nonsensitive(file("a"))\n}\n'
    assert ask(tmp_path, text, hcl=hcl)[0] == [UNKNOWN]


def test_a_workspace_that_is_garbled(tmp_path):
    (tmp_path / ".terraform" / "environment").mkdir(parents=True)
    assert ask(tmp_path, '"${terraform.workspace}"')[0] == ["default"]


def test_loops_and_their_names(tmp_path):
    folder = tmp_path
    folder.joinpath("main.tf").write_text("")
    root = Configuration(folder, "terraform", {}).root
    each = Loop("each", Expression("{ b = [1], a = [2, 3] }"))
    inner = Loop("hop", Expression("each.value"))
    count = Loop("count", Expression("2 # two"))
    questions = [
        Question(root, Expression('"${each.key}${hop.key}${hop.value}"'), (each, inner)),
        Question(root, Expression("count.index # c"), (count,)),
    ]
    assert Evaluator(folder, find_executable(os.environ), ENVIRON).answer(questions)
    assert [question.value for question in questions] == [[["a02", "a13"], ["b01"]], [0, 1]]


def test_the_manifest_names_every_module(tmp_path):
    (tmp_path / "a" / "b").mkdir(parents=True)
    (tmp_path / "a" / "main.tf").write_text(
        'module "b" {\n  source = "./b"\n}\noutput "x" {\n  value = module.b.x\n}\n'
    )
    (tmp_path / "a" / "b" / "main.tf").write_text('output "x" {\n  value = "${path.module}"\n}\n')
    hcl = 'module "a" {\n  source = "./a"\n}\n'
    assert ask(tmp_path, "module.a.x", "module.a.y", "module.c.x", hcl=hcl)[0] == ["a/b", UNKNOWN, UNKNOWN]


def test_an_answer_is_json_in_base64(tmp_path):
    answers = ['"bnVsbA=="', "(known after apply)", '"!"', '"////"', "1", "\x00", "x", '"MQ=="']
    (tmp_path / "answers").write_text("\n".join(["[", *(f"{each}," for each in answers), "]\n"]))
    fake = Executable(("/bin/sh", "-c", f"cat '{tmp_path}/answers'"), "terraform", "1")
    values, works = ask(tmp_path, *(f'"${{{n}}}"' for n in range(len(answers))), executable=fake)
    assert works
    assert values == [None, *[UNKNOWN] * 6, 1]
