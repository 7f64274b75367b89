// The question on the card: a code, or a confirmation.

class Form {
  /** @param send called with the message that answers. */
  constructor(send) {
    this.send = send;
    this.number = 0;
    const id = `tfmfa-code-${Math.random().toString(36).slice(2)}`;
    this.field = label(make("input", "tfmfa-code"), {
      id, type: "text", inputmode: "numeric", autocomplete: "one-time-code", maxlength: "64", size: "9",
      placeholder: "000 000", spellcheck: "false", autocapitalize: "off",
    });
    this.prompt = label(make("label", "tfmfa-prompt"), { for: id });
    this.submit = label(make("button", "tfmfa-button tfmfa-primary", "Authenticate"), { type: "submit" });
    this.confirm = button("Confirm & apply", "tfmfa-primary", () => this.answer({ type: "confirm" }));
    this.cancel = button("Cancel", "", () => this.answer({ type: "cancel" }));
    this.discard = button("Discard", "", () => this.answer({ type: "discard" }));
    this.wait = label(make("span", "tfmfa-wait"), { role: "timer" });
    this.ready = label(make("span", "tfmfa-wait"), { role: "status" });
    this.nextCodeAt = 0; // by the kernel's clock; 0 where nothing is known of it
    this.node = make(
      "form", "tfmfa-form", this.prompt,
      make("span", "tfmfa-controls", this.field, this.submit, this.confirm, this.cancel, this.discard),
      this.wait, this.ready,
    );
    this.node.noValidate = true;
    this.node.hidden = true;
    this.node.addEventListener("submit", (event) => this.authenticate(event));
  }

  draw(question) {
    const asked = Boolean(question.kind);
    const code = question.kind === "code";
    if (asked && question.number !== this.number) {
      this.number = question.number;
      this.field.value = "";
      this.enable(true);
      this.nextCodeAt = question.next_code_at ?? 0;
      setText(this.prompt, question.text);
      show(this.field, code);
      show(this.submit, code);
      show(this.confirm, !code);
      show(this.cancel, code);
      show(this.discard, !code || question.phase === "apply");
      show(this.node, true);
      if (code) this.focus(); // a confirmation is never one stray Enter away
    } else if (!asked && !this.node.hidden) {
      this.field.value = "";
      // Where the person was, so that they are there again if the code is refused.
      this.hadFocus ||= this.node.contains(document.activeElement);
      show(this.node, false);
    }
  }

  /** Count down to the next code. @param now seconds since the epoch, by the kernel's clock. */
  drawWait(now) {
    const seconds = Math.ceil(this.nextCodeAt - now);
    setText(this.wait, seconds > 0 ? `Next code in ${duration(seconds)}` : "");
    setText(this.ready, this.nextCodeAt && seconds <= 0 ? "The next code is there." : "");
  }

  authenticate(event) {
    event.preventDefault();
    const code = this.field.value.trim();
    if (!code) return this.field.focus();
    this.field.value = "";
    this.answer({ type: "authenticate", code, number: this.number });
  }

  answer(message) {
    this.hadFocus = this.node.contains(document.activeElement);
    this.send({ number: this.number, ...message });
    this.enable(false);
    // The answer may have been lost on its way: then the person can give it again.
    clearTimeout(this.again);
    this.again = setTimeout(() => this.enable(true), 5000);
  }

  enable(enabled) {
    clearTimeout(this.again);
    for (const control of [this.field, this.submit, this.confirm, this.cancel, this.discard]) {
      control.disabled = !enabled;
    }
  }

  // Only where it does not take the keyboard from somebody who types elsewhere, nor into what is out of view.
  focus() {
    requestAnimationFrame(() => {
      const { top, bottom } = this.node.getBoundingClientRect();
      const inView = top >= 0 && bottom <= window.innerHeight;
      if (!typingElsewhere(this.node) && (this.hadFocus || inView)) this.field.focus({ preventScroll: true });
      this.hadFocus = false;
    });
  }
}

// The empty cell that Shift+Enter has just made is nobody's typing yet; a terminal's field is always empty.
function typingElsewhere(own) {
  const editor = document.activeElement?.closest?.("input, textarea, select, [contenteditable='true']");
  if (!editor || own.contains(editor)) return false;
  return !editor.closest(".jp-Cell") || (editor.value ?? editor.textContent).trim() !== "";
}
