// The lock's five faces, by their shapes and not by colour alone; the run's card has the same.

const SVG = 'http://www.w3.org/2000/svg';
type Shape = readonly [string, Record<string, string>];

const BODY: Shape = ['rect', { x: '3', y: '7', width: '10', height: '7.5', rx: '1.5' }];
const line = (d: string): Shape => ['path', { d }];
const SHACKLE = line('M5 7V5a3 3 0 0 1 6 0v2');
const SHAPES: Readonly<Record<string, readonly Shape[]>> = {
  open: [BODY, line('M5 7V4.6a3 3 0 0 1 5.7-1.3')],
  required: [BODY, SHACKLE, line('M8 10v1.6')],
  verifying: [BODY, SHACKLE, line('M5.8 10.8h.01M8 10.8h.01M10.2 10.8h.01')],
  authenticated: [BODY, SHACKLE, line('M6 10.8l1.4 1.4 2.6-2.8')],
  failed: [BODY, SHACKLE, line('M6.5 9.3l3 3M9.5 9.3l-3 3')]
};
const NONE: readonly Shape[] = [['circle', { cx: '8', cy: '8', r: '5', 'stroke-dasharray': '2.2 2' }]];

/** A decoration beside the words that say the same. */
export function lockIcon(lock: string): SVGElement {
  const icon = element('svg', { viewBox: '0 0 16 16', 'aria-hidden': 'true' });
  icon.append(...(SHAPES[lock] ?? NONE).map(([tag, attributes]) => element(tag, attributes)));
  return icon;
}

function element(tag: string, attributes: Record<string, string>): SVGElement {
  const node = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) {
    node.setAttribute(name, value);
  }
  return node;
}
