import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it, onTestFinished } from 'vitest';
import { packageRoot } from '../../src/util/package-root.ts';
import { requires } from './requirements.ts';

const DOCUMENT = fileURLToPath(new URL('docs/agent.md', packageRoot()));
const PROGRAM = '/usr/bin/tidegauge';

requires({ commands: ['systemd-analyze'] }).describe('the unit of docs/agent.md', () => {
  it('is one that systemd takes as it stands', () => {
    const [, unit = ''] = /```ini\n(.*?)```/s.exec(readFileSync(DOCUMENT, 'utf8')) ?? [];
    expect(unit).toContain(`ExecStart=${PROGRAM} agent`);
    const folder = mkdtempSync(join(tmpdir(), 'tidegauge-unit-'));
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
    const verify = (text: string): string => {
      const file = join(folder, 'tidegauge-agent.service');
      // The program need not be installed where this runs.
      writeFileSync(file, text.replace(PROGRAM, process.execPath));
      // What it does not know it only warns of.
      const { stdout, stderr, status } = spawnSync('systemd-analyze', ['verify', file], {
        encoding: 'utf8',
      });
      return `${stdout}${stderr}${status === 0 ? '' : `status ${status}`}`;
    };
    expect(verify(unit)).toBe('');
    expect(verify(unit.replace('NoNewPrivileges=', 'NoNewPrivilege='))).toMatch(
      /Unknown key.*NoNewPrivilege/,
    );
  });
});
