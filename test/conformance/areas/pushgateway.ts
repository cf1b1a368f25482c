import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { decodeIdentity } from '../../../src/formats/index.ts';
import { type PushServer, startPushServer } from '../../support/push-server.ts';
import { newestSamples } from '../../support/stored-data.ts';
import { openTemporaryStorage, type TemporaryStorage } from '../../support/temporary-storage.ts';
import {
  type ConformanceArea,
  type ConformanceCase,
  ConformanceFailure,
  checkSame,
} from '../area.ts';

/** Requests of clients, and a transcript of the Pushgateway, against our own gateway. */
export const area: ConformanceArea = {
  name: 'pushgateway',
  notes: 'left to the API tests: GET /-/healthy and /-/ready of the transcript',
  async cases(root) {
    const folder = join(root, 'pushgateway');
    return [...(await transcriptCases(folder)), ...(await captureCases(folder))];
  },
};

interface Step {
  readonly what: string;
  readonly method: string;
  readonly target: string;
  readonly body: string;
  readonly status: number;
  readonly content_type: string | null;
  readonly response: string;
  readonly metrics_after: readonly string[];
  readonly meta_families_after?: readonly string[];
}

/** The gateway under test: storage in a temporary folder, handlers on a real server. */
class Gateway {
  #store: TemporaryStorage | undefined;
  #server: PushServer | undefined;

  async server(): Promise<PushServer> {
    this.#store ??= await openTemporaryStorage();
    this.#server ??= await startPushServer({
      storage: this.#store.storage,
      options: { pushgateway_admin: true },
    });
    return this.#server;
  }

  async restart(): Promise<void> {
    await this.#server?.close();
    this.#server = undefined;
    await this.#store?.reopen();
  }

  /** Lines that are exposed, without the gateway's own families. */
  async exposed(): Promise<{ lines: string[]; own: string[] }> {
    const answer = await (await this.server()).send('GET', '/metrics/pushed');
    const lines = answer.body.split('\n').filter((line) => line !== '');
    const isOwn = (line: string): boolean => /^(# \w+ )?push_(failure_)?time_seconds/.test(line);
    return {
      lines: lines.filter((line) => !isOwn(line)),
      own: lines.filter((line) => isOwn(line) && !line.startsWith('#')),
    };
  }

  /** The newest samples in the storage of series that have not ended, without the own families. */
  async stored(): Promise<string[]> {
    await this.server();
    const lines = this.#store === undefined ? [] : await newestSamples(this.#store.storage);
    return lines.filter((line) => !/^push_(failure_)?time_seconds/.test(line));
  }

  async close(): Promise<void> {
    await this.#server?.close();
    await this.#store?.remove();
    this.#server = undefined;
    this.#store = undefined;
  }
}

async function transcriptCases(folder: string): Promise<ConformanceCase[]> {
  const text = await readFile(join(folder, 'transcript.json'), 'utf8');
  const { steps } = JSON.parse(text) as { readonly steps: readonly Step[] };
  const gateway = new Gateway();
  const file = 'transcript.json';
  const cases: ConformanceCase[] = [];
  for (const [index, step] of steps.entries()) {
    if (step.target.startsWith('/-/')) continue;
    const name = `step ${index}: ${step.what}`;
    cases.push({ file, name, run: () => checkStep(gateway, step) });
    if (steps[index + 1]?.target !== '/api/v1/admin/wipe') continue;
    const restart = async (): Promise<void> => {
      await gateway.restart();
      await checkState(gateway, step);
    };
    cases.push({ file, name: 'everything held survives a restart', run: restart });
  }
  const close: ConformanceCase = { file, name: 'the gateway closes', run: () => gateway.close() };
  return [...cases, close];
}

async function checkStep(gateway: Gateway, step: Step): Promise<void> {
  const server = await gateway.server();
  const body = step.method === 'PUT' || step.method === 'POST' ? step.body : undefined;
  const answer = await server.send(step.method, step.target, body);
  if (answer.status !== step.status) {
    throw new ConformanceFailure(
      `${step.status} ${step.response}`,
      `${answer.status} ${answer.body}`,
    );
  }
  checkAnswer(step, answer.body);
  if (step.content_type !== null) {
    checkSame(answer.headers['content-type'] ?? '', step.content_type);
  }
  if (step.status === 307) checkSame(answer.headers.location ?? '', '/metrics/job');
  await checkState(gateway, step);
}

/** Bodies are compared where they do not hold Go's own words for what was wrong. */
function checkAnswer(step: Step, body: string): void {
  if (step.target === '/api/v1/metrics') checkGroups(step, body);
  else if (step.target === '/api/v1/status') {
    const got = JSON.parse(body) as { data: object };
    const wanted = JSON.parse(step.response) as { data: object };
    checkSame(Object.keys(got.data).join(), Object.keys(wanted.data).join());
  } else if (/^text format parsing error|^pushed metrics are invalid/.test(step.response)) {
    const head = /^text format parsing error in line \d+|^[^:]+: /.exec(step.response)?.[0] ?? '';
    if (!body.startsWith(head)) throw new ConformanceFailure(`${head}…`, body);
  } else if (step.response !== '400 Bad Request') {
    checkSame(body, step.response);
  }
}

interface JsonFamily {
  time_stamp: string;
  help?: string;
  metrics: { value?: string }[];
}

/**
 * Compares the groups as far as the answer was kept whole: it was cut off after some groups, whose
 * order is the gateway's own. Times are left out, and help texts, which differ between groups.
 */
function checkGroups(step: Step, body: string): void {
  const normal = (group: Record<string, JsonFamily>): string => {
    const entries = Object.entries(group).map(([name, family]) => {
      if (family.metrics === undefined) return [name, family];
      const own = /^push_(failure_)?time_seconds$/.test(name);
      const metrics = own ? family.metrics.map((one) => ({ ...one, value: '' })) : family.metrics;
      return [name, { ...family, metrics: metrics.map(sorted), time_stamp: '' }];
    });
    return JSON.stringify(Object.fromEntries(entries.map(([key, value]) => [key, sorted(value)])));
  };
  const got = JSON.parse(body) as { status: string; data: Record<string, JsonFamily>[] };
  checkSame(got.status, 'success');
  const known = new Set(got.data.map((group) => normal(sorted(group))));
  for (const group of wholeGroups(step.response)) {
    const wanted = normal(sorted(group));
    if (!known.has(wanted)) throw new ConformanceFailure(wanted, [...known].join('\n        '));
  }
  if (step.response.endsWith('[]}')) checkSame(String(got.data.length), '0');
}

function sorted<T>(value: T): T {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(entries) as T;
}

/** The groups of a JSON answer that may have been cut off in the middle. */
function wholeGroups(response: string): Record<string, JsonFamily>[] {
  const start = response.indexOf('[') + 1;
  const groups: Record<string, JsonFamily>[] = [];
  let depth = 0;
  let from = start;
  for (let at = start; at < response.length; at++) {
    if (response[at] === '{' && depth++ === 0) from = at;
    if (response[at] !== '}' || --depth !== 0) continue;
    groups.push(JSON.parse(response.slice(from, at + 1)) as Record<string, JsonFamily>);
  }
  return groups;
}

/** What is exposed, and what the storage has, after a step. */
async function checkState(gateway: Gateway, step: Step): Promise<void> {
  const { lines, own } = await gateway.exposed();
  // Whose help text a family shows where its groups differ is chance in the Pushgateway.
  const withoutHelp = (line: string): boolean => !line.startsWith('# HELP g ');
  const wanted = step.metrics_after.filter(withoutHelp);
  checkSame(lines.filter(withoutHelp).join('\n'), wanted.join('\n'));
  const samples = wanted.filter((line) => !line.startsWith('#')).map(asStored);
  checkSame((await gateway.stored()).join('\n'), samples.sort().join('\n'));
  if (step.meta_families_after !== undefined) {
    const families = own.map((line) => line.slice(0, line.lastIndexOf(' ')));
    checkSame(families.join('\n'), step.meta_families_after.join('\n'));
  }
}

/** An exposed line as the storage shows it: without empty labels. */
function asStored(line: string): string {
  const mark = line.lastIndexOf(' ');
  const bytes = new TextEncoder().encode(line.slice(0, mark));
  const labels = decodeIdentity(bytes, 0, bytes.length);
  return `${labels.toString()} ${line.slice(mark + 1)}`;
}

interface Capture {
  readonly what: string;
  readonly request: {
    readonly method: string;
    readonly target: string;
    readonly headers: Readonly<Record<string, string>>;
  };
  readonly text: string;
}

async function captureCases(folder: string): Promise<ConformanceCase[]> {
  const captures = join(folder, 'captures');
  const files = (await readdir(captures)).filter((file) => file.endsWith('.meta.json')).sort();
  return Promise.all(
    files.map(async (file) => {
      const capture = JSON.parse(await readFile(join(captures, file), 'utf8')) as Capture;
      const body = await readFile(join(captures, file.replace('.meta.json', '.txt')));
      const name = `${capture.request.method} ${capture.request.target}`;
      return { file: `captures/${file}`, name, run: () => checkCapture(capture, body) };
    }),
  );
}

async function checkCapture(capture: Capture, body: Buffer): Promise<void> {
  const { method, target, headers } = capture.request;
  const gateway = new Gateway();
  try {
    const server = await gateway.server();
    const { Host: _host, ...sent } = headers;
    if (method === 'DELETE') {
      await server.send('PUT', target, 'g 1\n');
      const answer = await server.send(method, target, undefined, sent);
      checkSame(String(answer.status), '202');
      checkSame((await gateway.stored()).join('\n'), '');
      return;
    }
    const answer = await server.send(method, target, body, sent);
    checkSame(`${answer.status} ${answer.body}`, '200 ');
    const wanted = capture.text.split('\n').filter((line) => /^[^#]/.test(line));
    const labels = groupLabels(capture);
    const grouped = wanted.map((line) => {
      const [identity = '', value = ''] = line.split(/ (?=[^ ]*$)/);
      const bytes = new TextEncoder().encode(identity);
      let series = decodeIdentity(bytes, 0, bytes.length);
      for (const [label, text] of Object.entries(labels)) series = series.with(label, text);
      return `${series.toString()} ${value}`;
    });
    checkSame((await gateway.stored()).join('\n'), grouped.sort().join('\n'));
    checkTypes(await gateway.exposed(), capture);
  } finally {
    await gateway.close();
  }
}

/** The labels that the client was asked for, from its account of the call. */
function groupLabels(capture: Capture): Record<string, string> {
  const call = /with (\{.*\}); registry/.exec(capture.what)?.[1];
  if (call === undefined) return { job: capture.request.target.split('/').at(-1) ?? '' };
  const parsed = JSON.parse(call) as { jobName: string; groupings?: Record<string, string> };
  return { job: parsed.jobName, ...parsed.groupings };
}

/** Every family keeps its type; an OpenMetrics counter is exposed under its sample's name. */
function checkTypes({ lines }: { lines: string[] }, { text }: Capture): void {
  const suffix = text.endsWith('# EOF\n') ? '_total' : '';
  const wanted = text
    .split('\n')
    .filter((line) => line.startsWith('# TYPE '))
    .map((line) => line.replace(/ counter$/, `${suffix} counter`));
  const got = lines.filter((line) => line.startsWith('# TYPE '));
  checkSame(got.sort().join('\n'), wanted.sort().join('\n'));
}
