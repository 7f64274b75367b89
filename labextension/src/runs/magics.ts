// A cell's first line, as far as the commands need to understand it.

const RUNS = /^\s*(%{1,2})(tfplan|tfapply)(?!\S)(.*)/;
const WHERE = /(?:^|\s)(?:-e|--environment|-C|--chdir)[\s=]+(?:"[^"]*"|'[^']*'|\S+)/;

/** The magic that a cell runs Terraform with: "tfplan", "tfapply", or nothing. */
export function magicOf(source: string): string {
  return RUNS.exec(source)?.[2] ?? '';
}

/** Which environment its line names, as it is written there: "-e staging"; empty where it names none. */
export function whereOf(source: string): string {
  return WHERE.exec(RUNS.exec(source)?.[3] ?? '')?.[0].trim() ?? '';
}
