"""This machine's own record of a trail: what it shows that the trail's hash chain does not."""

import hashlib
import json
import os
import re
import shutil
import sys
from pathlib import Path

import pytest

from tfmfa_nb.environments import Environment
from tfmfa_nb.model.errors import ConfigurationError, RunStateError
from tfmfa_nb.model.statuses import Status
from tfmfa_nb.organization.policy_audit import NO_AUDIT_RULES, AuditRules
from tfmfa_nb.runbooks.trail_checks import environment_checks
from tfmfa_nb.runs.audit import state_folders
from tfmfa_nb.runs.audit import trail as audit_trail
from tfmfa_nb.runs.audit.integrity import change_since_last_run, lines_since_change, trail_problem
from tfmfa_nb.runs.audit.trail import AuditTrail
from tfmfa_nb.runs.audit.trail_file import append
from tfmfa_nb.runs.audit.witness import Change, Witnessed
from tfmfa_nb.runs.history.confirmation import confirmation_of
from tfmfa_nb.runs.history.listing import list_runs
from tfmfa_nb.runs.history.verify import read_verified
from tfmfa_nb.runs.options import Options
from tfmfa_nb.runs.run import Run
from tfmfa_nb.views.run_list import listing_text


@pytest.fixture
def trail(tmp_path):
    found = AuditTrail(tmp_path / "audit.jsonl")
    for event in "abcd":
        found.write(event)
    return found


def chained(*events):
    """Lines whose hash chain is intact, whoever writes them."""
    lines, previous = [], "0" * 64
    for event in events:
        lines.append(json.dumps({"event": event, "previous": previous}))
        previous = hashlib.sha256(lines[-1].encode()).hexdigest()
    return "".join(f"{line}\n" for line in lines)


def cut(trail):
    trail.path.write_bytes(b"".join(trail.path.read_bytes().splitlines(keepends=True)[:-1]))


def rewrite(trail):
    trail.path.write_text(chained(*"abxd"))


def delete(trail):
    trail.path.unlink()


def invent(trail):
    previous = hashlib.sha256(trail.raw_lines()[-1]).hexdigest()
    with trail.path.open("a") as file:
        file.write(json.dumps({"event": "mfa", "result": "authenticated", "previous": previous}) + "\n")


ATTACKS = [
    (cut, Change.SHORTER, r"was cut: it has 3 lines, and by this machine's record 4\."),
    (rewrite, Change.REWRITTEN, r"was rewritten: line 4 is not the one that this machine recorded\."),
    (delete, Change.GONE, r"is gone: by this machine's record, it had 4 lines\."),
    (invent, Change.LONGER, r"has lines that were not written here: it has 5 lines, and by this machine's record 4\."),
]


@pytest.mark.parametrize(("attack", "change", "words"), ATTACKS)
def test_what_the_chain_does_not_show_is_said_in_one_sentence(trail, attack, change, words):
    assert (trail.change(), trail_problem(trail)) == (None, None)
    attack(trail)
    assert trail.broken_at() is None
    assert trail.change() is change
    problem = trail_problem(trail)
    assert re.fullmatch(f"The audit trail {trail.path} {words}", problem.what)
    assert str(trail.witness.paths[0]) in problem.remedy


@pytest.mark.parametrize(("attack", "change"), [each[:2] for each in ATTACKS])
def test_a_change_that_is_found_at_the_next_line_stays_in_the_trail(trail, attack, change):
    before = trail.raw_lines()[-1]
    attack(trail)
    trail.write("next")
    assert trail_problem(trail) is None
    entries = trail.lines()
    said, newest = entries[-2:]
    assert (said["event"], said["found"], said["lines"]) == ("trail_changed", str(change), 4)
    assert said["sha256"] == hashlib.sha256(before).hexdigest()
    assert newest["event"] == "next"
    assert lines_since_change(entries) == [newest]


@pytest.mark.parametrize("attack", [each[0] for each in ATTACKS])
def test_a_change_does_not_make_this_machine_one_that_came_later(trail, attack):
    attack(trail)
    trail.write("next")
    assert trail.witness.read().since == 0


def test_a_line_of_whoever_does_not_wait_for_the_others_is_not_taken_for_one_that_was_seen(trail, monkeypatch):
    """It comes between the look at the file's size and the line."""

    def beside_another(file, text):
        trail.path.write_bytes(trail.path.read_bytes() + b'{"event": "invented"}\n')
        append(file, text)

    monkeypatch.setattr(audit_trail, "append", beside_another)
    trail.write("e")
    monkeypatch.undo()
    assert not trail.as_left
    assert trail.broken_at() == 5


def test_a_line_that_does_not_follow_is_said_without_a_record_too(trail):
    trail.path.write_bytes(trail.path.read_bytes().replace(b'"b"', b'"x"'))
    assert trail.change() is None
    assert "was changed: line 3 does not match the line before." in trail_problem(trail).what
    trail.witness.paths[0].unlink()
    assert trail_problem(trail).remedy == "Find out who changed it. To begin anew, move it away."


def test_one_line_is_one_line(tmp_path):
    trail = AuditTrail(tmp_path / "audit.jsonl")
    trail.write("a")
    trail.path.unlink()
    assert trail_problem(trail).what.endswith("it had 1 line.")


def test_the_record_is_private_and_outside_of_the_trails_folder(trail, tmp_path):
    path = trail.witness.paths[0]
    assert path.is_relative_to(os.environ["XDG_STATE_HOME"])
    assert not path.is_relative_to(tmp_path)
    assert path.stat().st_mode & 0o777 == 0o600
    assert [folder.stat().st_mode & 0o777 for folder in (path.parent, path.parent.parent)] == [0o700, 0o700]
    said = json.loads(path.read_text())
    assert (said["trail"], said["lines"]) == (str(trail.path.resolve()), 4)
    assert said["sha256"] == hashlib.sha256(trail.raw_lines()[-1]).hexdigest()


def test_a_state_folder_that_is_not_there_yet_is_made_for_the_user_alone(tmp_path, monkeypatch):
    monkeypatch.setattr(state_folders, "AT_LOAD", tmp_path / "home" / "state" / "tfmfa_nb")
    trail = AuditTrail(tmp_path / "audit.jsonl")
    trail.write("a")
    assert trail.witness.paths[0].is_relative_to(tmp_path / "home" / "state" / "tfmfa_nb" / "trails")
    assert (tmp_path / "home" / "state").stat().st_mode & 0o777 == 0o700


def test_a_trail_is_known_by_its_real_path(trail, tmp_path):
    (tmp_path / "link").symlink_to(tmp_path, target_is_directory=True)
    assert AuditTrail(tmp_path / "link" / "audit.jsonl").witness.paths == trail.witness.paths


def test_a_trail_that_was_moved_has_no_record_and_begins_one(trail, tmp_path):
    (tmp_path / "moved").mkdir()
    moved = AuditTrail(Path(shutil.move(trail.path, tmp_path / "moved" / "audit.jsonl")))
    assert moved.witness.read() is None
    assert trail_problem(moved) is None
    moved.write("e")
    assert moved.witness.read() == Witnessed(5, hashlib.sha256(moved.raw_lines()[-1]).hexdigest(), since=4)
    assert [entry["event"] for entry in moved.lines()] == list("abcde")
    assert trail_problem(trail).what.endswith("is gone: by this machine's record, it had 4 lines.")


@pytest.fixture
def linked(trail, tmp_path):
    """The trail behind a symbolic link: its folder was moved, and a link is in its place."""
    begun = tmp_path / "staging"
    begun.mkdir()
    trail.path.rename(begun / "audit.jsonl")
    trail = AuditTrail(begun / "audit.jsonl")
    trail.write("e")
    begun.rename(tmp_path / "elsewhere")
    begun.symlink_to("elsewhere")
    return trail.path, tmp_path / "elsewhere" / "audit.jsonl"


def test_a_folder_that_was_moved_and_linked_to_is_not_without_a_record(linked):
    """By whichever path it is looked at; the folder of `-C` is known by its real path only."""
    for path in linked:
        assert trail_problem(AuditTrail(path)) is None
    cut(AuditTrail(linked[1]))
    for path in linked:
        assert " was cut: it has 4 lines, and by this machine's record 5." in trail_problem(AuditTrail(path)).what


def test_the_records_of_a_trail_with_two_paths_stay_in_step(linked, tmp_path):
    AuditTrail(linked[1]).write("f")
    (tmp_path / "staging").unlink()
    AuditTrail(linked[1]).write("g")  # the record of the other path is only old now
    (tmp_path / "staging").symlink_to("elsewhere")
    assert trail_problem(AuditTrail(linked[0])) is None
    AuditTrail(linked[1]).write("h")
    rewrite(AuditTrail(linked[1]))
    problem = trail_problem(AuditTrail(linked[0]))
    assert " was cut: it has 4 lines, and by this machine's record 8." in problem.what
    assert all(str(path) in problem.remedy for path in AuditTrail(linked[0]).witness.paths)


def test_a_link_to_another_trail_is_told(linked, tmp_path):
    """A decoy with a record of its own: the one of the path that leads there says how its trail ended."""
    (tmp_path / "decoy").mkdir()
    decoy = AuditTrail(tmp_path / "decoy" / "audit.jsonl")
    for event in "abcdefg":
        decoy.write(event)
    (tmp_path / "staging").unlink()
    (tmp_path / "staging").symlink_to("decoy")
    problem = trail_problem(AuditTrail(linked[0]))
    assert " was rewritten: line 5 is not the one that this machine recorded." in problem.what


def test_what_a_folder_of_records_has_besides_matters_to_no_trail(trail):
    folder = trail.witness.paths[0].parent
    for number, content in enumerate((b"", b"[]", b'{"trail": 1}', b'{"trail": "\\u0000/x"}')):
        (folder / f"{number}.json").write_bytes(content)
    assert AuditTrail(trail.path).witness.paths == trail.witness.paths
    for number in range(4):
        (folder / f"{number}.json").unlink()


def test_the_records_of_a_thousand_environments_hold_up_no_run(trail):
    folder, calls = trail.witness.paths[0].parent, []
    records = [folder / f"of-another-{number}.json" for number in range(1000)]
    for number, record in enumerate(records):
        record.write_text(json.dumps({"trail": f"/nowhere/{number}/audit.jsonl"}))
    try:
        known = AuditTrail(trail.path).witness.paths
        sys.setprofile(lambda *_: calls.append(1))
        again = AuditTrail(trail.path).witness.paths
        sys.setprofile(None)
    finally:
        for record in records:
            record.unlink()
    assert known == again == trail.witness.paths
    # The others that are there, too: calls and returns of all functions, whatever the machine is.
    assert len(calls) / len([*folder.glob("*.json"), *records]) < 20


@pytest.fixture
def home(tmp_path, monkeypatch):
    """The folder that no variable moves."""
    found = tmp_path / "home" / ".local" / "state" / "tfmfa_nb"
    monkeypatch.setattr(state_folders, "constant_folder", lambda: found)
    return found


def test_a_record_is_kept_where_no_variable_moves_it_and_where_the_variables_said(home, trail):
    assert [path.parent.parent for path in trail.witness.paths] == [home, state_folders.AT_LOAD]
    first, second = (path.read_text() for path in trail.witness.paths)
    assert first == second


@pytest.mark.parametrize(("attack", "change", "words"), ATTACKS)
def test_a_change_that_another_line_reports_is_told_until_a_run_begins(trail, attack, change, words):  # noqa: ARG001
    """The plan of an earlier run may be discarded before anybody looks."""
    assert change_since_last_run(trail) == ""
    attack(trail)
    trail.write("status", status="discarded")
    assert trail_problem(trail) is None
    told = f"The audit trail {trail.path} was changed ({change}), so it confirms no run from before that."
    assert change_since_last_run(trail) == told
    trail.write("phase", phase="plan")
    assert change_since_last_run(trail) == ""


def test_a_torn_line_is_not_counted_where_the_trail_was_cut(trail):
    whole = trail.path.read_bytes().splitlines(keepends=True)
    trail.path.write_bytes(b"".join(whole[:-1]) + whole[-1][:1])
    assert "it has 3 lines, and by this machine's record 4." in trail_problem(trail).what


def test_torn_bytes_hide_no_line_that_was_not_written_here(trail):
    with trail.path.open("ab") as file:
        file.write(b'{"event": "forged"}\n{"event": "to')
    assert trail.change() is not None


def test_only_the_torn_lines_at_the_end_are_torn(trail):
    """Two of them, as when a line that was to seal the first was torn too."""
    with trail.path.open("ab") as file:
        file.write(b'{"event": "to\n{"event": "to')
    assert trail.torn_bytes() == len(b'{"event": "to\n{"event": "to')
    assert trail.change() is None


@pytest.mark.usefixtures("home")
@pytest.mark.parametrize("lost", [0, 1])
def test_one_record_is_enough(trail, lost):
    trail.witness.paths[lost].unlink()
    cut(trail)
    assert trail.change() is Change.SHORTER
    trail.write("e")
    assert trail_problem(trail) is None
    assert trail.witness.paths[lost].exists()


@pytest.mark.usefixtures("home")
def test_a_place_that_was_not_in_use_meanwhile_is_only_old(trail, monkeypatch, tmp_path):
    with monkeypatch.context() as elsewhere:
        elsewhere.setattr(state_folders, "AT_LOAD", tmp_path / "other")
        AuditTrail(trail.path).write("e")
    assert trail_problem(AuditTrail(trail.path)) is None
    cut(trail)  # now it is as the other place has it
    assert trail.change() is Change.SHORTER


@pytest.mark.parametrize("died", ["before", "after"])
def test_a_kernel_that_dies_while_it_writes_leaves_nothing_that_looks_like_a_change(trail, monkeypatch, died):
    """The record says what is coming before it is there, so the trail agrees with it at each moment."""
    write, written = trail.witness.write, []

    def dies(witnessed):
        if died == "after" and written:
            raise KeyboardInterrupt  # the line is there
        write(witnessed)
        written.append(witnessed)
        if died == "before":
            raise KeyboardInterrupt

    monkeypatch.setattr(trail.witness, "write", dies)
    with pytest.raises(KeyboardInterrupt):
        trail.write("e")
    monkeypatch.undo()
    assert trail_problem(trail) is None
    trail.write("f")
    assert [entry["event"] for entry in trail.lines()] == [*"abcd", *(["e"] if died == "after" else []), "f"]


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"[]",
        b"{}",
        b'{"lines": -1, "sha256": "", "next_sha256": "", "since": 0, "undelivered": {}}',
        b'{"lines": 1, "sha256": "x", "next_sha256": "", "since": 0, "undelivered": {}}',
        b'{"lines": true, "sha256": "' + b"0" * 64 + b'", "next_sha256": "", "since": 0, "undelivered": {}}',
    ],
)
def test_a_garbled_record_never_counts_as_a_missing_one(trail, content):
    trail.witness.paths[0].write_bytes(content)
    for act in (trail.change, lambda: trail.write("e")):
        with pytest.raises(ConfigurationError, match=r"This machine's record of the audit trail, .* is not valid"):
            act()
    assert len(trail.raw_lines()) == 4


def test_a_record_of_a_newer_version_is_refused(trail):
    said = json.loads(trail.witness.paths[0].read_text())
    trail.witness.paths[0].write_text(json.dumps({**said, "format_version": 2}))
    with pytest.raises(ConfigurationError, match="was written by a newer version of tfmfa_nb"):
        trail.change()


@pytest.mark.parametrize(
    ("state", "words"),
    [
        ("/proc/none/tfmfa_nb", r"cannot be kept: /proc/none/tfmfa_nb/trails: "),
        ("/dev/null/tfmfa_nb", r"cannot be read: Not a directory"),
    ],
)
def test_a_state_folder_that_cannot_be_used_stops_before_the_line(trail, monkeypatch, state, words):
    monkeypatch.setattr(state_folders, "AT_LOAD", Path(state))
    with pytest.raises(ConfigurationError, match=f"This machine's record of the audit trail.* {words}") as caught:
        AuditTrail(trail.path).write("e")
    assert caught.value.remedy
    assert len(trail.raw_lines()) == 4


# The runs of an environment


def planned(base):
    run = Run(Environment.named("staging", base), Options(), base)
    run.driver.move(Status.PLANNING)
    run.driver.move(Status.PLANNED)
    return run


@pytest.fixture
def run(tmp_path):
    return planned(tmp_path)


def confirmation(run):
    return confirmation_of(run.driver.environment, [run.id])


@pytest.mark.parametrize("attack", [each[0] for each in ATTACKS])
def test_a_run_whose_trail_was_changed_is_not_confirmed(run, attack):
    assert confirmation(run).sentences == []
    attack(run.driver.store.trail)
    found = confirmation(run)
    assert found.unconfirmed == (run.id,)
    assert [found.problem.what, f"The audit trail does not confirm the record of {run.id}."] == found.sentences
    shown = listing_text(list_runs(run.driver.environment, 10))
    assert "Planned, not confirmed" in shown
    assert found.problem.what in " ".join(shown.split())


@pytest.mark.parametrize(("attack", "words"), [(attack, words) for attack, _, words in ATTACKS])
def test_a_run_whose_trail_was_changed_is_not_taken_up(run, attack, words):
    trail = run.driver.store.trail
    read_verified(run.driver.environment, run.id)
    while len(trail.raw_lines()) < 4:
        trail.write("more")
    attack(trail)
    with pytest.raises(RunStateError, match=words):
        read_verified(run.driver.environment, run.id)
    trail.write("next")  # which says what was found, and then the trail itself is whole
    with pytest.raises(RunStateError, match=f"has no entry for {run.id}"):
        read_verified(run.driver.environment, run.id)


def test_after_a_change_only_later_runs_are_confirmed(run, tmp_path):
    delete(run.driver.store.trail)
    later = planned(tmp_path)
    found = confirmation_of(run.driver.environment, [later.id, run.id])
    assert (found.problem, found.unconfirmed) == (None, (run.id,))
    assert found.sentences == [f"The audit trail does not confirm the record of {run.id}."]


def test_verify_says_what_was_found_long_after_the_trail_is_whole_again(run, tmp_path):
    def failed():
        checks = environment_checks(run.driver.environment, NO_AUDIT_RULES, each_signature=False)
        return [check.statement for check in checks if not check.passed]

    assert failed() == []
    delete(run.driver.store.trail)
    planned(tmp_path)
    assert failed() == [
        "staging: no line says that the audit trail before it was found changed (gone).",
        f"staging: the audit trail confirms the records of its 2 runs (not of {run.id}).",
    ]


def test_many_runs_are_one_sentence(run):
    files, ids = run.driver.environment.files, [f"run-20260101-00000{number}-aaaaaa" for number in range(5)]
    for run_id in ids:
        files.run(run_id).folder.mkdir()
        files.run(run_id).record.touch()
    assert confirmation_of(run.driver.environment, ids).sentences == [
        f"The audit trail does not confirm the record of {', '.join(ids[:3])}, and 2 more."
    ]


def test_a_run_that_has_no_record_yet_lacks_nothing(tmp_path):
    run = Run(Environment.named("staging", tmp_path), Options(), tmp_path)
    assert confirmation(run).sentences == []


def test_a_list_says_why_nothing_is_confirmed_where_the_trail_cannot_be_read(run):
    run.driver.store.trail.path.unlink()
    run.driver.store.trail.path.mkdir()
    shown = listing_text(list_runs(run.driver.environment, 10))
    assert "not confirmed" in shown
    assert "cannot be read" in shown


def test_every_line_has_the_digest_of_the_policy_also_those_about_the_trail_itself(tmp_path):
    trail = AuditTrail(tmp_path / "audit.jsonl", AuditRules(policy="5" * 64))
    trail.write("one")
    with trail.path.open("ab") as file:
        file.write(b'{"torn')
    trail.write("two")
    trail.path.write_bytes(b"\n".join(trail.raw_lines()[:1]) + b"\n")
    trail.write("three")
    assert [line["event"] for line in trail.lines()] == ["one", "trail_changed", "three"]
    with trail.path.open("ab") as file:
        file.write(b'{"torn')
    trail.write("four")
    assert [line["event"] for line in trail.lines()][-2:] == ["trail_torn", "four"]
    assert {line["policy"] for line in trail.lines()} == {"5" * 64}
