import {
  type CrashLedger,
  seriesOf,
  type StoredMatrix,
  type TickTimes,
  valueOf,
} from './crash-ledger.ts';
import { writeBody } from './write-body.ts';

const HEADERS = {
  'Content-Type': 'application/x-protobuf',
  'Content-Encoding': 'snappy',
  'X-Prometheus-Remote-Write-Version': '0.1.0',
};

/** The answer to one request with the ticks of a group; undefined where none came. */
export async function postGroup(
  url: string,
  times: TickTimes,
  group: number,
  ticks: readonly number[],
): Promise<{ readonly status: number; readonly text: string } | undefined> {
  const body = writeBody(
    seriesOf(group).map((series) => [
      { __name__: 'crash_ticks', group: String(group), series: String(series) },
      ...ticks.map((tick) => [timeOf(times, tick), valueOf(series, tick)] as const),
    ]),
  );
  try {
    const init = { method: 'POST', headers: HEADERS, body: new Uint8Array(body) };
    const response = await fetch(`${url}/api/v1/write`, init);
    return { status: response.status, text: await response.text() };
  } catch {
    return undefined;
  }
}

/** Whether one request with the ticks of a group was acknowledged. @throws Error at a 4xx */
export async function sendGroup(
  url: string,
  times: TickTimes,
  group: number,
  ticks: readonly number[],
): Promise<boolean> {
  const answer = await postGroup(url, times, group, ticks);
  if (answer !== undefined && answer.status >= 400 && answer.status < 500) {
    throw new Error(`ticks ${ticks.join()} of group ${group}: ${answer.status} ${answer.text}`);
  }
  return answer !== undefined && answer.status < 300;
}

/** Everything that is stored of a group. */
export async function readGroup(
  url: string,
  ledger: CrashLedger,
  group: number,
): Promise<readonly StoredMatrix[]> {
  const { startMs } = ledger.times;
  const endMs = timeOf(ledger.times, ledger.ticks + 1);
  const window = `${Math.ceil((endMs - startMs) / 1000) + 1}s`;
  const params = new URLSearchParams({
    query: `crash_ticks{group="${group}"}[${window}]`,
    time: String(endMs / 1000),
  });
  const response = await fetch(`${url}/api/v1/query?${params.toString()}`);
  const text = await response.text();
  if (!response.ok) throw new Error(`group ${group}: ${response.status} ${text.slice(0, 300)}`);
  const { data } = JSON.parse(text) as { data: { result: readonly StoredMatrix[] } };
  return data.result;
}

function timeOf({ startMs, stepMs }: TickTimes, tick: number): number {
  return startMs + tick * stepMs;
}
