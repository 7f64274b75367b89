// A cell's first line, as far as the commands need to understand it.

import { readMagic } from '../hcl/magic';

const WHERE = /(?:^|\s)(?:-e|-C|--?(?:environment|chdir))[\s=]+(?:"[^"]*"|'[^']*'|\S+)/;

/** The magic that a cell runs Terraform with: "tfplan", "tfapply", or nothing. */
export function magicOf(source: string): string {
  return readMagic(firstLine(source))?.magic ?? '';
}

/** Which environment its line names, as it is written there: "-e staging"; empty where it names none. */
export function whereOf(source: string): string {
  return WHERE.exec(readMagic(firstLine(source))?.options ?? '')?.[0].trim() ?? '';
}

/** The first line that is not blank. */
function firstLine(source: string): string {
  return source.split('\n').find(line => line.trim() !== '') ?? '';
}
