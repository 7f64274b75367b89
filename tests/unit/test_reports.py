"""What the doctor, the trust policies, and the list of runs leave in a notebook: words, marks, and nothing to break."""

import re
from types import SimpleNamespace

import pytest
from IPython.core.interactiveshell import InteractiveShell

from tfmfa_nb.doctor import Finding, Severity
from tfmfa_nb.doctor.local_checks import check_network_variables
from tfmfa_nb.environments import Environment
from tfmfa_nb.magics.reports import DoctorReport, documents_bundle, findings_bundle, show_documents
from tfmfa_nb.model.statuses import Status
from tfmfa_nb.protocol.codec import parse
from tfmfa_nb.protocol.drawn_outputs import OUTPUT_MIME, DocumentsOutput, RunsOutput
from tfmfa_nb.runs.history.listing import list_runs
from tfmfa_nb.runs.options import Options
from tfmfa_nb.runs.run import Run
from tfmfa_nb.views.run_list import listing_bundle

FINDINGS = [
    Finding("Terraform", Severity.OK, "terraform 1.11.4."),
    Finding("keys", Severity.ERROR, "AWS <b>refused</b>\u202e them.", "Use others."),
    Finding("clock", Severity.WARNING, "it is 25 s late."),
    Finding("provider", Severity.NOT_CHECKED, "nobody asked."),
]


def test_a_finding_has_a_mark_a_word_and_a_color():
    bundle = findings_bundle(FINDINGS)
    words = re.sub(r"<[^>]+>", "", bundle["text/html"])
    assert words.startswith(
        "✓ OK Terraform: terraform 1.11.4.✗ Error keys: AWS &lt;b&gt;refused&lt;/b&gt;⟨U+202E⟩ them."
    )
    assert "! Warning clock:" in words
    assert "- Not checked provider:" in words
    assert len(set(re.findall(r"color: (#\w{6})", bundle["text/html"]))) == 3
    assert bundle["text/plain"].splitlines()[1] == "✗ keys: AWS <b>refused</b>⟨U+202E⟩ them. Use others."


def test_without_a_kernel_findings_and_documents_are_lines(capsys):
    shell = InteractiveShell()
    report = DoctorReport(shell)
    report.add(FINDINGS[0])
    show_documents([("Policy", "{}")], shell)
    assert capsys.readouterr().out == "✓ Terraform: terraform 1.11.4.\nPolicy:\n{}\n\n"


@pytest.fixture
def displayed(monkeypatch):
    shown = []
    handle = SimpleNamespace(update=lambda bundle, raw: shown.append((raw, bundle)))

    def display(bundle, raw, **_):
        shown.append((raw, bundle))
        return handle

    monkeypatch.setattr("tfmfa_nb.magics.reports.display", display)
    return shown


def test_in_a_notebook_findings_come_one_by_one_in_one_output(displayed):
    report = DoctorReport(SimpleNamespace(kernel=object()))
    for finding in FINDINGS:
        report.add(finding)
    assert [bundle["text/plain"].count("\n") for _, bundle in displayed] == [0, 1, 2, 3]
    assert all(raw for raw, _ in displayed)


def test_documents_can_be_copied_as_they_are(displayed):
    text = '{\n  "Version": "2012-10-17", "<": "&"\n}'
    show_documents([("Trust policy", text)], SimpleNamespace(kernel=object()))
    ((_, bundle),) = displayed
    drawn = parse(bundle[OUTPUT_MIME], DocumentsOutput)
    assert [(each.title, each.text) for each in drawn.documents] == [("Trust policy", text)]
    assert "<pre>{\n  &quot;Version&quot;" in bundle["text/html"]
    assert bundle == documents_bundle([("Trust policy", text)])
    assert bundle["text/plain"] == f"Trust policy:\n{text}\n"


def test_no_cell_of_the_list_of_runs_wraps_and_each_run_can_be_opened(tmp_path):
    environment = Environment.named("staging", tmp_path)
    run = Run(environment, Options(), tmp_path)
    run.driver.move(Status.PLANNING)
    run.driver.move(Status.PLANNED)
    bundle = listing_bundle(list_runs(environment, 9), tmp_path)
    cells = re.findall(r"<t[dh] [^>]*>", bundle["text/html"])
    assert len(cells) == 12
    assert all("nowrap" in cell and "white-space: nowrap" in cell for cell in cells)
    drawn = parse(bundle[OUTPUT_MIME], RunsOutput)
    assert (drawn.folder, drawn.heads[drawn.status_column]) == ("staging", "Status")
    (row,) = drawn.rows
    assert (row.run, row.status, row.cells[0]) == (run.id, "planned", run.id)
    assert [step.command for step in drawn.steps] == [f"%tfruns -e staging open {run.id}"]


def test_the_doctor_says_which_variables_lead_elsewhere_and_shows_no_password(tmp_path):
    bundle = tmp_path / "ca.pem"
    bundle.touch()
    environ = {
        "AWS_ENDPOINT_URL_STS": "https://me:hunter2@sts.example/x?key=hunter2",
        "AWS_STS_ENDPOINT": "nonsense hunter2",
        "AWS_CA_BUNDLE": str(bundle),
        "SSL_CERT_FILE": str(tmp_path / "gone.pem"),
    }
    found = list(check_network_variables(environ))
    assert [(each.severity, each.text) for each in found] == [
        ("ok", "AWS_ENDPOINT_URL_STS is https://sts.example/x."),
        ("ok", "AWS_STS_ENDPOINT is not a URL."),
        ("ok", f"AWS_CA_BUNDLE is {bundle}."),
        ("warning", f"SSL_CERT_FILE is {tmp_path}/gone.pem, which is not a file."),
    ]
    assert list(check_network_variables({"AWS_CA_BUNDLE": ""})) == []
