import { syntheticParts } from '../../src/agent/sampling/synthetic-source.ts';

/** What the completeness API says of one agent. */
export interface AgentAccount {
  readonly state: string;
  readonly imbalance: number;
  readonly terms: Readonly<Record<TermName, number>>;
  readonly frames: Readonly<Record<string, number>>;
}

const TERM_NAMES = [
  'scheduled',
  'stored',
  'suppressed',
  'shed',
  'failed',
  'rejected',
  'missing',
  'degraded',
  'lost',
  'down',
  'inFlight',
] as const;
type TermName = (typeof TERM_NAMES)[number];

/** What the store has of the ticks of one synthetic agent. */
export interface StoredTruth {
  readonly samples: number;
  /** Ticks that any series has. */
  readonly ticks: ReadonlySet<number>;
  /** From the first tick to the last, those that some series lacks, and the samples that is. */
  readonly holes: readonly number[];
  readonly missingSamples: number;
  /** Samples that are not what the agent sampled: at another time, of another series. */
  readonly wrong: readonly string[];
}

interface MatrixAnswer {
  readonly data: {
    readonly result: readonly {
      readonly metric: Readonly<Record<string, string>>;
      readonly values: readonly (readonly [number, string])[];
    }[];
  };
}

/** Of a query's answer: the API's `data`. @throws Error where the answer is not a success */
export async function ask<Data>(
  url: string,
  path: string,
  params: Readonly<Record<string, string>> = {},
  init: RequestInit = {},
): Promise<Data> {
  const response = await fetch(`${url}${path}?${new URLSearchParams(params).toString()}`, init);
  const body = (await response.json()) as { status: string; data: Data; error?: string };
  if (body.status === 'success') return body.data;
  throw new Error(`${path} ${JSON.stringify(params)}: ${response.status} ${body.error}`);
}

/** The ledger's account of each agent, by id. */
export async function accounts(url: string): Promise<Map<string, AgentAccount>> {
  type Source = AgentAccount & { readonly labels: Readonly<Record<string, string>> };
  const { sources } = await ask<{ sources: Source[] }>(url, '/api/v1/completeness');
  const found = sources.filter(({ labels, terms }) => labels['agent'] !== undefined && terms);
  return new Map(found.map((source) => [source.labels['agent'] ?? '', source]));
}

/** Reads every sample of an agent back and tells by its value what it must be. */
export async function storedTruth(
  url: string,
  { id, agent, series, intervalMs }: SyntheticAgent,
): Promise<StoredTruth> {
  const query = `tidegauge_synthetic{agent="${id}"}[1h]`;
  const seconds = String(Math.ceil(Date.now() / 1000) + 1);
  const data = await ask<MatrixAnswer['data']>(url, '/api/v1/query', { query, time: seconds });
  const seriesOf = new Map<number, number>();
  const wrong: string[] = [];
  let samples = 0;
  for (const { metric, values } of data.result) {
    for (const [atSeconds, text] of values) {
      const atMs = Math.round(atSeconds * 1000);
      const parts = syntheticParts(Number(text));
      // A READ brings samples between ticks, which nobody had scheduled.
      if (atMs % intervalMs !== 0) continue;
      const tick = atMs / intervalMs;
      const isRight =
        parts.agent === agent &&
        parts.series === Number(metric['series']) &&
        parts.tick === tick % 1e8;
      if (!isRight) wrong.push(`${id} series ${metric['series']} at ${atMs}: ${text}`);
      seriesOf.set(tick, (seriesOf.get(tick) ?? 0) + 1);
      samples++;
    }
  }
  const ticks = new Set(seriesOf.keys());
  const holes: number[] = [];
  let missingSamples = 0;
  for (let tick = Math.min(...ticks); tick <= Math.max(...ticks); tick++) {
    const lacks = series - (seriesOf.get(tick) ?? 0);
    if (lacks > 0) holes.push(tick);
    missingSamples += lacks;
  }
  return { samples, ticks, holes, missingSamples, wrong };
}

export interface SyntheticAgent {
  readonly id: string;
  /** Number in its values. */
  readonly agent: number;
  readonly series: number;
  readonly intervalMs: number;
}

/**
 * What is wrong between the ledger's account of an agent and what the store has: empty when every
 * loss that is there is reported, and none that is not.
 */
export function disagreements(id: string, account: AgentAccount, truth: StoredTruth): string[] {
  const { terms, imbalance } = account;
  const found: string[] = [...truth.wrong.slice(0, 5)];
  if (imbalance !== 0) found.push(`${id}: imbalance ${imbalance}`);
  if (terms.stored !== truth.samples) {
    found.push(`${id}: ${terms.stored} stored by the ledger, ${truth.samples} in the store`);
  }
  if (terms.missing + terms.inFlight > 0) {
    found.push(`${id}: ${terms.missing} missing and ${terms.inFlight} in flight after healing`);
  }
  const declared = terms.scheduled - terms.stored;
  if (declared !== truth.missingSamples) {
    const text = `${truth.missingSamples} are not there, ${declared} are declared`;
    found.push(`${id}: ${text}: ${JSON.stringify(terms)}, holes ${truth.holes.join(' ')}`);
  }
  return found;
}
