"""What a person types into the card and the form, on its way to the kernel: in no frame, no message, and no log."""

import pytest
from lab import PLAIN_HOST
from playwright.sync_api import expect
from variants import first_of

KEY, SECRET, SERIAL = "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_MFA_SERIAL_NUMBER"
# Writes down every message that the kernel gets, as it comes from its channels.
LISTEN = """\
from jupyter_client.session import Session
heard, whole = open("heard.log", "w", buffering=1), Session.deserialize
def deserialize(self, parts, *args, **more):
    heard.write(repr([bytes(part) for part in parts]) + "\\n")
    return whole(self, parts, *args, **more)
Session.deserialize = deserialize"""
LOAD = """\
%load_ext tfmfa_nb
%tfmfa level 'plans and applies' -e sealed
import logging
for log in (logging.getLogger("Comm"), getattr(get_ipython().kernel.log, "logger", get_ipython().kernel.log)):
    log.setLevel("DEBUG")
    log.addHandler(logging.FileHandler("kernel.log"))"""
WITHOUT_FILTERS = "\n    log.filters.clear()  # so that nothing but the sealing keeps a secret out of it"
PLAN = '%%tfplan -e sealed\nresource "terraform_data" "one" {}'


@pytest.fixture(scope="module")
def lab(server, aws, policy):
    """Without organization variables in its environment."""
    given = {name: value for name, value in aws.environ().items() if name not in {KEY, SECRET, SERIAL}}
    server.renew()
    server.kernels_see({**given, **policy})
    return server


@pytest.fixture
def way(lab, open_notebook):
    """Opens a notebook under a name of its host; all that goes over its websockets, both ways."""

    def make(host, *cells):
        frames = []

        def note(payload):
            frames.append(payload if isinstance(payload, bytes) else payload.encode())

        def listen(socket):
            socket.on("framesent", note)
            socket.on("framereceived", note)

        for name in ("heard.log", "kernel.log"):
            (lab.folder / name).unlink(missing_ok=True)
        lab.write("sealed.ipynb", *cells)
        notebook = open_notebook("sealed.ipynb", alone=True)
        notebook.page.on("websocket", listen)
        notebook.visit("sealed.ipynb", host)
        return notebook, frames

    return make


def type_all(notebook, aws, photograph):
    """Type the organization variables into the form, and a code into the card, and wait for the plan's end."""
    given = aws.environ()
    notebook.run_cell(0)
    notebook.run_cell(1)
    notebook.run_cell(2)
    form = notebook.output(2).locator(".tfmfa-sheet")
    for name in (KEY, SECRET, SERIAL):
        form.get_by_label(name).fill(given[name])
    form.get_by_role("button", name="Test").click()
    expect(form.get_by_role("status")).to_contain_text("These keys belong to alice")
    photograph("form", form)
    form.get_by_label("This kernel only").check()
    form.get_by_role("button", name="Save").click()
    expect(form.get_by_role("status")).to_have_text("Stored for this kernel only.")
    notebook.start_cell(3)
    card = notebook.output(3)
    field = card.get_by_label("MFA code")
    expect(field).to_be_editable()
    photograph("card", card.locator(".tfmfa-card"))
    aws.advance(30)
    code = aws.code(wait=False)
    typed = f"{code[:3]} {code[3:]}"  # as a device groups them; by itself, it is in no frame
    field.fill(typed)
    card.get_by_role("button", name="Authenticate").click()
    notebook.wait_idle()
    expect(card).to_contain_text("Authenticated with MFA by alice")
    return [typed.encode(), given[SECRET].encode()]


def accepted(aws):
    """The sessions that AWS has given for a code."""
    return [call for call in aws.calls() if call["action"] == "GetSessionToken" and call["allowed"]]


def test_no_frame_no_message_and_no_log_has_what_was_typed(lab, aws, way):
    before = len(accepted(aws))
    notebook, frames = way("127.0.0.1", LISTEN, LOAD + WITHOUT_FILTERS, "%tfmfa variables", PLAN)
    secrets = type_all(notebook, aws, lambda _, part: expect(part.locator(".tfmfa-unsealed")).not_to_be_visible())
    assert len(accepted(aws)) == before + 1
    heard, logged = ((lab.folder / name).read_bytes() for name in ("heard.log", "kernel.log"))
    for way_of_a_seal in (b"".join(frames), heard, logged):
        assert b'"sealed"' in way_of_a_seal.replace(b"'", b'"')  # the messages were there
        assert [secret for secret in secrets if secret in way_of_a_seal] == []


@pytest.mark.parametrize("theme", first_of(["Light", "Dark"]))
def test_a_page_that_cannot_encrypt_says_so_and_the_kernels_log_has_no_secret(lab, aws, way, theme):
    """The control of the test above, too: there, what was typed would be found."""
    lab.theme(f"JupyterLab {theme}")
    before = len(accepted(aws))
    notebook, frames = way(PLAIN_HOST, LISTEN, LOAD, "%tfmfa variables", PLAN)

    def photograph(name, part):
        what = {"card": "The code", "form": "The secret access key"}[name]
        note = part.locator(".tfmfa-unsealed")
        expect(note).to_have_text(f"{what} travels unencrypted because this page is not served over HTTPS.")
        expect(note.locator("svg")).to_be_visible()
        notebook.screenshot(f"unsealed-{name}-{theme.lower()}", part)
        part.evaluate("(part) => { part.parentElement.style.width = '380px'; }")
        notebook.redraw()
        assert note.evaluate("(note) => note.scrollWidth <= note.clientWidth")
        notebook.screenshot(f"unsealed-{name}-{theme.lower()}-narrow", part)

    secrets = type_all(notebook, aws, photograph)
    assert len(accepted(aws)) == before + 1
    heard, logged = ((lab.folder / name).read_bytes() for name in ("heard.log", "kernel.log"))
    for secret in secrets:
        assert secret in b"".join(frames)
        assert secret in heard
        assert secret not in logged
    assert b"comm_msg" in logged or b"msg_type" in logged


def test_a_changed_answer_is_asked_for_again_and_nothing_is_lost(aws, way):
    """As somebody on the way would change it, who cannot read it."""
    notebook, _ = way("127.0.0.1", LOAD, "%tfmfa variables", PLAN)
    notebook.run_cell(0)
    for name in (KEY, SECRET, SERIAL):
        notebook.execute(f"%env {name}={aws.environ()[name]}")
    notebook.start_cell(2)
    card = notebook.output(2)
    field = card.get_by_label("MFA code")
    expect(field).to_be_editable()
    notebook.page.evaluate("""() => {
      const original = SubtleCrypto.prototype.encrypt;
      SubtleCrypto.prototype.encrypt = async function (...given) {
        SubtleCrypto.prototype.encrypt = original;
        const bytes = new Uint8Array(await original.apply(this, given));
        bytes[0] ^= 1;
        return bytes.buffer;
      };
    }""")
    before = len(aws.calls())
    aws.advance(30)
    code = aws.code(wait=False)
    field.fill(code)
    card.get_by_role("button", name="Authenticate").click()
    expect(card.get_by_role("alert").filter(has_text="The MFA code could not be decrypted")).to_be_visible()
    notebook.screenshot("card-could-not-be-decrypted", card.locator(".tfmfa-card"))
    assert "GetSessionToken" not in {call["action"] for call in aws.calls()[before:]}
    expect(field).to_be_editable()
    field.fill(code)  # it was not used
    card.get_by_role("button", name="Authenticate").click()
    notebook.wait_idle()
    expect(card).to_contain_text("Authenticated with MFA by alice")
