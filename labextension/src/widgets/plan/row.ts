// A row of a plan's tree. What it says is text, whatever it says.

import { make, setText, withAttributes } from '../../dom/elements';
import type { AttributeRow, ChangeRow, GroupRow, LineRow, PlanRow, PlanValue } from '../../protocol/generated';
import { actionIcon, makeIcon } from '../../dom/icons';
import { attributeWord } from '../../text/words';
import { diagnosticBody } from './diagnostic';
import { makeMark } from './mark';

/** What can be done with a change's row. */
export interface IChangeActions {
  copy(address: string): void;
  /** Shows the block in which a resource is declared. */
  show(address: string): void;
}

const BREAKS = /(?<=[./:,=])|(?=\[)/;

/** Fills the element of a row; `sought` is marked where it stands. */
export function fillRow(node: HTMLElement, row: PlanRow, sought: string, actions: IChangeActions): void {
  const { level, open, position, size } = row.place;
  withAttributes(node, { 'aria-level': level, 'aria-posinset': position, 'aria-setsize': size });
  if (open === undefined) {
    node.removeAttribute('aria-expanded');
  } else {
    node.setAttribute('aria-expanded', String(open));
  }
  node.removeAttribute('aria-label');
  node.className = `tfmfa-plan-row tfmfa-plan-${row.kind}`;
  node.style.setProperty('--tfmfa-level', String(level));
  const chevron = make('span', 'tfmfa-chevron', ...(open === undefined ? [] : [makeIcon('chevron')]));
  node.replaceChildren(chevron, ...content(node, row, sought, actions));
}

/** Shows a row that has not arrived. */
export function fillMissing(node: HTMLElement): void {
  node.className = 'tfmfa-plan-row tfmfa-missing';
  withAttributes(node, { 'aria-level': 1, 'aria-label': 'Loading' });
  node.replaceChildren();
}

function content(node: HTMLElement, row: PlanRow, sought: string, actions: IChangeActions): Node[] {
  switch (row.kind) {
    case 'group':
      return group(row, sought);
    case 'change':
      return change(node, row, sought, actions);
    case 'attribute':
      return attribute(node, row, sought);
    case 'line':
      return line(node, row);
    case 'note':
      return [make('span', 'tfmfa-plan-note-text', row.text)];
    case 'diagnostic':
      return [diagnosticBody(row)];
  }
}

function group({ about, action, mark, title }: GroupRow, sought: string): Node[] {
  const icon = action ? [makeIcon(actionIcon(action))] : [];
  return [
    make('span', `tfmfa-plan-title tfmfa-action-${action || 'none'}`, ...icon, text('span', '', title, sought)),
    make('span', 'tfmfa-plan-about', about),
    ...(mark ? [makeMark(mark, false)] : [])
  ];
}

function change(node: HTMLElement, row: ChangeRow, sought: string, actions: IChangeActions): Node[] {
  node.classList.add(`tfmfa-subject-${row.subject}`);
  const what = make(
    'span',
    `tfmfa-plan-action tfmfa-action-${row.action}`,
    makeIcon(actionIcon(row.action)),
    withAttributes(make('span', 'tfmfa-sign', row.sign), { 'aria-hidden': 'true' }),
    make('span', 'tfmfa-plan-word', row.word)
  );
  const words = make('span', 'tfmfa-plan-words', what, text('span', 'tfmfa-plan-address', row.label, sought));
  [row.reason, ...row.notes].filter(Boolean).forEach(note => {
    words.append(text('span', note === row.reason ? 'tfmfa-plan-reason' : 'tfmfa-plan-remark', note, sought));
  });
  const mark = row.mark ? [makeMark(row.mark)] : [];
  const end = row.subject === 'check' ? [] : [make('span', 'tfmfa-plan-buttons', ...buttons(row, actions))];
  return [words, ...mark, ...end];
}

/** Changes a row in place where its apply goes on, so that its buttons keep the focus; whether that was all. */
export function updateMark(node: HTMLElement, before: PlanRow | undefined, row: PlanRow): boolean {
  const mark = node.querySelector(':scope > .tfmfa-mark');
  if (before?.kind !== 'change' || row.kind !== 'change' || !mark || !row.mark) {
    return false;
  }
  if (JSON.stringify({ ...before, mark: null }) !== JSON.stringify({ ...row, mark: null })) {
    return false;
  }
  mark.replaceWith(makeMark(row.mark));
  return true;
}

function buttons({ address }: ChangeRow, actions: IChangeActions): HTMLElement[] {
  const copied = iconButton('copy', `Copy address of ${address}`, () => actions.copy(address));
  const shown = iconButton('block', `Go to the block of ${address}`, () => actions.show(address));
  return [copied, shown];
}

function iconButton(icon: string, name: string, press: () => void): HTMLElement {
  const node = withAttributes(make('button', 'tfmfa-icon-button', makeIcon(icon)), {
    type: 'button',
    'aria-label': name,
    title: name,
    tabindex: -1
  });
  node.addEventListener('click', event => {
    event.stopPropagation(); // the row would open
    press();
  });
  return node;
}

function attribute(node: HTMLElement, row: AttributeRow, sought: string): Node[] {
  node.dataset['sign'] = row.sign;
  const word = attributeWord(row.sign);
  const sign = withAttributes(make('span', 'tfmfa-sign', row.sign), { 'aria-hidden': 'true' });
  const name = text('span', 'tfmfa-plan-name', row.name, sought);
  const cells: Node[] = [sign, make('span', 'tfmfa-plan-key', name, said(word))];
  const { after, before } = row;
  const alone = before ?? after;
  if (before && after) {
    const arrow = withAttributes(make('span', 'tfmfa-plan-arrow', '→'), { 'aria-hidden': 'true' });
    cells.push(value(before, 'before', sought), make('span', '', arrow, said('to')), value(after, 'after', sought));
  } else if (alone) {
    cells.push(value(alone, 'alone', sought));
  }
  if (row.about) {
    cells.push(make('span', 'tfmfa-plan-about', row.about));
  }
  if (row.forces) {
    cells.push(make('span', 'tfmfa-plan-forces', 'forces replacement'));
  }
  return cells;
}

function value(shown: PlanValue, place: string, sought: string): Node {
  return text('span', `tfmfa-plan-value tfmfa-plan-${place} tfmfa-value-${shown.kind}`, shown.text, sought);
}

function line(node: HTMLElement, { pieces, sign }: LineRow): Node[] {
  node.dataset['sign'] = sign;
  const tag = sign === '-' ? 'del' : 'ins';
  const words = pieces.map(([piece, changed]) => (changed ? make(tag, '', piece) : piece));
  const isBlank = pieces.every(([piece]) => piece.trim() === '');
  const word = said(`${attributeWord(sign)} ${isBlank ? 'blank line' : ''}`.trim());
  return [
    withAttributes(make('span', 'tfmfa-sign', sign), { 'aria-hidden': 'true' }),
    make('span', 'tfmfa-plan-line-text', word, ...words)
  ];
}

/** A word that is heard and not seen. */
function said(word: string): HTMLElement {
  const node = make('span', 'tfmfa-said');
  setText(node, word && ` ${word} `);
  return node;
}

/** A text that breaks after dots and slashes rather than within words, with what is sought marked. */
function text(tag: 'span', className: string, content: string, sought: string): HTMLElement {
  const node = make(tag, className);
  const wanted = sought.toLowerCase();
  const lower = content.toLowerCase();
  let from = 0;
  // Where letters change their number in lower case, places would not fit: nothing is marked.
  while (wanted && lower.length === content.length) {
    const at = lower.indexOf(wanted, from);
    if (at < 0) {
      break;
    }
    addBreakable(node, content.slice(from, at));
    node.append(make('mark', '', content.slice(at, at + wanted.length)));
    from = at + wanted.length;
  }
  addBreakable(node, content.slice(from));
  return node;
}

function addBreakable(node: HTMLElement, content: string): void {
  content.split(BREAKS).forEach((piece, index) => node.append(...(index ? [make('wbr')] : []), piece));
}
