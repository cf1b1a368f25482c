import { Agent } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { writeBody } from '../test/support/write-body.ts';
import type { Comparison } from './support/comparison.ts';
import { get, postWrite } from './support/http-client.ts';
import { type ServerName, startServer } from './support/servers.ts';
import { quantile } from './support/statistics.ts';

const SEEN_TIMEOUT_MS = 60_000;
/** Times that are not measured: connections, compiled code, the first series. */
const WARM_UP = 10;
const PAUSE_MS = 5;

/** As shipped it hides what is younger than 30 s: that would be measured, and nothing else. */
const FLAGS: Partial<Record<ServerName, readonly string[]>> = {
  'victoria-metrics': ['-search.latencyOffset=0s', '-search.disableCache'],
};

/** Time from sending a sample by remote write until a query shows it, `times` times. */
export async function measureVisible(
  name: ServerName,
  times: number,
  comparison: Comparison,
): Promise<void> {
  const server = await startServer(name, { flags: FLAGS[name] ?? [] });
  const agent = new Agent({ keepAlive: true });
  try {
    const elapsedMs: number[] = [];
    for (let time = -WARM_UP; time < times; time++) {
      // Two samples of one series must not have the same time.
      await sleep(PAUSE_MS);
      const oneMs = await untilSeen(server, time + WARM_UP + 1, agent);
      if (time >= 0) elapsedMs.push(oneMs);
    }
    const note =
      'VictoriaMetrics with -search.latencyOffset=0s: as shipped it shows nothing younger than 30 s';
    const line = { unit: 'ms', digits: 2 } as const;
    const p50 = { ...line, title: 'pushed to visible, p50', targetMax: 1.5, note };
    const p99 = { ...line, title: 'pushed to visible, p99', targetMax: 4 };
    comparison.add(p50, name, quantile(elapsedMs, 0.5));
    comparison.add(p99, name, quantile(elapsedMs, 0.99));
  } finally {
    agent.destroy();
    await server.stop();
  }
}

async function untilSeen(
  { writeUrl, queryUrl }: { readonly writeUrl: string; readonly queryUrl: string },
  value: number,
  agent: Agent,
): Promise<number> {
  const timestamp = Date.now();
  const body = writeBody([[{ __name__: 'bench_visible', instance: 'a' }, [timestamp, value]]]);
  const url = `${queryUrl}/api/v1/query?query=bench_visible`;
  const start = performance.now();
  await postWrite(writeUrl, body, agent);
  for (;;) {
    const answer = await get(url, agent);
    const elapsedMs = performance.now() - start;
    if (valueIn(answer.body) === value) return elapsedMs;
    if (elapsedMs > SEEN_TIMEOUT_MS) throw new Error(`${value} is not seen: ${answer.body}`);
  }
}

function valueIn(body: string): number | undefined {
  const { data } = JSON.parse(body) as {
    readonly data: { readonly result: readonly { readonly value: readonly [number, string] }[] };
  };
  const text = data.result[0]?.value[1];
  return text === undefined ? undefined : Number(text);
}
