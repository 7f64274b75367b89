// The run card. It keeps its elements and changes them in place, so that a typed code and the focus survive each
// state that arrives. It talks in custom messages only; any of them may be lost, so it asks again.

const LOCKS = {
  open: "MFA not required",
  required: "MFA required",
  verifying: "MFA verifying",
  authenticated: "MFA authenticated",
  failed: "MFA failed",
};
const STATUS_ICONS = {
  pending: "waiting",
  planning: "turning",
  planned: "paused",
  planned_and_finished: "good",
  confirmed: "turning",
  applying: "turning",
  applied: "good",
  errored: "bad",
  discarded: "stopped",
  canceled: "stopped",
};
const HOPS = {
  unchecked: ["open", "not checked yet"],
  checking: ["turning", "checking"],
  assumed: ["good", "can be assumed"],
  refused: ["bad", "refused"],
};
const SILENCE = 2000; // ms without a word after which the card asks
const STALE = 7000; // ms after which it says that the kernel is silent
const SHOWN_CURRENT = 6;
const SILENT = "The kernel does not answer; this may be out of date.";
const GONE = "The kernel has ended, and this card with it. Terraform goes on without it: its log and state stay whole.";

class Card {
  constructor(model, host) {
    this.model = model;
    this.state = null;
    this.heard = performance.now();
    this.offset = 0; // the kernel's clock less the browser's, in seconds
    this.began = new Map(); // resource → when it began, by the kernel's clock
    this.log = new Log((start, stop) => this.send({ type: "lines", start, stop }));
    this.form = new Form((message) => this.send(message));
    this.build(host);
    this.listen = (message) => this.receive(message);
    model.on("msg:custom", this.listen);
    this.timer = setInterval(() => this.tick(), 500);
    this.send({ type: "hello" });
  }

  build(host) {
    this.lockIcon = make("span", "tfmfa-lock-icon");
    this.lockName = make("strong", "tfmfa-lock-name");
    this.lockText = make("span", "tfmfa-lock-text");
    this.lockRemedy = make("div", "tfmfa-lock-remedy");
    this.lock = make(
      "div", "tfmfa-lock", this.lockIcon,
      make("div", "tfmfa-lock-words", this.lockName, " ", this.lockText, this.lockRemedy),
    );
    this.statusIcon = make("span", "tfmfa-status-icon");
    this.statusText = make("span", "tfmfa-status-text", "Waiting for the kernel…");
    this.environment = make("span", "tfmfa-environment");
    this.level = make("span", "tfmfa-level");
    this.counts = make("span", "tfmfa-counts tfmfa-mono");
    this.elapsed = label(make("span", "tfmfa-elapsed"), { role: "timer", "aria-label": "Elapsed" });
    this.cancel = button("Cancel", "tfmfa-cancel", () => this.send({ type: "cancel" }));
    const head = make(
      "div", "tfmfa-head",
      make("span", "tfmfa-status", this.statusIcon, this.statusText),
      this.environment, this.level, this.counts, make("span", "tfmfa-gap"), this.elapsed, this.cancel,
    );
    this.facts = make("dl", "tfmfa-facts");
    this.roles = label(make("ul", "tfmfa-roles"), { "aria-label": "Roles that will be assumed" });
    this.notes = make("ul", "tfmfa-notes");
    this.bar = label(make("div", "tfmfa-bar", make("div", "tfmfa-bar-done")), {
      role: "progressbar", "aria-label": "Resources applied", "aria-valuemin": "0",
    });
    this.done = make("span", "tfmfa-done");
    this.current = make("ul", "tfmfa-current");
    this.progress = make("div", "tfmfa-progress", make("div", "tfmfa-progress-line", this.bar, this.done), this.current);
    this.force = button("Force stop", "tfmfa-danger", () => this.send({ type: "kill" }));
    this.stopping = make(
      "div", "tfmfa-stopping", icon("warning"),
      make("span", "tfmfa-grow", "Stopping: Terraform finishes what is in flight and saves it. ",
        "Force stop may lose resources in flight from the state."),
      this.force,
    );
    this.problem = make("strong", "");
    this.remedy = make("div", "tfmfa-remedy");
    this.errorIcon = make("span", "", icon("bad", "Error"));
    this.documents = new Documents();
    this.error = make(
      "div", "tfmfa-error", this.errorIcon, make("div", "tfmfa-grow", this.problem, this.remedy, this.documents.node),
    );
    this.said = label(make("div", "tfmfa-said"), { role: "status", "aria-live": "polite" });
    this.alarm = label(make("div", "tfmfa-said"), { role: "alert" });
    this.silence = make("span", "tfmfa-grow");
    this.silent = make("div", "tfmfa-silent", icon("warning"), this.silence);
    this.body = make(
      "div", "tfmfa-body", this.lock, this.facts, this.roles, this.notes, this.form.node, this.stopping,
      this.progress, this.error, this.silent, this.log.node,
    );
    this.node = make("section", "tfmfa-card", head, this.body, this.said, this.alarm);
    label(this.node, { "aria-label": "Terraform run" });
    keepKeys(this.node);
    this.body.hidden = this.cancel.hidden = this.silent.hidden = true;
    host.append(this.node);
  }

  send(message) {
    try {
      this.model.send(message);
      this.gone = false;
    } catch {
      this.gone = true; // the kernel has ended; what was on the card stays
    }
  }

  receive(message) {
    this.heard = performance.now();
    if (message.type === "lines") this.log.receive(message.start, message.lines);
    if (message.type === "state" && message.seq > (this.state?.seq ?? 0)) this.draw(message);
  }

  tick() {
    const quiet = performance.now() - this.heard;
    const over = this.state && this.state.ended_at > 0;
    if (!over && quiet > SILENCE) this.send({ type: "hello" });
    show(this.silent, Boolean(this.state) && !over && (this.gone || quiet > STALE));
    setText(this.silence, this.gone ? GONE : SILENT);
    if (this.state) this.drawTimes();
  }

  draw(state) {
    this.state = state;
    this.offset = state.now - Date.now() / 1000;
    this.node.dataset.status = state.status;
    this.node.dataset.lock = state.lock_indicator;
    this.body.hidden = false;
    const asking = Boolean(state.question.kind);
    const over = state.ended_at > 0;
    setIcon(this.statusIcon, asking ? "waiting" : (STATUS_ICONS[state.status] ?? "open"));
    setText(this.statusText, state.phase === "unlock" ? "Unlocking the state" : statusName(state.status));
    setText(this.environment, state.environment);
    setText(this.level, `MFA: ${state.level}`);
    this.drawCounts(state.counts);
    this.drawLock(state);
    this.drawFacts(state);
    this.drawRoles(state.roles);
    this.drawNotes(state.notes);
    this.form.draw(state.question);
    this.drawProgress(state);
    show(this.cancel, !over && !asking);
    this.cancel.disabled = state.canceling;
    setText(this.cancel, state.canceling ? "Canceling…" : "Cancel");
    show(this.stopping, state.canceling && !over);
    // The lock has said it already where both are the same; what mends it stands here in any case.
    const said = state.lock_indicator === "failed" && state.error === state.lock_indicator_text;
    show(this.error, Boolean(state.error) && !(said && !state.error_documents.length));
    for (const part of [this.errorIcon, this.problem, this.remedy]) show(part, !said);
    this.documents.draw(state.error_documents);
    setText(this.problem, state.error);
    setText(this.remedy, state.error_remedy);
    this.log.update(state.log_start, state.log_lines, state.log_path);
    this.drawTimes();
    this.speak(state);
  }

  drawCounts(counts) {
    show(this.counts, Boolean(counts));
    const key = JSON.stringify(counts);
    if (!counts || this.counts.dataset.key === key) return;
    this.counts.dataset.key = key;
    const part = (sign, value, className) => make("span", value ? className : "tfmfa-none", `${sign}${number(value)}`);
    this.counts.replaceChildren(
      part("+", counts.add, "tfmfa-add"), " ", part("~", counts.change, "tfmfa-change"), " ",
      part("-", counts.destroy, "tfmfa-destroy"),
      ...(counts.imported ? [` ${number(counts.imported)} imported`] : []),
    );
    const words = `${counts.add} to add, ${counts.change} to change, ${counts.destroy} to destroy`;
    label(this.counts, { role: "img", "aria-label": words, title: words });
  }

  drawLock(state) {
    const name = LOCKS[state.lock_indicator] ?? state.lock_indicator;
    setIcon(this.lockIcon, `lock-${state.lock_indicator}`, name);
    setText(this.lockName, name);
    setText(this.lockText, state.lock_indicator_text);
    setText(this.lockRemedy, state.lock_indicator_remedy);
  }

  drawFacts({ identity, product }) {
    const account = identity.alias ? `${identity.account} (${identity.alias})` : identity.account;
    const facts = [
      ["Account", account], ["User", identity.user], ["Region", identity.region],
      ["MFA device", identity.serial_number], ["Keys from", identity.source], ["Program", product],
    ].filter(([, value]) => value);
    show(this.facts, facts.length > 0);
    const key = JSON.stringify(facts);
    if (this.facts.dataset.key === key) return;
    this.facts.dataset.key = key;
    this.facts.replaceChildren(
      ...facts.map(([name, value]) => make("div", "", make("dt", "", name), make("dd", "", value))),
    );
  }

  drawRoles(roles) {
    const chains = roles.filter((role) => role.hops.length);
    show(this.roles, chains.length > 0);
    const key = JSON.stringify(chains);
    if (this.roles.dataset.key === key) return;
    this.roles.dataset.key = key;
    this.roles.replaceChildren(
      ...chains.map((chain) => {
        const title = make("span", "tfmfa-provider", chain.provider);
        const item = make("li", "", title, " ", make("span", "tfmfa-faint", chain.place));
        // Each hop lies inside the one that it is assumed from.
        chain.hops.reduce((parent, hop) => {
          const child = this.hop(hop);
          parent.append(make("ul", "", child));
          return child;
        }, item);
        return item;
      }),
    );
  }

  hop({ arn, state, message }) {
    const [kind, words] = HOPS[state] ?? HOPS.unchecked;
    const item = make(
      "li", `tfmfa-hop tfmfa-hop-${kind}`, icon(kind), " ", make("span", "tfmfa-mono", arn), " ",
      make("span", "tfmfa-hop-state", state === "refused" && message ? `${words}:` : words),
    );
    if (message) item.append(" ", make("span", "tfmfa-faint", message));
    return item;
  }

  drawNotes(notes) {
    show(this.notes, notes.length > 0);
    const key = JSON.stringify(notes);
    if (this.notes.dataset.key === key) return;
    this.notes.dataset.key = key;
    this.notes.replaceChildren(...notes.map((note) => make("li", "", note)));
  }

  drawProgress({ progress, now, ended_at }) {
    const total = progress.total ?? 0;
    show(this.progress, total > 0);
    if (!total) return;
    const done = progress.done ?? 0;
    this.bar.firstChild.style.width = `${Math.min(100, (100 * done) / total)}%`;
    const words = `${number(done)} of ${number(total)} resources`;
    label(this.bar, { "aria-valuemax": total, "aria-valuenow": done, "aria-valuetext": words });
    setText(this.done, words);
    const current = ended_at ? [] : (progress.current ?? []);
    const known = new Map();
    for (const { address, seconds } of current) {
      known.set(address, Math.min(this.began.get(address) ?? Infinity, now - seconds));
    }
    this.began = known;
    const more = Math.max(0, current.length - SHOWN_CURRENT) + (progress.more ?? 0);
    this.times = [];
    const rows = current.slice(0, SHOWN_CURRENT).map(({ address, action }) => {
      const time = make("span", "tfmfa-time");
      this.times.push([address, time]);
      return make("li", "", make("span", "tfmfa-mono", address), make("span", "tfmfa-faint", action), time);
    });
    if (more) rows.push(make("li", "tfmfa-faint", `and ${number(more)} more`));
    this.current.replaceChildren(...rows);
  }

  drawTimes() {
    const now = Date.now() / 1000 + this.offset;
    const { started_at: started, ended_at: ended } = this.state;
    this.form.drawWait(now);
    setText(this.elapsed, started ? duration((ended || now) - started) : "");
    for (const [address, node] of this.times ?? []) setText(node, duration(now - this.began.get(address)));
  }

  // What a screen reader says, once per change; refusals and errors interrupt.
  speak(state) {
    const lock = `${LOCKS[state.lock_indicator] ?? state.lock_indicator}. ${state.lock_indicator_text} ${state.lock_indicator_remedy}`;
    setText(this.said, `${statusName(state.status)}. ${state.lock_indicator === "failed" ? "" : lock} ${state.question.text ?? ""}`);
    setText(this.alarm, `${state.lock_indicator === "failed" ? lock : ""} ${state.error} ${state.error_remedy}`.trim());
  }

  destroy() {
    clearInterval(this.timer);
    this.model.off("msg:custom", this.listen);
    this.log.destroy();
    this.node.remove();
  }
}

export default {
  render({ model, el }) {
    const card = new Card(model, el);
    return () => card.destroy();
  },
};
