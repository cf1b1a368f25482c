import { accessSync, constants, existsSync, statSync } from 'node:fs';
import { delimiter, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, test } from 'vitest';
import { packageRoot } from '../../src/util/package-root.ts';

/** What a group of tests needs from the machine it runs on. */
export interface Needs {
  /** Programs, looked up in PATH. */
  readonly commands?: readonly string[];
  /** An area of the conformance data: a folder's name under its root. */
  readonly conformance?: string;
}

/** What to look the needs up in; tests of this module pass their own. */
export type Environment = Readonly<Record<string, string | undefined>>;

export interface Requirement {
  readonly met: boolean;
  /** Empty when met, else what is missing, as in `needs the command promtool`. */
  readonly reason: string;
  /** Vitest's own when met; else skipping, with the reason in the name so that it is reported. */
  readonly describe: (name: string, body: () => void | Promise<void>) => void;
  readonly test: (name: string, body: () => void | Promise<void>, timeoutMs?: number) => void;
}

/** `requires({ commands: ['prometheus'] }).describe('a scrape', () => { ... })` */
export function requires(needs: Needs, environment: Environment = process.env): Requirement {
  const reason = missing(needs, environment);
  if (reason === '') {
    return {
      met: true,
      reason,
      describe: (name, body) => void describe(name, body),
      test: (name, body, timeoutMs) => test(name, body, timeoutMs),
    };
  }
  const skippedName = (name: string): string => `${name} [skipped: ${reason}]`;
  return {
    met: false,
    reason,
    describe: (name, body) => void describe.skip(skippedName(name), body),
    test: (name, body) => test.skip(skippedName(name), body),
  };
}

function missing(needs: Needs, environment: Environment): string {
  const absent = (needs.commands ?? []).filter((command) => !inPath(command, environment));
  if (absent.length > 0) {
    return `needs the command${absent.length > 1 ? 's' : ''} ${absent.join(', ')}`;
  }
  const { conformance } = needs;
  if (conformance === undefined || existsSync(conformancePath(conformance, environment))) return '';
  // Two texts: a machine without any conformance data is no fault; one without this area is, and so
  // is a name that leads nowhere.
  const named = (environment['TIDEGAUGE_CONFORMANCE'] ?? '') !== '';
  return named || existsSync(conformanceRoot(environment))
    ? `needs the area ${conformance} of the conformance data`
    : 'needs the conformance data folder';
}

function inPath(command: string, environment: Environment): boolean {
  const folders = (environment['PATH'] ?? '').split(delimiter).filter((folder) => folder !== '');
  return folders.some((folder) => isExecutable(join(folder, command)));
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

/**
 * Where the conformance data lies: the folder TIDEGAUGE_CONFORMANCE names (relative to the working
 * folder), else `../shared/conformance` beside the checkout. It need not exist.
 */
export function conformanceRoot(environment: Environment = process.env): string {
  const named = environment['TIDEGAUGE_CONFORMANCE'];
  if (named !== undefined && named !== '') return resolve(named);
  return fileURLToPath(new URL('../shared/conformance', packageRoot()));
}

/** The folder of one area, `conformancePath('promqltest')`; it need not exist. */
export function conformancePath(area: string, environment: Environment = process.env): string {
  return join(conformanceRoot(environment), area);
}
