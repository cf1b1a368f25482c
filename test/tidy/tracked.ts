import { spawnSync } from 'node:child_process';
import { packageRoot } from '../../src/util/package-root.ts';
import type { Problem } from './project.ts';

const SYMBOLIC_LINK = '120000';

/** What git keeps and should not: an ignored file that was added, or a link out of the checkout. */
export function checkTracked(): Problem[] {
  return [
    ...git('ls-files', '--cached', '--ignored', '--exclude-standard').map((file) => ({
      file,
      line: 1,
      text: '.gitignore names it, so git should not keep it: `git rm --cached` it',
    })),
    ...linksOf(git('ls-files', '--stage')),
  ];
}

/** Links among `stage`, lines of `git ls-files --stage`: `mode hash stage\tpath`. */
export function linksOf(stage: readonly string[]): Problem[] {
  return stage
    .filter((line) => line.startsWith(SYMBOLIC_LINK))
    .map((line) => ({
      file: line.slice(line.indexOf('\t') + 1),
      line: 1,
      text: 'a symbolic link: where it points need not exist in another checkout',
    }));
}

/** Lines of git's answer; none in a checkout without git, which then keeps nothing either. */
function git(...words: readonly string[]): string[] {
  const { stdout } = spawnSync('git', words, { cwd: packageRoot(), encoding: 'utf8' });
  return (stdout ?? '').split('\n').filter((line) => line !== '');
}
