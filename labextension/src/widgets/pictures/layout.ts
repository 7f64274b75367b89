// Where resources stand, and the lines between them. ELK (Eclipse Layout Kernel, by elkjs, under the Eclipse Public
// License 2.0; its source is at https://github.com/kieler/elkjs) computes that in a worker: it may take seconds, and
// the page goes on meanwhile. It is a chunk of 1.6 MB that is loaded when somebody asks for a picture, and not before.

import type { ELK, ElkNode } from 'elkjs/lib/elk-api';
import Elk from 'elkjs/lib/elk-api';

export interface ISize {
  readonly width: number;
  readonly height: number;
}

export interface IPoint {
  readonly x: number;
  readonly y: number;
}

export interface ILayout extends ISize {
  /** The top left corner of each node. */
  readonly nodes: readonly IPoint[];
  /** The corners of each line, from its beginning to its end. */
  readonly edges: readonly (readonly IPoint[])[];
}

export type LayOut = (sizes: readonly ISize[], edges: readonly (readonly [number, number])[]) => Promise<ILayout>;

const OPTIONS = {
  'elk.algorithm': 'layered',
  'elk.direction': 'RIGHT',
  'elk.edgeRouting': 'ORTHOGONAL',
  'elk.aspectRatio': '1.4',
  'elk.spacing.nodeNode': '14',
  'elk.spacing.componentComponent': '22',
  'elk.layered.spacing.nodeNodeBetweenLayers': '44',
  'elk.layered.spacing.edgeNodeBetweenLayers': '16',
  'elk.padding': '[top=10,left=10,bottom=10,right=10]'
};

/** @throws Error where the page does not let a worker run. */
export const layOut: LayOut = async (sizes, edges) => {
  const worker = new Worker(new URL('elkjs/lib/elk-worker.min.js', import.meta.url));
  let elk: ELK | undefined;
  try {
    const failed = new Promise<never>((_, reject) => {
      worker.addEventListener('error', () => reject(new Error('The worker cannot be loaded.')));
    });
    elk = new Elk({ workerFactory: () => worker });
    const graph = {
      id: 'graph',
      layoutOptions: OPTIONS,
      children: sizes.map((size, index) => ({ id: `n${index}`, ...size })),
      edges: edges.map(([from, to], index) => ({ id: `e${index}`, sources: [`n${from}`], targets: [`n${to}`] }))
    };
    return read(await Promise.race([elk.layout(graph), failed]));
  } finally {
    worker.terminate();
  }
};

function read({ children = [], edges = [], height = 0, width = 0 }: ElkNode): ILayout {
  return {
    width,
    height,
    nodes: children.map(({ x = 0, y = 0 }) => ({ x, y })),
    edges: edges.map(({ sections = [] }) =>
      sections.flatMap(({ bendPoints = [], endPoint, startPoint }) => [startPoint, ...bendPoints, endPoint])
    )
  };
}
