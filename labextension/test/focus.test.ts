import { afterEach, beforeEach, expect, test } from 'vitest';
import { ANSWERED } from '../src/dom/answered';
import { isTypingElsewhere, Keyboard } from '../src/widgets/card/focus';

let before: HTMLElement;
let other: HTMLInputElement;
let card: HTMLElement;
let part: HTMLInputElement;
let keyboard: Keyboard;
let places: EventTarget[];

const note = ({ target }: Event): void => void places.push(target as EventTarget);

beforeEach(() => {
  document.body.innerHTML =
    '<div class="jp-Notebook"><button></button><section class="tfmfa-card" tabindex="-1"><input></section></div><input>';
  [before, card] = ['button', 'section'].map(name => document.querySelector(name)) as [HTMLElement, HTMLElement];
  [part, other] = [...document.querySelectorAll('input')] as [HTMLInputElement, HTMLInputElement];
  keyboard = new Keyboard();
  keyboard.begin(card);
  places = [];
  document.addEventListener(ANSWERED, note);
  before.focus();
});

afterEach(() => document.removeEventListener(ANSWERED, note));

test('who was anywhere in a card that goes is back where they were', () => {
  part.focus();
  card.remove();
  keyboard.end();
  expect(document.activeElement).toBe(before);
  expect(places).toEqual([document.querySelector('.jp-Notebook')]);
});

test('a card that goes takes the keyboard from nobody who has left it', () => {
  part.focus();
  other.focus();
  card.remove();
  keyboard.end();
  expect(document.activeElement).toBe(other);
  expect(places).toEqual([]);
});

test('a field that is disabled with the answer still counts as the place of the person', () => {
  part.focus();
  keyboard.answer(true);
  part.blur();
  expect([keyboard.isHere, keyboard.isWithin]).toEqual([true, true]);
  keyboard.settle();
  expect([document.activeElement, places]).toEqual([before, [card]]);
});

test('who presses a button that gets no focus is on the card', () => {
  card.focus();
  keyboard.answer(false);
  expect(keyboard.isHeld).toBe(true);
});

test('where nobody was before, the notebook knows where to go', () => {
  before.blur();
  part.focus();
  card.remove();
  keyboard.end();
  expect(places).toEqual([document.querySelector('.jp-Notebook')]);
});

test('an empty field of another card is typed in, and an empty cell is not', () => {
  const own = document.createElement('form');
  document.body.append(own);
  part.focus();
  expect(isTypingElsewhere(own)).toBe(true);
  other.focus();
  expect(isTypingElsewhere(own)).toBe(true);
  other.className = 'jp-Cell';
  expect(isTypingElsewhere(own)).toBe(false);
});
