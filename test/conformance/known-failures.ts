import { readFileSync } from 'node:fs';

/**
 * Cases that are known to fail: by area, by `caseId`, the reason. The test suite wants each of
 * them to go on failing, so that the list only ever holds what is true. `npm run conformance`
 * counts them as the failures they are.
 */
export type KnownFailures = Readonly<Record<string, Readonly<Record<string, string>>>>;

export function readKnownFailures(): KnownFailures {
  const text = readFileSync(new URL('known-failures.json', import.meta.url), 'utf8');
  return JSON.parse(text) as KnownFailures;
}

export interface FileOutcome {
  /** `caseId` of each case of the file, in order. */
  readonly ids: readonly string[];
  /** Of those that failed, the account of it. */
  readonly failures: ReadonlyMap<string, string>;
}

/**
 * What is wrong with a file's outcome, given what is known to fail: empty when all is as expected.
 * `known` is the area's part of the list; what it says of other files does not matter.
 */
export function unexpected(
  file: string,
  outcome: FileOutcome,
  known: Readonly<Record<string, string>>,
): string[] {
  const problems: string[] = [];
  for (const id of outcome.ids) {
    const failure = outcome.failures.get(id);
    if (failure !== undefined && known[id] === undefined) problems.push(`${id}\n${failure}`);
    if (failure === undefined && known[id] !== undefined) {
      problems.push(`${id}\npasses now: delete its line from test/conformance/known-failures.json`);
    }
  }
  const present = new Set(outcome.ids);
  for (const id of Object.keys(known)) {
    if (id.startsWith(`${file}: `) && !present.has(id)) {
      problems.push(`${id}\nis no case: delete its line from test/conformance/known-failures.json`);
    }
  }
  return problems;
}
