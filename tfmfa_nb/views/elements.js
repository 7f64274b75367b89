// Small helpers to build the page. Text is only ever set as text: nothing here, or anywhere in the card, parses HTML.

const SVG = "http://www.w3.org/2000/svg";
const BODY = ["rect", { x: 3, y: 7, width: 10, height: 7.5, rx: 1.5 }];
const SHACKLE = ["path", { d: "M5 7V5a3 3 0 0 1 6 0v2" }];
const RING = ["circle", { cx: 8, cy: 8, r: 6 }];
const CHECK = ["path", { d: "M5.2 8.3l2 2 3.6-4.2" }];
const CROSS = ["path", { d: "M5.8 5.8l4.4 4.4M10.2 5.8l-4.4 4.4" }];
const TURNING = ["path", { d: "M8 2a6 6 0 1 1-5.6 3.8" }];

const ICONS = {
  "lock-open": [BODY, ["path", { d: "M5 7V4.6a3 3 0 0 1 5.7-1.3" }]],
  "lock-required": [BODY, SHACKLE, ["path", { d: "M8 10v1.6" }]],
  "lock-verifying": [BODY, SHACKLE, ["path", { d: "M5.8 10.8h.01M8 10.8h.01M10.2 10.8h.01" }]],
  "lock-authenticated": [BODY, SHACKLE, ["path", { d: "M6 10.8l1.4 1.4 2.6-2.8" }]],
  "lock-failed": [BODY, SHACKLE, ["path", { d: "M6.5 9.3l3 3M9.5 9.3l-3 3" }]],
  waiting: [RING, ["path", { d: "M8 4.6V8l2.2 1.6" }]],
  paused: [RING, ["path", { d: "M6.4 5.8v4.4M9.6 5.8v4.4" }]],
  stopped: [RING, ["path", { d: "M5.4 8h5.2" }]],
  turning: [TURNING],
  good: [RING, CHECK],
  bad: [RING, CROSS],
  open: [["circle", { cx: 8, cy: 8, r: 5, "stroke-dasharray": "2.2 2" }]],
  warning: [["path", { d: "M8 2.2l6 11H2zM8 6.4v3.2M8 11.4v.01" }]],
};

function make(tag, className, ...children) {
  const node = document.createElement(tag);
  if (className) node.className = className;
  node.append(...children); // strings become text nodes
  return node;
}

function label(node, attributes) {
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  return node;
}

// A change only where there is one: a screen reader speaks, and a selection breaks, on every change.
function setText(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

function show(node, visible) {
  if (node.hidden === visible) node.hidden = !visible;
}

/** An icon; with `name` it is announced under that name, without it is decoration beside a text. */
function icon(kind, name = "") {
  const svg = document.createElementNS(SVG, "svg");
  label(svg, { viewBox: "0 0 16 16", class: `tfmfa-icon tfmfa-icon-${kind}` });
  label(svg, name ? { role: "img", "aria-label": name } : { "aria-hidden": "true" });
  for (const [tag, attributes] of ICONS[kind] ?? ICONS.open) {
    svg.append(label(document.createElementNS(SVG, tag), attributes));
  }
  return svg;
}

function setIcon(holder, kind, name = "") {
  if (holder.dataset.icon === kind + name) return;
  holder.dataset.icon = kind + name;
  holder.replaceChildren(icon(kind, name));
}

function button(text, className, press) {
  const node = label(make("button", `tfmfa-button ${className}`, text), { type: "button" });
  node.addEventListener("click", press);
  return node;
}

// A notebook's shortcuts must not see plain keys: an x pressed on a button would cut a cell. Saving still works.
function keepKeys(node) {
  node.addEventListener("keydown", (event) => {
    if (event.key === "Enter" || !(event.ctrlKey || event.metaKey || event.altKey)) event.stopPropagation();
  });
}

function duration(seconds) {
  const whole = Math.max(0, Math.floor(seconds));
  const two = (number) => String(number).padStart(2, "0");
  const [hours, minutes, rest] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  return hours ? `${hours}:${two(minutes)}:${two(rest)}` : `${minutes}:${two(rest)}`;
}

function number(value) {
  return value.toLocaleString("en");
}

// "planned_and_finished" as HCP Terraform's pages write it.
function statusName(status) {
  const words = status.replaceAll("_", " ");
  return words.charAt(0).toUpperCase() + words.slice(1);
}
