// The icons, drawn as lines: a state is told by its shape, not by its color alone.

import { ACTION_NAMES, APPLY_ICONS, HOP_ICONS, LOCK_INDICATOR_ICONS, STATUS_ICONS } from '../protocol/generated';
import { lookUp } from '../text/words';
import { withAttributes } from './elements';

const SVG = 'http://www.w3.org/2000/svg';
type Shape = readonly [tag: string, attributes: Readonly<Record<string, string | number>>];

const line = (d: string): Shape => ['path', { d }];
const BODY: Shape = ['rect', { x: 3, y: 7, width: 10, height: 7.5, rx: 1.5 }];
const SHACKLE = line('M5 7V5a3 3 0 0 1 6 0v2');
const RING: Shape = ['circle', { cx: 8, cy: 8, r: 6 }];
const DASHED: readonly Shape[] = [['circle', { cx: 8, cy: 8, r: 5, 'stroke-dasharray': '2.2 2' }]];

const ICONS: ReadonlyMap<string, readonly Shape[]> = new Map<string, readonly Shape[]>([
  ['lock-open', [BODY, line('M5 7V4.6a3 3 0 0 1 5.7-1.3')]],
  ['lock-required', [BODY, SHACKLE, line('M8 10v1.6')]],
  ['lock-verifying', [BODY, SHACKLE, line('M5.8 10.8h.01M8 10.8h.01M10.2 10.8h.01')]],
  ['lock-authenticated', [BODY, SHACKLE, line('M6 10.8l1.4 1.4 2.6-2.8')]],
  ['lock-failed', [BODY, SHACKLE, line('M6.5 9.3l3 3M9.5 9.3l-3 3')]],
  ['waiting', [RING, line('M8 4.6V8l2.2 1.6')]],
  ['paused', [RING, line('M6.4 5.8v4.4M9.6 5.8v4.4')]],
  ['stopped', [RING, line('M5.4 8h5.2')]],
  ['turning', [line('M8 2a6 6 0 1 1-5.6 3.8')]],
  ['good', [RING, line('M5.2 8.3l2 2 3.6-4.2')]],
  ['bad', [RING, line('M5.8 5.8l4.4 4.4M10.2 5.8l-4.4 4.4')]],
  ['create', [RING, line('M8 5.2v5.6M5.2 8h5.6')]],
  ['update', [RING, line('M4.9 8.7c1-1.9 2.2-1.6 3.1-.7s2.1 1.2 3.1-.7')]],
  ['delete', [line('M3 4.500h10M6.5 4.500V3h3v1.500M4.5 4.500l.6 9h5.800l.6-9M7 7v4M9 7v4')]],
  [
    'replace',
    [line('M3.2 7A5 5 0 0 1 12.4 5.200M12.8 2.600v2.800H10M12.8 9A5 5 0 0 1 3.6 10.800M3.2 13.400v-2.800H6')]
  ],
  ['read', [line('M1.8 8C4.5 3.8 11.5 3.8 14.2 8 11.5 12.2 4.5 12.2 1.8 8z'), ['circle', { cx: 8, cy: 8, r: 1.8 }]]],
  ['forget', [...DASHED, line('M5.5 8h5')]],
  ['import', [line('M13 3v10H3V3M8 2.500v7M5.2 6.800L8 9.600l2.8-2.8')]],
  ['move', [line('M2 8h11M9.5 4.500L13 8l-3.5 3.5')]],
  ['chevron', [line('M6 4l4 4-4 4')]],
  ['copy', [['rect', { x: 5.5, y: 5.5, width: 8, height: 8, rx: 1.5 }], line('M10.5 3.800V2.500h-8v8h1.3')]],
  ['block', [line('M6 3.500L2.5 8 6 12.500M10 3.500L13.5 8 10 12.5')]],
  ['warning', [line('M8 2.2l6 11H2zM8 6.4v3.2M8 11.4v.01')]]
]);

/**
 * An icon; one that is not known is an empty ring.
 *
 * @param name - What it is announced as; without it, it decorates the words beside it.
 */
export function makeIcon(kind: string, name = ''): SVGElement {
  const known = ICONS.get(kind);
  const icon = shape('svg', { viewBox: '0 0 16 16', class: `tfmfa-icon tfmfa-icon-${known ? kind : 'open'}` });
  withAttributes(icon, name ? { role: 'img', 'aria-label': name } : { 'aria-hidden': 'true' });
  icon.append(...(known ?? DASHED).map(([tag, attributes]) => shape(tag, attributes)));
  return icon;
}

export function lockIndicatorIcon(state: string): string {
  return lookUp(LOCK_INDICATOR_ICONS, state) ?? 'open';
}

export function statusIcon(status: string): string {
  return lookUp(STATUS_ICONS, status) ?? 'open';
}

/** The icon for what happens to a resource, or for what a check says. */
export function actionIcon(action: string): string {
  return Object.hasOwn(ACTION_NAMES, action) ? action : action === 'check-unknown' ? 'waiting' : 'warning';
}

/** The icon for how far the apply of a change is. */
export function applyIcon(state: string): string {
  return lookUp(APPLY_ICONS, state) ?? 'open';
}

/** The icon for whether a role can be assumed. */
export function hopIcon(state: string): string {
  return lookUp(HOP_ICONS, state) ?? 'open';
}

/** A place for an icon, which is drawn anew only where it changes. */
export class IconHolder {
  constructor(readonly node: HTMLElement) {}

  draw(kind: string, name = ''): void {
    if (this._kind !== kind || this._name !== name) {
      this._kind = kind;
      this._name = name;
      this.node.replaceChildren(makeIcon(kind, name));
    }
  }

  private _kind: string | undefined;
  private _name: string | undefined;
}

/** An element of a drawing. */
export function shape(tag: string, attributes: Shape[1]): SVGElement {
  return withAttributes(document.createElementNS(SVG, tag), attributes);
}
