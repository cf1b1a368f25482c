import type { LocalTarget } from '../../ingest/pull/index.ts';
import type { Clock } from '../../util/index.ts';
import type { RuntimeStatus } from '../runtime/runtime-options.ts';
import type { AllowedReads, RawExposition } from './read-answerer.ts';

const BODY_BYTES_MAX = 16 * 1024 * 1024;

export interface LocalReadsOptions {
  /** Those that are scraped now. */
  readonly targets: () => readonly LocalTarget[];
  /** Targets that may be read though nothing scrapes them. */
  readonly named: readonly { readonly name: string; readonly url: string }[];
  readonly clock: Clock;
  readonly version: string;
  readonly status: () => RuntimeStatus;
}

/**
 * What the agent may be asked: raw expositions of the targets that it scrapes and of those it was
 * told by name, and a few functions. A request can only choose among these.
 */
export function localReads(options: LocalReadsOptions): AllowedReads {
  const { targets, named, version, status } = options;
  return {
    exposition(name) {
      const listed = named.find((one) => one.name === name || one.url === name);
      if (listed !== undefined) {
        return (accept, signal) => fetchRaw(listed.url, accept, version, signal);
      }
      const target = targets().find((one) => namesOf(one).includes(name));
      return target === undefined ? undefined : (accept, signal) => target.read(accept, signal);
    },
    functions: new Map<string, () => unknown>([
      ['status', status],
      ['process', processFacts],
    ]),
  };
}

/** By its URL, by its address, and by job and instance. */
function namesOf({ target, jobName }: LocalTarget): string[] {
  const { host } = new URL(target.url);
  return [target.url, host, `${jobName}/${target.labels.get('instance')}`];
}

async function fetchRaw(
  url: string,
  accept: string,
  version: string,
  signal: AbortSignal,
): Promise<RawExposition> {
  const headers: Record<string, string> = { 'user-agent': `Tidegauge/${version}` };
  if (accept !== '') headers['accept'] = accept;
  // Large, and seldom needed: starting does not wait for it.
  const { Agent, request } = await import('undici');
  const dispatcher = new Agent({ connections: 1, maxResponseSize: BODY_BYTES_MAX });
  try {
    const answer = await request(url, { headers, dispatcher, signal });
    const body = new Uint8Array(await answer.body.arrayBuffer());
    if (answer.statusCode !== 200) throw new Error(`${url} answered ${answer.statusCode}`);
    const contentType = answer.headers['content-type'];
    return { contentType: typeof contentType === 'string' ? contentType : '', body };
  } finally {
    await dispatcher.close();
  }
}

function processFacts(): unknown {
  const { rss, heapUsed, heapTotal, external } = process.memoryUsage();
  const { user, system } = process.cpuUsage();
  return {
    pid: process.pid,
    uptimeSeconds: process.uptime(),
    cpuSeconds: (user + system) / 1e6,
    memoryBytes: { rss, heapUsed, heapTotal, external },
    node: process.version,
  };
}
