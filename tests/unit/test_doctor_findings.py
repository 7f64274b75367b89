"""What the doctor has not looked at is not said to be good, and what runs do not use neither."""

import json
import subprocess

import pytest

from tfmfa_nb.app import main
from tfmfa_nb.doctor import Severity, examine, worst
from tfmfa_nb.doctor.command import print_findings, report
from tfmfa_nb.doctor.environment_checks import check_environment, findings_of
from tfmfa_nb.doctor.finding import Finding
from tfmfa_nb.doctor.local_checks import check_extension, check_provider
from tfmfa_nb.doctor.version_control import check_version_control
from tfmfa_nb.environments import Environment
from tfmfa_nb.model.version import __version__
from tfmfa_nb.organization.policy import Policy

PROVIDER = "registry.terraform.io/hashicorp/aws"


@pytest.fixture
def home(tmp_path):
    folder = tmp_path / "home"
    folder.mkdir()
    return folder


def environ(home, **more):
    return {"HOME": str(home), "XDG_DATA_DIRS": str(home / "none"), **more}


def mirror(folder):
    (folder / PROVIDER).mkdir(parents=True)
    return folder


def test_a_mirror_that_runs_never_use_is_not_said_to_be_used(home):
    unused = mirror(home / "mirrors" / "terraform")
    found = check_provider(environ(home, TFMFA_PROVIDER_MIRROR=str(unused)))
    assert found.severity is Severity.NOT_CHECKED
    assert found.text == (
        f"`init` gets hashicorp/aws from its registry, which was not asked. Only the sandbox uses the mirror {unused}."
    )
    assert str(found).startswith("- provider: ")


def test_a_mirror_that_terraform_itself_searches_is_used(home):
    used = mirror(home / ".terraform.d" / "plugins")
    found = check_provider(environ(home))
    assert (found.severity, found.text) == (
        Severity.OK,
        f"hashicorp/aws is in the mirror {used}, which Terraform itself searches.",
    )


@pytest.mark.parametrize("named", [True, False])
def test_a_mirror_that_the_cli_configuration_names_is_used(home, tmp_path, named):
    used = mirror(tmp_path / "m")
    mirror(home / ".terraform.d" / "plugins")  # which Terraform does not search then
    file = tmp_path / "own.tfrc" if named else home / ".terraformrc"
    file.write_text(f'provider_installation {{\n  filesystem_mirror {{\n    path = "{used}"\n  }}\n}}\n')
    found = check_provider(environ(home, **({"TF_CLI_CONFIG_FILE": str(file)} if named else {})))
    assert found.severity is Severity.OK
    assert found.text == f"hashicorp/aws is in the mirror {used}, which {file} names."
    file.write_text('provider_installation {\n  network_mirror {\n    url = "https://mirror.example/"\n  }\n}\n')
    found = check_provider(environ(home, **({"TF_CLI_CONFIG_FILE": str(file)} if named else {})))
    assert (found.severity, found.text) == (Severity.NOT_CHECKED, f"{file} says where providers come from.")


def test_what_was_not_looked_at_makes_no_finding_worse():
    fine, unknown = Finding("a", Severity.OK, ""), Finding("b", Severity.NOT_CHECKED, "")
    assert worst([unknown, fine]) is Severity.OK
    assert worst([unknown]).exit_code == 0
    assert [severity.exit_code for severity in Severity] == [0, 0, 1, 2]


@pytest.mark.parametrize(("hcl", "text"), [("", "there is none yet."), ("# HCL\n", "no Terraform evaluates it.")])
def test_without_anything_read_nothing_is_said_of_bypasses(tmp_path, hcl, text):
    environment = Environment.named("staging", tmp_path)
    if hcl:
        environment.write_configuration(hcl)
    findings = findings_of(environment, None, {})
    assert findings is None
    (about,) = [
        each for each in check_environment(environment, Policy(), {}, findings) if each.subject == "configuration"
    ]
    assert (about.severity, about.text) == (Severity.NOT_CHECKED, text)


async def test_a_terraform_that_is_too_old_is_an_error_and_evaluates_nothing(tmp_path, home):
    program = tmp_path / "terraform"
    program.write_text("#!/bin/sh\necho Terraform v0.11.14\n")
    program.chmod(0o700)
    environment = Environment.named("staging", tmp_path)
    environment.write_configuration("# HCL\n")
    policy = tmp_path / "policy.toml"
    policy.write_text("mfa = true\n")
    policy.chmod(0o644)
    variables = environ(home, PATH="/usr/bin:/bin", TFMFA_TERRAFORM=str(program), TFMFA_POLICY=str(policy))
    found = {each.subject: each async for each in examine(variables, "", environment)}
    assert found["Terraform"].severity is Severity.ERROR
    assert "is Terraform 0.11.14, which is too old: Terraform 1.5 or later" in found["Terraform"].text
    assert found["configuration"].severity is Severity.NOT_CHECKED


def installed(tmp_path, monkeypatch, version):
    folder = tmp_path / "labextensions" / "tfmfa_nb"
    folder.mkdir(parents=True)
    (folder / "package.json").write_text(version)
    monkeypatch.setattr("tfmfa_nb.doctor.local_checks.jupyter_path", lambda *_: [str(folder.parent)])
    return folder


def test_an_extension_that_was_left_out_is_a_warning(tmp_path, monkeypatch):
    monkeypatch.setattr("tfmfa_nb.doctor.local_checks.jupyter_path", lambda *_: [str(tmp_path)])
    found = check_extension()
    assert (found.severity, "is not installed" in found.text) == (Severity.WARNING, True)
    assert "SKIP_JUPYTER_BUILDER" in found.remedy


@pytest.mark.parametrize("text", ['{"version": "0.0.1"}', "{", "[]", "{}"])
def test_an_extension_of_another_version_is_a_warning(tmp_path, monkeypatch, text):
    folder = installed(tmp_path, monkeypatch, text)
    found = check_extension()
    assert found.severity is Severity.WARNING
    assert found.text.startswith(f"{folder} is of version ")


def test_an_extension_that_fits_is_fine(tmp_path, monkeypatch):
    installed(tmp_path, monkeypatch, json.dumps({"version": __version__}))
    assert check_extension().severity is Severity.OK


def test_a_repository_that_git_cannot_read_is_not_said_to_be_none(tmp_path, monkeypatch):
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True)
    (tmp_path / "live").mkdir()
    monkeypatch.setenv("PATH", str(tmp_path / "none"))
    found = check_version_control(tmp_path / "live")
    assert (found.severity, found.remedy) == (Severity.NOT_CHECKED, "To see why, run: git status")


def test_the_report_has_the_shape_that_help_promises(capsys):
    found = [
        Finding("Terraform", Severity.OK, "terraform 1.11.4."),
        Finding("clock", Severity.ERROR, "late.", "Set it."),
    ]
    assert report(found) == {
        "format_version": 1,
        "tfmfa_nb": __version__,
        "worst": "error",
        "findings": [
            {"subject": "Terraform", "severity": "ok", "text": "terraform 1.11.4.", "remedy": ""},
            {"subject": "clock", "severity": "error", "text": "late.", "remedy": "Set it."},
        ],
    }
    with pytest.raises(SystemExit):
        main(["doctor", "--help"])
    said = capsys.readouterr().out
    for name in ("format_version", "tfmfa_nb", "worst", "findings", *found[0].__dataclass_fields__, *Severity):
        assert f'"{name}"' in said


async def test_json_is_one_object_and_nothing_else(monkeypatch, capsys):
    async def examined(*_):
        yield Finding("clock", Severity.WARNING, "late.")

    monkeypatch.setattr("tfmfa_nb.doctor.examine", examined)
    assert await print_findings({}, "", None, as_json=True) == 1
    assert json.loads(capsys.readouterr().out)["worst"] == "warning"
