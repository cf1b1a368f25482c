import { posix } from 'node:path';
import { lineAt } from './mask-code.ts';
import type { SourceFile } from './project.ts';

export interface Import {
  /** As written: `../model/index.ts`, `zod`, `node:fs`. */
  readonly specifier: string;
  /** Relative ones resolved to a path from the checkout; else undefined. */
  readonly path: string | undefined;
  /** From 1. */
  readonly line: number;
  /** True when only types pass, so that nothing is loaded. */
  readonly typeOnly: boolean;
}

/** `from '…'`, `import '…'`, `import('…')`, found in masked code so that comments do not count. */
const IMPORT = /(?<![.\w$])(?:from\s*|import\s*\(?\s*)(["'])( *)\1/g;

/** What a file imports or exports from elsewhere, static or dynamic with a fixed name. */
export function findImports(file: SourceFile): Import[] {
  return [...file.code.matchAll(IMPORT)].map((match) => {
    const begin = match.index + match[0].length - 1 - (match[2] ?? '').length;
    const specifier = file.text.slice(begin, begin + (match[2] ?? '').length);
    return {
      specifier,
      path: specifier.startsWith('.') ? posix.join(posix.dirname(file.path), specifier) : undefined,
      line: lineAt(file.code, begin),
      typeOnly: isTypeOnly(file.code, match.index),
    };
  });
}

function isTypeOnly(code: string, at: number): boolean {
  const statement = code.slice(0, at).match(/\b(?:import|export)\b[^;]*$/)?.[0] ?? '';
  // `import('…').T` as a type cannot be told from a load here; the linter forbids it.
  return /^(?:import|export)\s+type\b/.test(statement.slice(statement.search(/(?:im|ex)port\b/)));
}
