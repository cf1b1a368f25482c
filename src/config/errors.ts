import { TidegaugeError } from '../model/index.ts';

/** One thing that is wrong with a file; line and column count from 1. */
export interface ConfigProblem {
  readonly file: string;
  readonly line: number;
  readonly column: number;
  /** Where in the structure, e.g. `scrape_configs[0].scrape_interval`; '' for the whole file. */
  readonly path: string;
  readonly message: string;
  /**
   * `invalid`: wrong by Prometheus's rules too. `unsupported`: right there, but this version
   * does not have it yet.
   */
  readonly kind: 'invalid' | 'unsupported';
}

/** A configuration that cannot be used: everything that is wrong with it, in order of place. */
export class ConfigError extends TidegaugeError {
  readonly code = 'bad_config';
  readonly problems: readonly ConfigProblem[];

  constructor(problems: readonly ConfigProblem[]) {
    super(problems.map(formatProblem).join('\n'));
    this.problems = problems;
  }
}

/** `FILE:LINE:COLUMN: message (at PATH)`, which editors and terminals turn into links. */
export function formatProblem(problem: ConfigProblem): string {
  const where = problem.path === '' ? '' : ` (at ${problem.path})`;
  return `${problem.file}:${problem.line}:${problem.column}: ${problem.message}${where}`;
}
