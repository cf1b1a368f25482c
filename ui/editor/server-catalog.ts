import type { PrometheusClient } from '@prometheus-io/codemirror-promql';
import { labelMatchersToString } from '@prometheus-io/codemirror-promql/dist/esm/parser/matcher';
import type { ApiClient } from '../api/client.ts';
import type { MetricMetadata } from '../api/prometheus.ts';

const MAX_AGE_MS = 30_000;
/** More answers than this would slow the browser down and help nobody to choose. */
const MAX_ENTRIES = 64;

/** What the editor asks the collector for, remembered for half a minute. */
export interface ServerCatalog extends PrometheusClient {
  metricMetadata(): Promise<Record<string, MetricMetadata[]>>;
  /** Functions that the collector evaluates; null where it does not tell. */
  functions(): Promise<ReadonlySet<string> | null>;
}

/**
 * Completion is a convenience: a request that fails gives nothing to choose from, is not
 * remembered, and is no error. The query itself will say what is wrong with the collector.
 */
export function createServerCatalog(client: ApiClient): ServerCatalog {
  const remembered = new Map<string, { untilMs: number; answer: Promise<unknown> }>();

  function ask<T>(key: string, fallback: T, send: () => Promise<T>): Promise<T> {
    const known = remembered.get(key);
    if (known !== undefined && performance.now() < known.untilMs) return known.answer as Promise<T>;
    const answer = send().catch(() => {
      remembered.delete(key);
      return fallback;
    });
    remembered.delete(key);
    remembered.set(key, { untilMs: performance.now() + MAX_AGE_MS, answer });
    const [oldest] = remembered.keys();
    if (remembered.size > MAX_ENTRIES && oldest !== undefined) remembered.delete(oldest);
    return answer;
  }

  return {
    metricNames: () => ask('names', [], () => client.metricNames()),
    metricMetadata: () => ask('metadata', {}, () => client.metadata()),
    functions: () => ask<ReadonlySet<string> | null>('functions', null, () => functionsOf(client)),
    labelNames(metricName) {
      const selector = metricName ? labelMatchersToString(metricName) : '';
      return ask(`labels ${selector}`, [], () => client.labelNames(selector));
    },
    labelValues(labelName, metricName, matchers) {
      const selector = metricName ? labelMatchersToString(metricName, matchers, labelName) : '';
      const send = () => client.labelValues(labelName, selector);
      return ask(`values ${labelName} ${selector}`, [], send);
    },
    // Neither is asked for by the completion; series would be the dearest way to label values.
    series: () => Promise.resolve([]),
    flags: () => Promise.resolve({}),
  };
}

async function functionsOf(client: ApiClient): Promise<ReadonlySet<string> | null> {
  const { promql_functions: functions } = await client.features();
  if (functions === undefined) return null;
  return new Set(Object.keys(functions).filter((name) => functions[name] === true));
}
