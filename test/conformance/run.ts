import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { messageOf } from '../../src/model/errors.ts';
import { type ConformanceArea, type ConformanceCase, caseId } from './area.ts';

/** Longer accounts of one failure are cut: the beginning tells, and thousands may follow. */
const FAILURE_CHARS_MAX = 4_000;

export interface CaseFailure {
  readonly id: string;
  /** Wanted and got, or whatever was thrown. */
  readonly message: string;
}

export interface AreaResult {
  readonly passed: number;
  readonly failures: readonly CaseFailure[];
  /** The same by file, in order of the first case of each. */
  readonly byFile: ReadonlyMap<string, FileCounts>;
}

export interface FileCounts {
  passed: number;
  failed: number;
}

export interface RunOptions {
  /** The folder that holds the areas' folders. */
  readonly root: string;
  /** The areas to run. */
  readonly areas: readonly ConformanceArea[];
  /** True to also name the areas of the data that no module covers. */
  readonly nameUncovered: boolean;
  readonly print: (line: string) => void;
}

/** Runs areas one after the other; resolves with true when no case failed. */
export async function runConformance(options: RunOptions): Promise<boolean> {
  const { root, areas, nameUncovered, print } = options;
  let failed = false;
  for (const area of areas) {
    const result = await runArea(area, root);
    for (const failure of result.failures) print(failureText(area.name, failure));
    for (const [file, { passed, failed: bad }] of area.countsByFile ? result.byFile : []) {
      print(`${file}: ${passed} passed, ${bad} failed`);
    }
    if (area.notes !== undefined) print(`${area.name}: note: ${area.notes}`);
    print(`${area.name}: ${result.passed} passed, ${result.failures.length} failed`);
    failed ||= result.failures.length > 0;
  }
  const covered = new Set(areas.map((area) => area.name));
  for (const name of nameUncovered ? areaFolders(root) : []) {
    if (!covered.has(name)) print(`${name}: not covered yet`);
  }
  return !failed;
}

/** Runs all cases of one area. Data that cannot be read is one failed case. */
export async function runArea(area: ConformanceArea, root: string): Promise<AreaResult> {
  let passed = 0;
  const failures: CaseFailure[] = [];
  const byFile = new Map<string, FileCounts>();
  try {
    const folder = join(root, area.name);
    if (!existsSync(folder)) throw new Error(`no such folder: ${folder}`);
    for await (const item of await area.cases(root)) {
      const failure = await runCase(item);
      const counts = byFile.get(item.file) ?? { passed: 0, failed: 0 };
      byFile.set(item.file, counts);
      if (failure === undefined) {
        passed++;
        counts.passed++;
      } else {
        failures.push(failure);
        counts.failed++;
      }
    }
  } catch (error) {
    failures.push({ id: area.name, message: messageOf(error) });
  }
  return { passed, failures, byFile };
}

/** Undefined when the case passed. */
export async function runCase(item: ConformanceCase): Promise<CaseFailure | undefined> {
  try {
    await item.run();
    return undefined;
  } catch (error) {
    return { id: caseId(item), message: messageOf(error) };
  }
}

function failureText(area: string, { id, message }: CaseFailure): string {
  const text =
    message.length > FAILURE_CHARS_MAX ? `${message.slice(0, FAILURE_CHARS_MAX)}…` : message;
  return `failed: ${area}/${id}\n${text.replace(/^/gm, '  ')}`;
}

/** The names of the areas the data under `root` has: its folders with small names. */
export function areaFolders(root: string): string[] {
  return readdirSync(root, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && /^[a-z0-9-]+$/.test(entry.name))
    .map((entry) => entry.name)
    .sort();
}
