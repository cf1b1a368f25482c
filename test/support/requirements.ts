import { accessSync, constants, existsSync, statSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { describe, test } from 'vitest';
import { conformancePath, conformanceRoot, type Environment } from './conformance-data.ts';

export { conformancePath, conformanceRoot };

/** What a group of tests needs from the machine it runs on. */
export interface Needs {
  /** Programs, looked up in PATH. */
  readonly commands?: readonly string[];
  /** An area of the conformance data: a folder's name under its root. */
  readonly conformance?: string;
}

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
