import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { GraphNode, PlanGraph, PlanGraphRequest } from '../src/protocol/generated';
import { Dependencies } from '../src/widgets/pictures/dependencies';
import { Graph } from '../src/widgets/pictures/graph';
import type { LayOut } from '../src/widgets/pictures/layout';

function node(address: string, more: Partial<GraphNode> = {}): GraphNode {
  return { address, number: 1, action: 'create', sign: '+', word: 'create', ...more };
}

const GRAPH: PlanGraph = {
  type: 'plan_graph',
  query: 1,
  nodes: [
    node('aws_vpc.main'),
    node('module.net.aws_subnet.private', { number: 3, action: 'delete', sign: '-', word: 'destroy' }),
    node('aws_instance.<b>web</b>')
  ],
  edges: [
    [0, 1],
    [1, 2]
  ],
  note: ''
};

const inARow: LayOut = (sizes, edges) =>
  Promise.resolve({
    width: 900,
    height: 100,
    nodes: sizes.map((_, index) => ({ x: 300 * index, y: 20 })),
    edges: edges.map(([from, to]) => [
      { x: 300 * from, y: 40 },
      { x: 300 * to, y: 40 }
    ])
  });

let chosen: string[];
let graph: Graph;

function make(layOut: LayOut = inARow): void {
  graph = new Graph(layOut, address => chosen.push(address));
  document.body.append(graph.node);
}

const boxes = () => [...graph.node.querySelectorAll<SVGElement>('[role=button]')];

beforeEach(() => {
  chosen = [];
  vi.spyOn(HTMLElement.prototype, 'clientWidth', 'get').mockReturnValue(452);
});

afterEach(() => {
  graph.dispose();
  graph.node.remove();
});

test('each resource has its action in words, and says what depends on what', async () => {
  make();
  await graph.draw(GRAPH);
  expect(boxes().map(box => box.getAttribute('aria-label'))).toEqual([
    'create aws_vpc.main. module.net.aws_subnet.private depends on it.',
    'destroy ×3 module.net.aws_subnet.private. Depends on aws_vpc.main. aws_instance.<b>web</b> depends on it.',
    'create aws_instance.<b>web</b>. Depends on module.net.aws_subnet.private.'
  ]);
  expect(boxes()[1]?.querySelector('.tfmfa-graph-word')?.textContent).toBe('- destroy ×3');
  expect(graph.node.querySelector('b')).toBeNull();
  expect(graph.node.querySelector('svg')?.getAttribute('width')).toBe('675'); // no smaller than can be read
  [...graph.node.querySelectorAll('button')].find(({ textContent }) => textContent === 'Fit')?.click();
  expect(graph.node.querySelector('svg')?.getAttribute('width')).toBe('450');
});

test('the keyboard follows the lines, and a press shows the rows', async () => {
  make();
  await graph.draw(GRAPH);
  boxes()[0]?.focus();
  const press = (key: string) =>
    document.activeElement?.dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true, cancelable: true }));
  press('ArrowRight');
  expect(document.activeElement).toBe(boxes()[1]);
  expect(boxes().map(box => box.getAttribute('tabindex'))).toEqual(['-1', '0', '-1']);
  press('Enter');
  press('End');
  press('Enter');
  press('ArrowLeft');
  expect(document.activeElement).toBe(boxes()[1]);
  expect(chosen).toEqual(['aws_subnet.private', 'aws_instance.<b>web</b>']);
});

test('the same is told as text, when somebody opens it', async () => {
  make();
  await graph.draw(GRAPH);
  expect(graph.node.querySelectorAll('li')).toHaveLength(0);
  const text = graph.node.querySelector('details') as HTMLDetailsElement;
  text.open = true;
  text.dispatchEvent(new Event('toggle'));
  expect([...graph.node.querySelectorAll('li')].map(({ textContent }) => textContent)).toEqual([
    '+ aws_vpc.main (create)',
    '- module.net.aws_subnet.private (destroy ×3) depends on aws_vpc.main',
    '+ aws_instance.<b>web</b> (create) depends on module.net.aws_subnet.private'
  ]);
});

test('where the page lets no worker run, the text is there', async () => {
  make(() => Promise.reject(new Error('no worker')));
  await graph.draw(GRAPH);
  expect(graph.node.textContent).toContain('The picture cannot be drawn on this page.');
  expect(graph.node.querySelector('details')?.open).toBe(true);
});

test('of too many, what is missing is told', async () => {
  make();
  await graph.draw({ ...GRAPH, nodes: [], edges: [], note: '600 resources are too many for a picture.' });
  expect(graph.node.textContent).toContain('600 resources are too many');
  expect(graph.node.querySelector<HTMLElement>('.tfmfa-graph-pane')?.hidden).toBe(true);
});

test('many are drawn in parts, and another graph ends what was begun', async () => {
  make();
  const frames: FrameRequestCallback[] = [];
  vi.spyOn(globalThis, 'requestAnimationFrame').mockImplementation(draw => frames.push(draw));
  const nodes = Array.from({ length: 120 }, (_, index) => node(`x.n${index}`));
  const first = graph.draw({ ...GRAPH, nodes, edges: [] });
  await vi.waitFor(() => expect(frames).toHaveLength(1));
  expect(boxes()).toHaveLength(25);
  frames.pop()?.(0);
  await vi.waitFor(() => expect(frames).toHaveLength(1));
  expect(boxes()).toHaveLength(50);
  await graph.draw({ ...GRAPH, query: 2 });
  frames.pop()?.(0);
  await first;
  expect(boxes()).toHaveLength(3);
});

test('nothing is asked for before somebody opens the picture, and then what the filters leave', () => {
  make();
  const asked: PlanGraphRequest[] = [];
  const dependencies = new Dependencies(request => asked.push(request), vi.fn());
  const view = {
    grouping: 'module',
    text: '',
    actions: [],
    resource_type: '',
    states: [],
    new: false,
    opened: false,
    toggled: ['a']
  };
  dependencies.show(view as PlanGraphRequest['view']);
  expect(asked).toEqual([]);
  dependencies.button.click();
  expect(dependencies.button.getAttribute('aria-expanded')).toBe('true');
  dependencies.show({ ...view, actions: ['delete'] } as PlanGraphRequest['view']);
  expect(asked.map(({ view: { actions, toggled } }) => [actions, toggled])).toEqual([
    [[], []],
    [['delete'], []]
  ]);
  dependencies.button.click();
  dependencies.show(view as PlanGraphRequest['view']);
  expect(asked).toHaveLength(2);
  dependencies.dispose();
});
