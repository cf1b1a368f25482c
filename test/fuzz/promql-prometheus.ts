import { messageOf } from '../../src/model/index.ts';
import { startCollector } from '../e2e/support/collector.ts';
import { startPrometheus } from '../e2e/support/peers.ts';
import { comparePromql, type ComparisonTally } from '../e2e/support/promql-comparison.ts';
import type { FuzzOptions } from './promql.ts';

const NO_SCRAPES = 'scrape_configs: []\n';
const QUERIES_PER_SET = 250;
/** Of one start of the servers; as many as fit into the times that a Prometheus takes. */
const SETS_PER_START = 4;

/** The built collector beside Debian's Prometheus; the number of failures found. */
export async function fuzzBesidePrometheus(
  { runs, seed, failures }: FuzzOptions,
  print: (line: string) => void,
): Promise<number> {
  const total: ComparisonTally = { answers: 0, empty: 0, errors: 0, unspecified: 0 };
  let failed = 0;
  for (let done = 0, from = seed; done < runs && failed < failures; from += SETS_PER_START) {
    const outcome = await compareOnce(from);
    done += SETS_PER_START * QUERIES_PER_SET;
    if (typeof outcome === 'string') {
      failed++;
      print(`FAILED, seed ${from}: ${outcome}\n`);
    } else {
      for (const key of ['answers', 'empty', 'errors', 'unspecified'] as const) {
        total[key] += outcome[key];
      }
    }
    print(`${done} queries, ${failed} failures; ${JSON.stringify(total)}`);
  }
  return failed;
}

async function compareOnce(seed: number): Promise<ComparisonTally | string> {
  const [collector, prometheus] = await Promise.all([
    startCollector(NO_SCRAPES),
    startPrometheus(NO_SCRAPES, ['--web.enable-remote-write-receiver']),
  ]);
  try {
    return await comparePromql(
      { ours: collector.url, theirs: prometheus.url },
      { seed, dataSets: SETS_PER_START, queriesPerSet: QUERIES_PER_SET },
    );
  } catch (error) {
    const cause = error instanceof Error ? error.cause : undefined;
    return `${messageOf(error)}\n${cause === undefined ? '' : messageOf(cause)}`;
  } finally {
    await Promise.all([collector.stop(), prometheus.stop()]);
  }
}
