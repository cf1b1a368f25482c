import { posix } from 'node:path';
import { lineAt } from './mask-code.ts';
import type { Problem, ProjectFile, SourceFile } from './project.ts';

interface BannedText {
  readonly pattern: RegExp;
  readonly remedy: string;
}

/** Written with a hole, so that this file is held to its own rule. */
const LEFTOVERS = ['TO_DO', 'FIX_ME', 'X_XX', 'HA_CK'].map((word) => word.replace('_', ''));
const MACHINE_FOLDERS = ['work', 'root', String.raw`home/\w+`, String.raw`Users/\w+`];

const BANNED: readonly BannedText[] = [
  {
    pattern: new RegExp(String.raw`\b(?:${LEFTOVERS.join('|')})\b`, 'g'),
    remedy: 'do it now, or describe the limit and when it matters',
  },
  {
    pattern: new RegExp(String.raw`(?<![\w./~-])/(?:${MACHINE_FOLDERS.join('|')})/[\w.]`, 'g'),
    remedy: 'a path of one machine: use a relative one or a setting',
  },
];

const BANNED_NAME = /(?:^|[-./])(?:helpers?|misc|common|utils)(?:[-./]|$)/;
const SOURCE_NAME = /^[a-z0-9]+(?:-[a-z0-9]+)*(?:\.[a-z]+)*\.(?:ts|tsx|mjs)$/;

/** Made by npm; its checksums may spell anything. */
const EXEMPT = new Set(['package-lock.json']);

/** Words and paths that must not be in any file. */
export function checkWords(file: ProjectFile): Problem[] {
  if (EXEMPT.has(file.path)) return [];
  return BANNED.flatMap(({ pattern, remedy }) =>
    [...file.text.matchAll(pattern)].map((match) => ({
      file: file.path,
      line: lineAt(file.text, match.index),
      text: `${match[0]}: ${remedy}`,
    })),
  );
}

export function checkName(file: ProjectFile): Problem[] {
  const problem = (text: string): Problem[] => [{ file: file.path, line: 1, text }];
  if (BANNED_NAME.test(file.path)) return problem('name it after what it holds');
  const name = posix.basename(file.path);
  if (/\.(?:ts|tsx|mjs)$/.test(name) && !SOURCE_NAME.test(name)) {
    return problem('file names are kebab-case, after the main export');
  }
  return [];
}

/** A suppression must say why; the linters' form is `-- reason`, the compiler's `: reason`. */
const SUPPRESSION = /(?:oxlint|eslint)-disable|biome-ignore|@ts-expect-error|@ts-nocheck/;
const BANNER = /^[=*#/~_-]{4,}/;

export function checkComments(file: SourceFile): Problem[] {
  return file.comments.flatMap(({ line, text }) => {
    const problem = (fault: string): Problem[] => [{ file: file.path, line, text: fault }];
    if (SUPPRESSION.test(text) && !/(?:--|:)\s+\S+ \S+/.test(text)) {
      return problem('suppresses a finding without a reason: say why after ` -- `');
    }
    return BANNER.test(text) ? problem('a banner: let names and files divide the code') : [];
  });
}
