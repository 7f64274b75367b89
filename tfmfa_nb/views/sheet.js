// What the forms share: messages, one action at a time, and one line that says how it ended.

const ASK_AGAIN = 2000; // ms without a word after which the form asks
const SILENCE = 8000; // ms after which it says that nobody answers
const NO_ANSWER = "The kernel does not answer: it may be busy, or have ended.";
const LOST = "The kernel did not get that: press again.";

class Sheet {
  constructor(model, host, title) {
    this.model = model;
    this.id = `tfmfa-${Math.random().toString(36).slice(2)}`;
    this.seq = 0;
    this.count = 0;
    this.pending = ""; // the number of the action that is under way
    this.heard = this.sent = performance.now();
    this.buttons = [];
    this.title = make("h3", "tfmfa-sheet-title", title);
    this.title.id = `${this.id}-title`;
    this.said = label(make("div", "tfmfa-sheet-said"), { role: "status" });
    this.alarm = label(make("div", "tfmfa-sheet-alarm"), { role: "alert" });
    this.node = label(make("section", "tfmfa-card tfmfa-sheet"), { "aria-labelledby": this.title.id });
    this.build();
    keepKeys(this.node);
    host.append(this.node);
    this.listen = (message) => this.receive(message);
    model.on("msg:custom", this.listen);
    this.timer = setInterval(() => this.tick(), 500);
    this.send({ type: "hello" });
  }

  /** A button that keeps the focus while its action is under way, which `disabled` would take from it. */
  action(text, className, press) {
    const node = button(text, className, () => {
      if (!this.pending && node.getAttribute("aria-disabled") !== "true") press(node);
    });
    this.buttons.push(node);
    return node;
  }

  act(type, texts, secret) {
    this.count += 1;
    this.pending = `${this.id}-${this.count}`;
    this.heard = this.sent = performance.now();
    this.say("", "");
    this.drawBusy();
    this.send({ type, number: this.pending, texts, ...(secret === undefined ? {} : { secret }) });
  }

  send(message) {
    try {
      this.model.send(message);
    } catch {
      this.done(); // the kernel has ended
      this.say("", NO_ANSWER);
    }
  }

  receive(message) {
    if (message.type !== "state" || message.seq <= this.seq) return;
    this.seq = message.seq;
    this.heard = performance.now();
    if (this.alarm.textContent === NO_ANSWER) this.say("", "");
    const { busy, result, shown } = message;
    const mine = this.pending && result.number === this.pending && !busy;
    if (this.pending && !mine && !busy && this.heard - this.sent > ASK_AGAIN) {
      this.done();
      this.say("", LOST);
    }
    if (Object.keys(shown).length) this.draw(shown, mine && result.good);
    if (mine) {
      this.done();
      this.say(result.good ? result.text : "", result.good ? "" : result.text);
      this.end(result);
    }
  }

  end() {}

  done() {
    this.pending = "";
    this.drawBusy();
  }

  drawBusy() {
    for (const node of this.buttons) label(node, { "aria-disabled": String(Boolean(this.pending)) });
    this.node.classList.toggle("tfmfa-busy", Boolean(this.pending));
  }

  say(said, alarm) {
    setText(this.said, said);
    setText(this.alarm, alarm);
  }

  tick() {
    if (this.seq && !this.pending) return;
    const quiet = performance.now() - this.heard;
    if (quiet > SILENCE) {
      this.done();
      this.say("", NO_ANSWER);
    } else if (quiet > ASK_AGAIN) {
      this.send({ type: "hello" });
    }
  }

  destroy() {
    clearInterval(this.timer);
    this.model.off("msg:custom", this.listen);
    this.node.remove();
  }
}
