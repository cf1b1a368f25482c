/** A minimal client of the Prometheus query API: the same for every server that has it. */
export interface InstantSample {
  readonly metric: Readonly<Record<string, string>>;
  readonly value: readonly [number, string];
}

export interface RangeSeries {
  readonly metric: Readonly<Record<string, string>>;
  readonly values: readonly (readonly [number, string])[];
}

export async function apiGet<Data>(
  url: string,
  path: string,
  params: Readonly<Record<string, string>> = {},
): Promise<Data> {
  const response = await fetch(`${url}${path}?${new URLSearchParams(params).toString()}`);
  const body = (await response.json()) as { status: string; data: Data; error?: string };
  if (body.status !== 'success') {
    throw new Error(`${url}${path} ${JSON.stringify(params)}: ${response.status} ${body.error}`);
  }
  return body.data;
}

/** An instant vector, in the order of its labels. */
export async function instant(
  url: string,
  query: string,
  timeSeconds?: number,
): Promise<InstantSample[]> {
  const params = timeSeconds === undefined ? { query } : { query, time: String(timeSeconds) };
  const data = await apiGet<{ result: InstantSample[] }>(url, '/api/v1/query', params);
  return data.result.toSorted(byMetric);
}

/** The raw samples of a selector over the last `window` before a time. */
export async function raw(
  url: string,
  selector: string,
  window: string,
  timeSeconds: number,
): Promise<RangeSeries[]> {
  const data = await apiGet<{ result: RangeSeries[] }>(url, '/api/v1/query', {
    query: `${selector}[${window}]`,
    time: String(timeSeconds),
  });
  return data.result.toSorted(byMetric);
}

/** Polls until `check` gives something; for waiting on real processes. */
export async function eventually<Value>(
  what: string,
  check: () => Promise<Value | undefined>,
  timeoutMs = 30_000,
): Promise<Value> {
  const deadline = performance.now() + timeoutMs;
  let last: unknown;
  while (performance.now() < deadline) {
    try {
      const value = await check();
      if (value !== undefined) return value;
    } catch (error) {
      last = error;
    }
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error(`${what}: not within ${timeoutMs} ms; last: ${String(last)}`);
}

function byMetric(
  a: { readonly metric: Readonly<Record<string, string>> },
  b: { readonly metric: Readonly<Record<string, string>> },
): number {
  const left = metricKey(a.metric);
  const right = metricKey(b.metric);
  return left < right ? -1 : left > right ? 1 : 0;
}

/** One text for one label set. */
export function metricKey(metric: Readonly<Record<string, string>>): string {
  const entries = Object.entries(metric).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return JSON.stringify(entries);
}
