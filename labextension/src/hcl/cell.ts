// The language of a cell of ours: a magic's line, and HCL below it.
//
// The grammar's own parser does the work, from the second line on, and reuses what it parsed before: a key pressed
// in a cell of 2,000 lines costs what it costs in a file.

import { defineLanguageFacet, Language, languageDataProp } from '@codemirror/language';
import type { Input, PartialParse, TreeFragment } from '@lezer/common';
import { NodeType, Parser, Tree } from '@lezer/common';
import { styleTags, tags } from '@lezer/highlight';
import { hclData, hclParser } from './language';
import { magicLine } from './magic';

const data = defineLanguageFacet(hclData);
// The grammar's top node is inside ours, and asked first.
const parser = hclParser.configure({ props: [languageDataProp.add({ ConfigFile: data })] });
const highlight = styleTags({ Magic: tags.meta });
const topType = NodeType.define({
  id: 0,
  name: 'Cell',
  top: true,
  props: [[languageDataProp, data]]
});
const magicType = NodeType.define({ id: 1, name: 'Magic', props: [highlight] });

class CellParse implements PartialParse {
  constructor(
    private readonly _inner: PartialParse,
    private readonly _body: number
  ) {}

  get parsedPos(): number {
    return this._inner.parsedPos;
  }

  get stoppedAt(): number | null {
    return this._inner.stoppedAt;
  }

  stopAt(position: number): void {
    this._inner.stopAt(Math.max(position, this._body));
  }

  advance(): Tree | null {
    const hcl = this._inner.advance();
    if (hcl === null) {
      return null;
    }
    const magic = new Tree(magicType, [], [], this._body);
    return new Tree(topType, [magic, hcl], [0, this._body], this._body + hcl.length);
  }
}

class CellParser extends Parser {
  createParse(
    input: Input,
    fragments: readonly TreeFragment[],
    ranges: readonly { from: number; to: number }[]
  ): PartialParse {
    const end = ranges.at(-1)?.to ?? input.length;
    const body = Math.min(bodyStart(input), end);
    return new CellParse(parser.startParse(input, fragments, [{ from: body, to: end }]), body);
  }
}

/** Where the line after the magic's begins. */
function bodyStart(input: Input): number {
  const lineAt = (from: number) => {
    let text = '';
    let at = from;
    while (at < input.length) {
      const chunk = input.chunk(at);
      const stop = chunk.indexOf('\n');
      text += stop < 0 ? chunk : chunk.slice(0, stop);
      if (stop >= 0 || !chunk) {
        break;
      }
      at += chunk.length;
    }
    return { from, to: from + text.length, text };
  };
  const magic = magicLine({ length: input.length, lineAt });
  return magic ? Math.min(magic.to + 1, input.length) : 0;
}

/** The language of a cell that begins with one of our magics. */
export const cellLanguage = new Language(data, new CellParser(), [], 'hcl');
