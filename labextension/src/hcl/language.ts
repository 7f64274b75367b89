// HCL as the editor sees it: the grammar of codemirror-lang-hcl, and what it leaves out.

import { delimitedIndent, indentNodeProp, LanguageSupport, LRLanguage } from '@codemirror/language';
import { hclLanguage } from 'codemirror-lang-hcl';

const closing = (bracket: string) => delimitedIndent({ closing: bracket, align: false });

/** The grammar, with an indent inside every kind of bracket. */
export const hclParser = hclLanguage.parser.configure({
  props: [
    indentNodeProp.add({
      Block: closing('}'),
      Object: closing('}'),
      ForObjectExpr: closing('}'),
      Tuple: closing(']'),
      ForTupleExpr: closing(']'),
      FunctionCall: closing(')'),
      // What is in there is somebody else's language: it stays where it was put.
      HeredocTemplate: () => null,
      BlockComment: () => null
    })
  ]
});

/** What toggles a comment, closes by itself, and indents again while it is typed. */
export const hclData = {
  commentTokens: { line: '#', block: { open: '/*', close: '*/' } },
  closeBrackets: { brackets: ['(', '[', '{', '"'] },
  indentOnInput: /^\s*[\]})]$/
};

/** For files. */
export function hclSupport(): LanguageSupport {
  return new LanguageSupport(LRLanguage.define({ name: 'hcl', parser: hclParser, languageData: hclData }));
}
