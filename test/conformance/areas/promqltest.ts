import { join } from 'node:path';
import type { ConformanceArea, ConformanceCase } from '../area.ts';
import { evaluateWithOwnEngine } from '../promqltest/own-engine.ts';
import { ScriptRun } from '../promqltest/run-script.ts';
import { readScripts, type ScriptFile } from '../promqltest/script-files.ts';
import type { EvalCommand } from '../promqltest/script.ts';

/** The PromQL scripts: each evaluation is a case. */
export const area: ConformanceArea = {
  name: 'promqltest',
  countsByFile: true,
  cases: (root) => Promise.resolve(readScripts(join(root, 'promqltest')).flatMap(casesOf)),
};

function casesOf({ name, commands }: ScriptFile): readonly ConformanceCase[] {
  const run = new ScriptRun(commands, evaluateWithOwnEngine);
  const evaluations = commands.filter((command) => command.kind === 'eval');
  return evaluations.map((command) => ({
    file: name,
    name: titleOf(command),
    run: () => run.check(command),
  }));
}

function titleOf({ line, query, times }: EvalCommand): string {
  const when =
    times.kind === 'instant'
      ? `at ${times.timeMs / 1000} s`
      : `from ${times.startMs / 1000} to ${times.endMs / 1000} s by ${times.stepMs / 1000}`;
  return `line ${line}: ${query} ${when}`;
}
