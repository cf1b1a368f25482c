import type { Server } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Command } from 'commander';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createTestApi, type TestApi } from '../../test/support/api-app.ts';
import { EXAMPLE_NOW_MS, openExampleStore } from '../../test/support/example-store.ts';
import { addQueryCommand, type QueryFlags, queryCommand } from './query.ts';

let store: Awaited<ReturnType<typeof openExampleStore>>;
let api: TestApi;
let server: Server;
let url: string;

beforeAll(async () => {
  store = await openExampleStore();
  api = createTestApi({ storage: store.storage, clock: store.clock });
  server = createServer((request, response) => {
    if (request.url?.startsWith('/other') === true) response.end('hello');
    else void api.app(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});

afterAll(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  await api.close();
  await store.remove();
});

interface Shown {
  readonly out: string;
  readonly err: string;
}

async function show(expr: string, flags: Partial<QueryFlags> = {}, columns = 60): Promise<Shown> {
  const out: string[] = [];
  const err: string[] = [];
  const output = {
    log: (line: string) => void out.push(line),
    error: (line: string) => void err.push(line),
  };
  await queryCommand(
    expr,
    { url, ...flags },
    { clock: { now: () => EXAMPLE_NOW_MS }, terminal: { output, columns, useColour: false } },
  );
  return { out: out.join('\n'), err: err.join('\n') };
}

describe('a table', () => {
  it('has a column for each label', async () => {
    expect((await show('up')).out.split('\n')).toEqual([
      'NAME  INSTANCE        JOB        VALUE',
      'up    127.0.0.1:9095  tidegauge  1',
      'up    127.0.0.1:9100  node       1',
    ]);
  });

  it('has series as PromQL writes them where columns do not fit', async () => {
    expect((await show('up', {}, 30)).out.split('\n')).toEqual([
      'up{instance="127.0.0.1:9095", job="tidegauge"}  1',
      'up{instance="127.0.0.1:9100", job="node"}       1',
    ]);
  });

  it('shows scalars, strings, ranges and nothing', async () => {
    expect((await show('1 / 8')).out).toBe('0.125');
    expect((await show('"a"')).out).toBe('a');
    expect((await show('"\\u001b[2J"')).out).toBe('"\\u001b[2J"');
    expect((await show('nothing')).out).toBe('nothing found');
    expect((await show('up{job="node"}[20s]')).out.split('\n')).toEqual([
      'up{instance="127.0.0.1:9100", job="node"}',
      '  2023-11-14T22:14:05Z  1',
      '  2023-11-14T22:14:20Z  1',
    ]);
    const flags = { range: 30_000, step: 30_000, format: 'table' } as const;
    expect((await show('sum(up)', flags)).out.split('\n')).toEqual([
      '{}',
      '  2023-11-14T22:13:50Z  2',
      '  2023-11-14T22:14:20Z  2',
    ]);
  });

  it('is of the time asked for', async () => {
    expect((await show('time()', { time: (now) => now - 1500 })).out).toBe('1700000058.5');
  });
});

describe('JSON', () => {
  it('is the answer as it came', async () => {
    const { out } = await show('sum(up)', { format: 'json' });
    expect(JSON.parse(out)).toEqual({
      status: 'success',
      data: { resultType: 'vector', result: [{ metric: {}, value: [1_700_000_060, '2'] }] },
    });
  });
});

describe('a plot', () => {
  it('draws series over the range', async () => {
    const { out } = await show('sum(up) * (time() - 1700000000)', { range: 60_000, step: 15_000 });
    const lines = out.split('\n');
    expect(lines.every((line) => line.length <= 60)).toBe(true);
    // From zero at the left to the top at the right, with round numbers at the axis.
    expect(lines[0]).toMatch(/^ +150 ┤/);
    expect(lines[14]).toMatch(/^ +0 ┤a/);
    expect(lines[15]).toMatch(/^ +└─+$/);
    expect(lines[16]).toMatch(/22:13:20 +22:13:50 +22:14:20 UTC$/);
    expect(lines.at(-1)).toBe('  a {}  120');
  });

  it('falls back to a table where there is no range', async () => {
    expect((await show('sum(up)', { format: 'plot' })).out).toBe('VALUE\n2');
  });
});

describe('notes', () => {
  it('go to the error output', async () => {
    const { err } = await show('rate(up[1m])');
    expect(err).toMatch(/^info: PromQL info: metric might not be a counter/);
  });
});

describe('faults', () => {
  it('are marked under the expression', async () => {
    await expect(show('rate(up)')).rejects.toThrow(
      'parse error: expected type range vector in call to function "rate", got instant vector ' +
        '(column 6)\n\n  rate(up)\n       ^^',
    );
    await expect(show('up +\n\tsum(', { range: 60_000 })).rejects.toThrow(
      /\(line 2, column \d+\)\n\n {2}\tsum\(\n {2}\t +\^/,
    );
  });

  it('of the evaluation have no place', async () => {
    await expect(show('up + on() up')).rejects.toThrow(/^found duplicate series|^multiple matches/);
  });

  it('say that no server answers, or not one of that kind', async () => {
    await expect(show('up', { url: 'http://127.0.0.1:1' })).rejects.toThrow(
      /^cannot ask http:\/\/127\.0\.0\.1:1\/api\/v1\/query: .*--url names another$/,
    );
    await expect(show('up', { url: `${url}/other` })).rejects.toThrow(
      'answered with status 200 and no answer of the query API',
    );
  });
});

describe('the command line', () => {
  const program = (): Command => {
    const made = new Command('tidegauge').exitOverride().configureOutput({ writeErr: () => {} });
    addQueryCommand(made);
    made.commands[0]?.exitOverride().configureOutput({ writeErr: () => {} });
    return made;
  };
  const refuses = (args: string[], text: string) =>
    it(args.join(' '), async () => {
      const parsing = program().parseAsync(['node', 'tidegauge', 'query', ...args]);
      await expect(parsing).rejects.toThrow(text);
    });
  refuses([], "missing required argument 'expr'");
  refuses(['up', '--range', '0s'], 'want a duration such as 30s');
  refuses(['up', '--step', 'x'], 'want a duration such as 30s');
  refuses(['up', '--time', 'yesterday'], 'want a time such as');
  refuses(['up', '--url', 'here'], 'want a URL such as');
  refuses(['up', '--format', 'xml'], 'Allowed choices are table, json, plot');

  it('has help that shows how', () => {
    let help = '';
    const made = program().commands[0]!;
    made.configureOutput({ writeOut: (text) => (help += text) });
    made.outputHelp();
    expect(help).toContain('tidegauge query');
    expect(help).toContain('rate(requests_total[5m])');
    expect(help.split('\n').every((line) => line.length <= 100)).toBe(true);
  });
});
