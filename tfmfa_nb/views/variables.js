// The organization variables. What is typed stays in its field until it was stored; the secret is sent once, beside
// the plain texts, and is never sent back.

const KEY = "AWS_ACCESS_KEY_ID";
const SECRET = "AWS_SECRET_ACCESS_KEY";
const SERIAL = "AWS_MFA_SERIAL_NUMBER";
const HINTS = { [KEY]: "AKIA…", [SECRET]: "", [SERIAL]: "arn:aws:iam::…:mfa/…" };

class Variables extends Sheet {
  constructor(model, host) {
    super(model, host, "Organization variables");
  }

  build() {
    this.fields = Object.fromEntries([KEY, SECRET, SERIAL].map((name) => [name, this.field(name)]));
    this.find = this.action("Find my device", "", () => this.press("find"));
    this.fields[SERIAL].line.append(this.find);
    const devices = `${this.id}-devices`;
    this.devices = label(make("select", "tfmfa-select"), { id: devices });
    this.devices.addEventListener("change", () => this.choose(this.devices.value));
    this.list = make(
      "div", "tfmfa-sheet-row", label(make("label", "tfmfa-sheet-label", "Your MFA devices"), { for: devices }),
      this.devices,
    );
    this.list.hidden = true;
    this.fields[SERIAL].node.append(this.list);
    this.keychain = this.place("keychain");
    this.kernel = this.place("kernel");
    setText(this.kernel.text, "this kernel only");
    this.noKeychain = label(make("span", "tfmfa-reason"), { id: `${this.id}-no-keychain` });
    const where = make(
      "fieldset", "tfmfa-where", make("legend", "tfmfa-sheet-label", "Keep in"), this.keychain.node,
      this.kernel.node, this.noKeychain,
    );
    this.clear = this.action("Clear", "", () => this.clearTwice());
    this.clear.addEventListener("blur", () => this.calm());
    this.node.append(
      this.title,
      make("div", "tfmfa-reason", "Yours alone, never the team's. An empty field stays as it is."),
      ...Object.values(this.fields).map(({ node }) => node),
      where,
      make(
        "div", "tfmfa-sheet-row", this.action("Save", "tfmfa-primary", () => this.press("save")),
        this.action("Test", "", () => this.press("test")), this.clear,
      ),
      this.said, this.alarm,
    );
    this.node.addEventListener("keydown", (event) => {
      if (event.key === "Enter" && event.target.matches("input:not([type=radio])") && !this.pending) {
        event.preventDefault();
        this.press("save");
      }
    });
  }

  field(name) {
    const [input, origin, error] = ["input", "origin", "error"].map((part) => `${this.id}-${name}-${part}`);
    const secret = name === SECRET;
    const box = label(make("input", "tfmfa-field"), {
      id: input, type: secret ? "password" : "text", autocomplete: "off", spellcheck: "false", autocapitalize: "off",
      maxlength: "512", placeholder: HINTS[name], "aria-describedby": `${origin} ${error}`,
    });
    box.addEventListener("input", () => this.wrong(name, ""));
    const now = label(make("span", "tfmfa-origin"), { id: origin });
    const wrong = label(make("div", "tfmfa-sheet-alarm"), { id: error, role: "alert" });
    const line = make("div", "tfmfa-sheet-row", box);
    const node = make(
      "div", "tfmfa-variable", label(make("label", "tfmfa-sheet-label tfmfa-mono", name), { for: input }), now,
      line, wrong,
    );
    return { node, line, box, now, wrong };
  }

  place(value) {
    const id = `${this.id}-${value}`;
    const radio = label(make("input", ""), { id, type: "radio", name: `${this.id}-where`, value });
    radio.addEventListener("change", () => {
      this.chosen = true; // before the kernel has said what there is: its default must not take the choice's place
    });
    const text = label(make("label", ""), { for: id });
    return { node: make("span", "tfmfa-place", radio, text), radio, text };
  }

  press(type) {
    for (const name of Object.keys(this.fields)) this.wrong(name, "");
    const typed = (name) => this.fields[name].box.value;
    const where = this.keychain.radio.checked ? "keychain" : "kernel";
    this.act(type, { [KEY]: typed(KEY), [SERIAL]: typed(SERIAL), where }, typed(SECRET));
  }

  // What the keychain has may be nowhere else: one stray Enter must not take it out.
  clearTwice() {
    if (!this.sure) {
      this.sure = true;
      setText(this.clear, "Clear for good");
      return this.say("Press again to take them out of this kernel and of the OS keychain.", "");
    }
    this.calm();
    this.act("clear", {});
  }

  calm() {
    if (!this.sure) return;
    this.sure = false;
    setText(this.clear, "Clear");
    this.say("", "");
  }

  choose(serial) {
    this.fields[SERIAL].box.value = serial;
    this.wrong(SERIAL, "");
  }

  wrong(name, text) {
    const { box, wrong } = this.fields[name];
    setText(wrong, text);
    label(box, { "aria-invalid": String(text !== "") });
  }

  draw(shown) {
    for (const { name, words, missing } of shown.variables) {
      const { now } = this.fields[name];
      setText(now, words);
      now.classList.toggle("tfmfa-missing-one", missing);
    }
    const usable = shown.keychain !== "";
    setText(this.keychain.text, usable ? `OS keychain (${shown.keychain})` : "OS keychain");
    if (!this.chosen) (usable ? this.keychain : this.kernel).radio.checked = this.chosen = true;
    if (!usable) this.kernel.radio.checked = true;
    this.keychain.radio.disabled = !usable;
    label(this.keychain.radio, { "aria-describedby": this.noKeychain.id });
    setText(this.noKeychain, shown.no_keychain);
    show(this.noKeychain, shown.no_keychain !== "");
    if (shown.problem && !this.pending) this.say("", shown.problem);
  }

  end({ number, good, fields, devices, chosen, warning }) {
    const names = [KEY, SECRET, SERIAL].filter((name) => fields[name]);
    for (const name of names) this.wrong(name, fields[name]);
    if (names.length) this.fields[names[0]].box.focus();
    this.said.classList.toggle("tfmfa-warned", Boolean(warning));
    if (devices) this.drawDevices(devices);
    if (chosen) this.choose(chosen);
    if (good && this.type === "save") {
      for (const { box } of Object.values(this.fields)) box.value = "";
      show(this.list, false);
    }
  }

  act(type, texts, secret) {
    this.type = type;
    super.act(type, texts, secret);
  }

  drawDevices(devices) {
    const first = label(make("option", "", "choose one"), { value: "" });
    first.disabled = true;
    this.devices.replaceChildren(first, ...devices.map(({ serial, reason }) => {
      const node = label(make("option", "", reason ? `${serial} (${reason})` : serial), { value: serial });
      node.disabled = reason !== "";
      return node;
    }));
    this.devices.value = "";
    show(this.list, devices.length > 0);
    if (devices.length) this.devices.focus();
  }

  destroy() {
    this.fields[SECRET].box.value = "";
    super.destroy();
  }
}

export default {
  render({ model, el }) {
    const form = new Variables(model, el);
    return () => form.destroy();
  },
};
