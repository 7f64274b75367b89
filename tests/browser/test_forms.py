"""The two forms of `%tfmfa` in real JupyterLab, with the keyboard alone, against the sandbox and a keychain."""

import os
import re
import sqlite3

import pytest
from lab import FIXTURES
from playwright.sync_api import expect
from variants import first_of

from tfmfa_nb.sandbox.handle import Sandbox

LEVEL = "AWS Multi-Factor Authentication"
KEY, SECRET, SERIAL = "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_MFA_SERIAL_NUMBER"
ALICE = "arn:aws:iam::123456789012:mfa/alice"
CANARY = "canary/TYPED+secret+that+must+stay+nowhere"
POLICY = """\
mfa = true
owners = ["alice"]
default_level = "never"
[environments]
"prod-*" = "applies only"
"""


@pytest.fixture(scope="module")
def aws(tmp_path_factory):
    running = Sandbox.start(tmp_path_factory.mktemp("sandbox"))
    yield running
    running.stop()


@pytest.fixture(scope="module")
def lab(server, aws):
    """Without any organization variable in its environment, and with a keychain in each kernel's memory."""
    server.renew()
    home = server.folder.parent
    (home / "policy.toml").write_text(POLICY)
    (home / "policy.toml").chmod(0o644)
    given = {name: value for name, value in aws.environ().items() if name not in {KEY, SECRET, SERIAL}}
    keychain = {"PYTHON_KEYRING_BACKEND": "fake_keychain.Keychain", "PYTHONPATH": python_path(FIXTURES)}
    server.kernels_see({**given, **keychain, "TFMFA_POLICY": str(home / "policy.toml")})
    return server


def python_path(folder):
    return os.pathsep.join(filter(None, [str(folder), os.environ.get("PYTHONPATH", "")]))


@pytest.fixture
def forms(lab, open_notebook):
    def make(name, environment="staging", **window):
        lab.write(f"{name}.ipynb", "%load_ext tfmfa_nb", f"%tfmfa -e {environment}")
        notebook = open_notebook(f"{name}.ipynb", **window)
        notebook.run_cell(0)
        notebook.run_cell(1)
        sheets = notebook.output(1).locator(".tfmfa-sheet")
        settings, variables = sheets.nth(0), sheets.nth(1)
        expect(settings.get_by_label(LEVEL)).to_be_visible()
        expect(variables.get_by_label(SECRET)).to_be_visible()
        return notebook, settings, variables

    return make


def tab_to(notebook, target, most=30):
    for _ in range(most):
        if target.evaluate("(node) => node === document.activeElement"):
            return
        notebook.page.keyboard.press("Tab")
    pytest.fail("Tab does not get there")


@pytest.mark.parametrize("theme", first_of(["Light", "Dark"]))
def test_the_level_is_chosen_and_saved_with_the_keyboard_alone(lab, forms, theme):
    lab.theme(f"JupyterLab {theme}")
    environment = f"staging-{theme.lower()}"
    notebook, settings, _ = forms(f"settings-{theme}", environment)
    keys, choice = notebook.page.keyboard, settings.get_by_label(LEVEL)
    expect(choice.locator("option")).to_have_text(["never", "applies only", "plans and applies"])
    save = settings.get_by_role("button", name="Save")
    choice.focus()
    keys.press("ArrowDown")
    expect(settings.locator(".tfmfa-chosen")).to_have_text(
        "applies only: Plans run without a code; every apply asks for one."
    )
    keys.press("p")
    expect(choice).to_have_value("plans and applies")
    keys.press("Tab")
    expect(save).to_be_focused()
    keys.press("Enter")
    expect(settings.get_by_role("status")).to_have_text(
        'Saved: "plans and applies". All subsequent runs on this environment will require it.'
    )
    expect(save).to_be_focused()
    path = lab.folder / environment / "tfmfa.json"
    assert "plans and applies" in path.read_text()
    notebook.screenshot(f"settings-{theme.lower()}", settings)
    path.write_text("{torn")
    keys.press("Enter")
    expect(settings.get_by_role("alert")).to_contain_text(f"Not saved: {path} is not a valid settings file.")
    expect(choice).to_have_value("")
    notebook.screenshot(f"settings-{theme.lower()}-torn", settings)
    assert path.read_text() == "{torn"
    # No shortcut of the notebook has seen a key.
    expect(notebook.page.locator(".jp-Notebook .jp-CodeCell")).to_have_count(3)
    assert_nothing_cut(settings)


@pytest.mark.parametrize("theme", first_of(["Light", "Dark"]))
def test_what_the_policy_forbids_is_greyed_with_the_reason(lab, forms, theme):
    lab.theme(f"JupyterLab {theme}")
    notebook, settings, _ = forms(f"minimum-{theme}", f"prod-{theme.lower()}")
    choice = settings.get_by_label(LEVEL)
    expect(choice).to_have_value("applies only")
    assert [option.is_disabled() for option in choice.locator("option").all()] == [True, False, False]
    policy = lab.folder.parent / "policy.toml"
    reason = f'The level must be at least "applies only". Required by organization policy {policy}.'
    expect(settings.locator(".tfmfa-reason")).to_have_text(reason)
    described = choice.evaluate("""(node) => node.getAttribute('aria-describedby').split(' ')
        .map((id) => document.getElementById(id).textContent).join(' ')""")
    assert reason in described
    choice.focus()
    notebook.page.keyboard.press("ArrowUp")
    expect(choice).to_have_value("applies only")
    notebook.screenshot(f"settings-{theme.lower()}-minimum", settings)


@pytest.mark.parametrize("theme", first_of(["Light", "Dark"]))
def test_with_mfa_off_nothing_can_be_set_and_it_says_who_could(lab, forms, theme):
    lab.theme(f"JupyterLab {theme}")
    policy = lab.folder.parent / "policy.toml"
    policy.write_text('owners = ["alice"]\n')
    try:  # the form may read the policy again, whenever it is shown
        notebook, settings, _ = forms(f"off-{theme}", f"off-{theme.lower()}")
        expect(settings.get_by_label(LEVEL)).to_be_disabled()
        expect(settings.get_by_role("button", name="Save")).to_have_attribute("aria-disabled", "true")
        expect(settings).to_contain_text("MFA is not enabled for this organization, so no level can be set.")
        expect(settings).to_contain_text(
            f"Ask an owner (alice) to enable it, or enable it with %tfmfa policy on, which writes {policy}"
        )
    finally:
        policy.write_text(POLICY)
    notebook.screenshot(f"settings-{theme.lower()}-off", settings)


@pytest.mark.parametrize("theme", first_of(["Light", "Dark"]))
def test_variables_are_typed_tested_found_stored_and_cleared_with_the_keyboard_alone(lab, forms, aws, theme):
    lab.theme(f"JupyterLab {theme}")
    notebook, _, form = forms(f"variables-{theme}")
    keys, field, given = notebook.page.keyboard, form.get_by_label, aws.environ()
    said, dark = form.get_by_role("status"), theme.lower()
    button = lambda name: form.get_by_role("button", name=name)  # noqa: E731
    for name in (KEY, SECRET, SERIAL):
        expect(field(name)).to_have_accessible_description("missing")
    expect(form.get_by_label("OS keychain (test keychain)")).to_be_checked()
    notebook.screenshot(f"variables-{dark}-1-missing", form)

    field(KEY).focus()
    keys.type(given[KEY])
    keys.press("Enter")  # without its secret
    expect(form.get_by_role("alert").filter(has_text="The secret access key of this key is missing.")).to_be_visible()
    expect(field(SECRET)).to_be_focused()
    expect(field(SECRET)).to_have_attribute("aria-invalid", "true")
    notebook.screenshot(f"variables-{dark}-2-wrong", form)
    keys.type(CANARY)
    tab_to(notebook, button("Test"))
    keys.press("Enter")
    expect(form.get_by_role("alert").filter(has_text="does not match AWS_ACCESS_KEY_ID")).to_be_visible()
    expect(field(SECRET)).to_be_focused()
    keys.press("Control+a")
    keys.type(given[SECRET])
    tab_to(notebook, button("Find my device"))
    keys.press("Enter")
    expect(field(SERIAL)).to_have_value(ALICE)
    tab_to(notebook, button("Test"))
    keys.press("Enter")
    expect(said).to_have_text(
        "These keys belong to alice in account 123456789012. AWS denied every action tried with them without MFA.",
    )
    expect(field(SECRET)).to_have_value(given[SECRET])  # nothing is stored by asking
    notebook.screenshot(f"variables-{dark}-3-tested", form)
    keys.press("Shift+Tab")
    expect(button("Save")).to_be_focused()
    keys.press("Enter")
    expect(said).to_have_text("Stored in the OS keychain.")
    for name, words in ((KEY, f"…{given[KEY][-4:]}"), (SECRET, "set"), (SERIAL, ALICE)):
        expect(field(name)).to_have_accessible_description(f"{words}, from the OS keychain")
        expect(field(name)).to_have_value("")
    notebook.screenshot(f"variables-{dark}-4-stored", form)

    tab_to(notebook, button("Clear"))
    keys.press("Enter")
    expect(said).to_contain_text("Press again")
    expect(field(SECRET)).to_have_accessible_description("set, from the OS keychain")
    keys.press("Enter")
    expect(said).to_have_text("Cleared from this kernel and from the OS keychain.")
    expect(field(SECRET)).to_have_accessible_description("missing")
    expect(notebook.page.locator(".jp-Notebook .jp-CodeCell")).to_have_count(3)
    assert_nothing_cut(form)


@pytest.mark.thorough
def test_among_several_devices_one_is_chosen_and_a_passkey_cannot_be(lab, forms, aws):
    lab.theme("JupyterLab Light")
    notebook, _, form = forms("devices")
    iam, given, keys = aws.client("iam"), aws.environ(), notebook.page.keyboard
    second = iam.create_virtual_mfa_device(VirtualMFADeviceName="second")["VirtualMFADevice"]["SerialNumber"]
    passkey = "arn:aws:iam::123456789012:u2f/user/alice/key"
    for serial in (second, passkey):
        iam.enable_mfa_device(
            UserName="alice", SerialNumber=serial, AuthenticationCode1="123456", AuthenticationCode2="654321"
        )
    try:
        field = form.get_by_label
        field(KEY).focus()
        keys.type(given[KEY])
        keys.press("Tab")
        keys.type(given[SECRET])
        tab_to(notebook, form.get_by_role("button", name="Find my device"))
        keys.press("Enter")
        devices = field("Your MFA devices")
        expect(devices).to_be_focused()
        expect(devices.locator("option", has_text="u2f")).to_have_text(re.compile("shows no codes"))
        assert devices.locator("option", has_text="u2f").is_disabled()
        notebook.screenshot("variables-light-5-devices", form)
        keys.press("ArrowDown")
        keys.press("ArrowDown")
        expect(field(SERIAL)).to_have_value(second)
        field(SERIAL).focus()
        keys.press("Control+a")
        keys.type(passkey)
        keys.press("Enter")
        expect(form.get_by_role("alert").filter(has_text="which shows no codes that AWS STS accepts")).to_be_visible()
        expect(field(SERIAL)).to_be_focused()
        expect(field(KEY)).to_have_accessible_description("missing")
    finally:
        for serial in (second, passkey):
            iam.deactivate_mfa_device(UserName="alice", SerialNumber=serial)


# All that a kernel could tell.
INTROSPECT = """
import gc, json
from ipywidgets import Widget
from ipywidgets.widgets.widget import _instances
said = [repr(In), repr({n: repr(v) for n, v in Out.items()}), repr({n: repr(v) for n, v in globals().items()})]
said.append(json.dumps(Widget.get_manager_state(drop_defaults=False), default=repr))
said += [repr({n: repr(v) for n, v in vars(w).items()}) for w in _instances.values()]
said.append(repr(list(get_ipython().history_manager.get_range(raw=True))))
said.append(repr(get_ipython().kernel.get_parent("shell")) + repr(get_ipython().parent_header))
ours = [h for h in gc.get_objects() if str(type(h).__module__).startswith("tfmfa_nb") and hasattr(type(h), "__dict__")]
said.append(repr([repr(getattr(h, "__dict__", "")) for h in ours]) + repr(ours))
print("\\n".join(map(str, said)))
"""


def test_a_secret_that_was_typed_stays_nowhere_but_where_it_was_kept(lab, forms, aws):
    lab.theme("JupyterLab Light")
    notebook, _, form = forms("canary", alone=True)  # it is reloaded
    keys, field = notebook.page.keyboard, form.get_by_label
    field("this kernel only").check()
    field(KEY).focus()
    keys.type(aws.environ()[KEY])
    keys.press("Tab")
    keys.type(CANARY)
    keys.press("Tab")
    keys.type(ALICE)
    keys.press("Enter")
    expect(form.get_by_role("status")).to_have_text("Stored for this kernel only.")
    expect(field(SECRET)).to_have_value("")
    assert CANARY not in notebook.page.content()
    kept = (
        "from tfmfa_nb.organization.variable_sources import KERNEL_MEMORY\n"
        "print(KERNEL_MEMORY.read().secret_access_key.reveal())"
    )
    assert notebook.execute(kept) == f"{CANARY}\n"
    notebook.command("docmanager:save")
    notebook.page.wait_for_function("() => !window.jupyterapp.shell.currentWidget.model.dirty")
    told = notebook.execute(INTROSPECT)
    assert aws.environ()[KEY] not in told
    assert CANARY not in told
    notebook.reload()
    assert CANARY not in notebook.page.content()
    assert CANARY not in notebook.page.evaluate("() => JSON.stringify([{...localStorage}, {...sessionStorage}])")
    read = 0
    for path in lab.folder.parent.rglob("*"):
        if path.is_file():
            read += 1
            assert CANARY not in path.read_bytes().decode("latin-1"), path
        if path.name == "history.sqlite":
            with sqlite3.connect(path) as history:
                assert CANARY not in repr(history.execute("select * from history").fetchall())
    assert read > 5


def assert_nothing_cut(form):
    cut = """(form) => [...form.querySelectorAll('*')].filter((node) => node.scrollWidth > node.clientWidth + 1
      && getComputedStyle(node).display !== 'inline' && !node.matches('input, option')).map((node) => node.className)"""
    assert form.evaluate(cut) == []
