import { posix } from 'node:path';
import { lineAt } from './mask-code.ts';
import type { Problem, ProjectFile } from './project.ts';

/** What of package.json the checks read. */
export interface Manifest {
  readonly scripts: Readonly<Record<string, string>>;
  readonly bin: Readonly<Record<string, string>>;
  readonly files: readonly string[];
  readonly exports: unknown;
}

/** npm's own commands that need no script. */
const NPM_COMMANDS = new Set(['ci', 'i', 'install', 'pack', 'publish', 'version', 'view', 'exec']);

/** In backticks, indented as code, or (to be looked at) at the begin of a line in a code block. */
const NPM_CALL = /(?:`|^ {4,}|^\$ |^)npm (run |[a-z]+)(?:([\w:-]+))?/gm;

/** Commands a document tells the reader to type, and links it gives, that lead nowhere. */
export function checkDocument(
  file: ProjectFile,
  manifest: Manifest,
  subcommands: ReadonlySet<string>,
  exists: (path: string) => boolean,
): Problem[] {
  const faults: [number, string][] = [];
  for (const match of file.text.matchAll(NPM_CALL)) {
    if (match[0].startsWith('npm') && !inCodeBlock(file.text, match.index)) continue;
    const command = (match[1] ?? '').trim();
    const script = command === 'run' ? match[2] : command;
    const known = command !== 'run' && NPM_COMMANDS.has(command);
    if (script !== undefined && !known && manifest.scripts[script] === undefined) {
      faults.push([match.index, `npm script "${script}" is not in package.json`]);
    }
  }
  for (const match of file.text.matchAll(/^\s*(?:\$ )?(?:\.\/bin\/)?tidegauge ([a-z][\w-]*)/gm)) {
    const name = match[1] ?? '';
    if (inCodeBlock(file.text, match.index) && !subcommands.has(name)) {
      faults.push([match.index, `src/cli has no command "${name}"`]);
    }
  }
  for (const match of file.text.matchAll(/\]\((?!\w+:|#)([^)#\s]+)(?:#[^)]*)?\)/g)) {
    const target = posix.join(posix.dirname(file.path), match[1] ?? '');
    if (!exists(target)) faults.push([match.index, `links to ${target}, which is not there`]);
  }
  return faults.map(([offset, text]) => ({
    file: file.path,
    line: lineAt(file.text, offset),
    text,
  }));
}

function inCodeBlock(text: string, offset: number): boolean {
  return (text.slice(0, offset).match(/^\s*```/gm) ?? []).length % 2 === 1;
}

/** Paths of package.json that are not in the checkout; what the build makes is left out. */
export function checkManifest(manifest: Manifest, exists: (path: string) => boolean): Problem[] {
  const scripts = Object.values(manifest.scripts).flatMap(
    (text) => text.match(/scripts\/\S+/g) ?? [],
  );
  const paths = [...Object.values(manifest.bin), ...leaves(manifest.exports), ...manifest.files];
  return [...paths, ...scripts]
    .map((path) => path.replace(/^\.\//, ''))
    .filter((path) => !/^!?dist\//.test(path) && !exists(path))
    .map((path) => ({ file: 'package.json', line: 1, text: `names ${path}, which is not there` }));
}

/** The paths within an `exports` value, whose conditions nest. */
function leaves(value: unknown): string[] {
  if (typeof value === 'string') return [value];
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(leaves) : [];
}

/** Names given to `.command('NAME …')` in the sources of the command line. */
export function subcommandNames(cliTexts: readonly string[]): Set<string> {
  const calls = cliTexts.flatMap((text) => [
    ...text.matchAll(/(?:\bcommand|new Command)\(\s*['"]([a-z][\w-]*)/g),
  ]);
  return new Set(calls.map((match) => match[1] ?? ''));
}
