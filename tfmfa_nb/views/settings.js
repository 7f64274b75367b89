// An environment's setting "AWS Multi-Factor Authentication".

class Settings extends Sheet {
  constructor(model, host) {
    super(model, host, "Environment");
  }

  build() {
    const [choice, meanings, reason] = ["choice", "meanings", "reason"].map((name) => `${this.id}-${name}`);
    this.choice = label(make("select", "tfmfa-select"), { id: choice, "aria-describedby": `${meanings} ${reason}` });
    this.choice.addEventListener("change", () => {
      this.touched = true;
      this.mark();
      this.say("", "");
    });
    this.meanings = label(make("ul", "tfmfa-meanings"), { id: meanings });
    this.reason = label(make("div", "tfmfa-reason"), { id: reason });
    this.save = this.action("Save", "tfmfa-primary", () => this.act("save", { level: this.choice.value }));
    this.node.append(
      this.title,
      make(
        "div", "tfmfa-sheet-row",
        label(make("label", "tfmfa-sheet-label", "AWS Multi-Factor Authentication"), { for: choice }),
        this.choice, this.save,
      ),
      this.meanings, this.reason, this.said, this.alarm,
    );
  }

  draw(shown, saved) {
    setText(this.title, `Environment "${shown.environment}"`);
    this.off = shown.off;
    const key = JSON.stringify([shown.levels, shown.level === ""]);
    if (this.choice.dataset.key !== key) {
      const before = this.choice.value;
      this.choice.dataset.key = key;
      const unknown = shown.level === "" ? [label(make("option", "", "(cannot be read)"), { value: "" })] : [];
      this.choice.replaceChildren(...unknown, ...shown.levels.map((level) => this.option(level)));
      this.meanings.replaceChildren(...shown.levels.map(({ name, meaning }) => {
        const item = make("li", "", make("strong", "", `${name}:`), " ", meaning);
        item.dataset.level = name;
        return item;
      }));
      this.choice.value = before;
    }
    if (saved) this.touched = false;
    if (!this.touched) this.choice.value = shown.level;
    this.choice.disabled = this.off;
    setText(this.reason, shown.reason);
    show(this.reason, shown.reason !== "");
    this.mark();
    this.drawBusy();
    if (shown.problem && !this.pending) this.say("", shown.problem);
  }

  option({ name, allowed }) {
    const node = label(make("option", "", name), { value: name });
    node.disabled = !allowed;
    return node;
  }

  mark() {
    for (const item of this.meanings.children) {
      item.classList.toggle("tfmfa-chosen", item.dataset.level === this.choice.value);
    }
  }

  drawBusy() {
    super.drawBusy();
    if (this.off) label(this.save, { "aria-disabled": "true" });
  }
}

export default {
  render({ model, el }) {
    const form = new Settings(model, el);
    return () => form.destroy();
  },
};
