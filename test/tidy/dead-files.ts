import { findImports } from './imports.ts';
import { isTest, type Problem, type SourceFile } from './project.ts';

/** Sources of `src` and `ui` that no program reaches from `entries`; tests do not count as use. */
export function findDeadFiles(files: readonly SourceFile[], entries: readonly string[]): Problem[] {
  const byPath = new Map(files.map((file) => [file.path, file]));
  const alive = new Set<string>();
  const queue = entries.filter((path) => byPath.has(path));
  for (let path = queue.pop(); path !== undefined; path = queue.pop()) {
    const file = byPath.get(path);
    if (file === undefined || alive.has(path)) continue;
    alive.add(path);
    for (const { path: target } of findImports(file)) {
      if (target !== undefined) queue.push(target);
    }
  }
  return files
    .filter(({ path }) => /^(?:src|ui)\//.test(path) && !isTest(path) && !alive.has(path))
    .map(({ path }) => ({
      file: path,
      line: 1,
      text: 'nothing reaches it from the command, a worker or the page: use it or delete it',
    }));
}

/** Where programs begin: the command, every worker, the page's script, the generated documents. */
export function programEntries(files: readonly SourceFile[]): string[] {
  const workers = files.map(({ path }) => path).filter((path) => /^src\/.*-worker\.ts$/.test(path));
  return [
    'src/cli/main.ts',
    'src/client/index.ts',
    'src/config/generated-pages.ts',
    'ui/main.tsx',
    ...workers,
  ];
}
