import { quantile } from '../statistics.ts';
import type { LabOptions, StrategyName } from '../lab-options.ts';
import type { CalmResult } from '../phases/calm.ts';
import type { CongestionResult, DisturbedResult, FaultResult } from '../phases/disturbed.ts';
import type { FlexibilityResult, Obtained } from '../phases/flexibility.ts';
import {
  isUnavailable,
  type LabResult,
  type StrategyResult,
  type Unavailable,
} from '../results.ts';
import { STRATEGIES, type Strategy } from '../strategies.ts';
import { showMeasured, showMs, showShare } from './units.ts';

/** One line of the comparison: an aspect, what of it was measured, a cell for each strategy. */
export interface Row {
  readonly aspect: string;
  readonly figure: string;
  readonly cells: ReadonlyMap<StrategyName, string>;
}

type Options = LabResult['options'];

/** The comparison as rows, in the order of the document whose claims they test. */
export function rowsOf(result: LabResult): Row[] {
  return [
    ...calmRows(result),
    ...staticRows(result),
    ...flexibilityRows(result),
    ...faultRows(result),
    ...congestionRows(result),
  ];
}

function calmRows(result: LabResult): Row[] {
  const row = makeRow<CalmResult>(result, ({ calm }) => calm);
  const perMillion = (cpuSeconds: number | undefined, samples: number): string =>
    showMeasured(cpuSeconds, (seconds) => ((seconds / samples) * 1e6).toFixed(2));
  return [
    row('Discovery', 'start of an agent to its first sample queryable, p50 / longest', (calm) => {
      return `${showMs(quantile(calm.discoveryMs, 0.5))} / ${showMs(quantile(calm.discoveryMs, 1))}`;
    }),
    row('Scalability', 'CPU-s of the collector per million samples (of it idle)', ({ cost }) => {
      const { samples } = cost;
      const total = perMillion(cost.collectorCpuSeconds, samples);
      return cost.collectorCpuSeconds === undefined
        ? total
        : `${total} (${perMillion(cost.idleCpuSeconds, samples)})`;
    }),
    row('', 'CPU-s of all agents per million samples', ({ cost }) => {
      return perMillion(cost.agentsCpuSeconds, cost.samples);
    }),
    row('', 'memory of the collector (RSS)', ({ cost }) => {
      return showMeasured(cost.residentBytes, (bytes) => `${Math.round(bytes / 1e6)} MB`);
    }),
    row('', 'bytes on the network per sample', (calm) => calm.bytesPerSample.toFixed(1)),
    row('Latency', 'generated to queryable, live, p50 / p99', ({ liveMs }) => {
      return `${showMs(quantile(liveMs, 0.5))} / ${showMs(quantile(liveMs, 0.99))}`;
    }),
  ];
}

function staticRows(result: LabResult): Row[] {
  const { agents } = result.options;
  const strategyRow = (
    aspect: string,
    figure: string,
    cell: (strategy: Strategy) => string,
  ): Row => ({
    aspect,
    figure,
    cells: new Map(result.strategies.map(({ name }) => [name, cell(STRATEGIES[name])])),
  });
  const row = makeRow<CalmResult>(result, ({ calm }) => calm);
  const listed = (facts: readonly string[]): string => {
    return facts.length === 0 ? '0' : `${facts.length}: ${facts.join(', ')}`;
  };
  return [
    row('Security', 'listening sockets of each agent', ({ sockets }) => {
      return showMeasured(sockets.perAgent, String);
    }),
    row('', 'listening sockets of the collector', ({ sockets }, { dials }) => {
      const use = dials === 'agent' ? 'agents and queries' : 'queries alone';
      return showMeasured(sockets.collector, (count) => `${count}: ${use}`);
    }),
    strategyRow('Operational complexity', 'facts that each agent needs', (strategy) => {
      return listed(strategy.agentFacts);
    }),
    strategyRow('', 'facts that the collector needs', (strategy) => {
      return listed(strategy.collectorFacts);
    }),
    strategyRow('', 'touched to move the collector', ({ touched }) => {
      return touched.moveCollector(agents);
    }),
    strategyRow('', 'touched to change the interval', ({ touched }) => {
      return touched.changeInterval(agents);
    }),
  ];
}

function flexibilityRows(result: LabResult): Row[] {
  const row = makeRow<FlexibilityResult>(result, ({ flexibility }) => flexibility);
  const cell = ({ elapsedMs, by }: Obtained): string => {
    return elapsedMs === undefined ? by : `${showMs(elapsedMs)}: ${by}`;
  };
  return [
    row('Flexibility', 'a metric not collected before', ({ newMetric }) => cell(newMetric)),
    row('', 'ten times the resolution', ({ tenfold }) => cell(tenfold)),
  ];
}

function faultRows(result: LabResult): Row[] {
  const { times } = result.options;
  const row = makeRow<DisturbedResult>(result, ({ disturbed }) => disturbed);
  const rows = (aspect: string, fault: string, of: (result: DisturbedResult) => FaultResult) => [
    row(aspect, `${fault}: stored, in the end`, (result) => storedCell(of(result))),
    row('', 'stored more than once', (result) => String(of(result).stored.duplicates)),
    row('', 'missing: true / by the collector', (result) => missingCell(of(result))),
    row('', 'live again after', (result) => showMs(of(result).liveAgainMs)),
    row('', 'repaired after', (result) => repairedCell(of(result))),
  ];
  const [loss, partition] = [`1 % loss for ${showMs(times.lossMs)}`, showMs(times.partitionMs)];
  return [
    ...rows('Data completeness', loss, ({ loss: fault }) => fault).slice(0, 3),
    row('', 'connections reset', ({ resets }) => String(resets)),
    ...rows('', `partition of ${partition}`, ({ partition: fault }) => fault),
    ...rows(
      'Graceful degradation',
      `collector killed for ${showMs(times.outageMs)}`,
      ({ outage }) => outage,
    ),
  ];
}

function congestionRows(result: LabResult): Row[] {
  const row = makeRow<DisturbedResult>(result, ({ disturbed }) => disturbed);
  const congested = (figure: string, cell: (congestion: CongestionResult) => string): Row =>
    row('', figure, ({ congestion }) => cell(congestion));
  const length = showMs(result.options.times.congestionMs);
  return [
    row('Network congestion', `goodput at twice capacity for ${length}`, ({ congestion }) => {
      return `${Math.round(100 * congestion.goodput)} % of capacity`;
    }),
    congested('age of the newest value at most, median / worst agent', (of) => {
      return `${showMs(of.medianAgeMs)} / ${showMs(of.worstAgeMs)}`;
    }),
    congested('live again after', ({ liveAgainMs }) => showMs(liveAgainMs)),
    congested('stored, in the end', storedCell),
    congested('missing: true / by the collector', missingCell),
    row('', 'load itself late by at most (all through)', ({ loadLateMs }) => showMs(loadLateMs)),
  ];
}

function storedCell({ stored }: FaultResult): string {
  const wrong = stored.wrong === 0 ? '' : `, ${stored.wrong} WRONG`;
  return showShare(stored.stored, stored.generated) + wrong;
}

function missingCell({ stored, declaredMissing }: FaultResult): string {
  const missing = stored.generated - stored.stored;
  return `${missing} / ${declaredMissing ?? 'cannot say'}`;
}

function repairedCell({ stored, repairedMs }: FaultResult): string {
  if (repairedMs !== undefined) return showMs(repairedMs);
  return stored.stored === stored.generated ? 'nothing was missing' : 'nothing came later';
}

/** Makes rows of one part of the results; where that is not there, the cell says why. */
function makeRow<T extends object>(
  { strategies }: LabResult,
  part: (result: StrategyResult) => T | Unavailable,
) {
  return (aspect: string, figure: string, cell: (part: T, strategy: Strategy) => string): Row => ({
    aspect,
    figure,
    cells: new Map(
      strategies.map((result) => {
        const found = part(result);
        const text = isUnavailable(found)
          ? `not available: ${found.notAvailable}`
          : cell(found, STRATEGIES[result.name]);
        return [result.name, text];
      }),
    ),
  });
}

/** What was run, in one line. */
export function describeRun({ agents, series, intervalMs, seed }: Options | LabOptions): string {
  const rate = Math.round((agents * series * 1000) / intervalMs);
  return `${agents} agents x ${series} series every ${showMs(intervalMs)} (${rate} samples/s), seed ${seed}`;
}
