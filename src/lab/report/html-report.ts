import type { DisturbedResult, FaultResult } from '../phases/disturbed.ts';
import type { LabResult, StrategyResult } from '../results.ts';
import { isUnavailable } from '../results.ts';
import { STRATEGIES } from '../strategies.ts';
import { describeRun, rowsOf } from './rows.ts';
import { barPlotSvg, escapeHtml, linePlotSvg, type PlotLine, type PlotSpan } from './svg-plot.ts';
import { showMs } from './units.ts';

const STYLE = `
:root { color-scheme: light dark; --text: #1c2024; --soft: #8a929b; --ground: #fff; --span: #8883;
  --0: #0b6bcb; --1: #c4540a; --2: #7a3fb3; --3: #0d8050; }
@media (prefers-color-scheme: dark) { :root { --text: #e6e8ea; --soft: #7d8590; --ground: #14171a;
  --0: #6db3f2; --1: #f0994f; --2: #c49bf0; --3: #4fc78f; } }
body { font: 15px/1.45 system-ui, sans-serif; color: var(--text); background: var(--ground);
  max-width: 76rem; margin: 2rem auto; padding: 0 1rem; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; vertical-align: top; padding: .3rem .6rem; border-top: 1px solid #8884; }
td:first-child { font-weight: 600; } td:nth-child(2) { color: var(--soft); }
.plots { display: grid; grid-template-columns: repeat(auto-fit, minmax(30rem, 1fr)); gap: 1.5rem; }
figure { margin: 0; } figcaption { font-weight: 600; margin-bottom: .3rem; } svg { width: 100%; }
svg text { fill: var(--text); font-size: 12px; } .grid { stroke: #8883; } .span { fill: var(--span); }
polyline { fill: none; } [class^="line-"] { stroke-width: 2; }
${[0, 1, 2, 3].map((at) => `.line-${at} { stroke: var(--${at}); } .bar-${at} { fill: var(--${at}); }`).join('\n')}
`;

/** The comparison as one page that needs nothing else: table, and plots as SVG. */
export function htmlReport(result: LabResult): string {
  return [
    '<!doctype html><html lang="en"><head><meta charset="utf-8">',
    '<meta name="viewport" content="width=device-width, initial-scale=1">',
    `<title>Ways to collect metrics, measured</title><style>${STYLE}</style></head><body>`,
    '<h1>Ways to collect metrics, measured</h1>',
    `<p>${escapeHtml(describeRun(result.options))}; ${escapeHtml(result.startedAt)}, in `,
    `${showMs(result.elapsedMs)}, all on one machine, over loopback.</p>`,
    `<div class="plots">${plots(result).join('\n')}</div>`,
    tableHtml(result),
    '</body></html>\n',
  ].join('\n');
}

function tableHtml(result: LabResult): string {
  const names = result.strategies.map(({ name }) => name);
  const heads = ['', '', ...names.map((name) => STRATEGIES[name].title)];
  const rows = rowsOf(result).map(({ aspect, figure, cells }) => {
    const texts = [aspect, figure, ...names.map((name) => cells.get(name) ?? '')];
    return `<tr>${texts.map((text) => `<td>${escapeHtml(text)}</td>`).join('')}</tr>`;
  });
  const head = heads.map((text) => `<th>${escapeHtml(text)}</th>`).join('');
  return `<table><thead><tr>${head}</tr></thead><tbody>${rows.join('\n')}</tbody></table>`;
}

function plots(result: LabResult): string[] {
  const { strategies } = result;
  return [
    linePlotSvg({
      title: 'Live latency: share of values visible within a time after they were generated',
      xLabel: 'milliseconds (logarithmic)',
      yLabel: 'share',
      isLogX: true,
      yMax: 1,
      lines: linesOf(strategies, latencyPoints),
    }),
    agePlot(strategies),
    tickPlot(
      strategies,
      'Samples stored in the end, by when they were generated: partition',
      (of) => {
        return of.partition;
      },
    ),
    tickPlot(strategies, 'Samples stored in the end: collector killed', ({ outage }) => outage),
    tickPlot(strategies, 'Samples stored in the end: twice what the network takes', (of) => {
      return of.congestion;
    }),
    costPlot(strategies),
    bytesPlot(strategies),
  ];
}

/** Every strategy keeps its colour, also where it has nothing to draw. */
function linesOf(
  strategies: readonly StrategyResult[],
  points: (result: StrategyResult) => PlotLine['points'],
): PlotLine[] {
  return strategies.map((result) => ({
    name: STRATEGIES[result.name].title,
    points: points(result),
  }));
}

function latencyPoints({ calm }: StrategyResult): PlotLine['points'] {
  if (isUnavailable(calm)) return [];
  const sorted = calm.liveMs.map((ms) => Math.max(1, ms)).toSorted((a, b) => a - b);
  return sorted.map((ms, at) => [ms, (at + 1) / sorted.length]);
}

function disturbedOf({ disturbed }: StrategyResult): DisturbedResult | undefined {
  return isUnavailable(disturbed) ? undefined : disturbed;
}

function agePlot(strategies: readonly StrategyResult[]): string {
  // Each strategy has its own clockwork; the beginning of the partition is common to all.
  const seconds = (result: DisturbedResult, timeMs: number): number =>
    (timeMs - result.partition.beginMs) / 1000;
  const first = strategies.map(disturbedOf).find((result) => result !== undefined);
  const spans = first === undefined ? [] : spansOf(first, (timeMs) => seconds(first, timeMs));
  return linePlotSvg({
    title: 'Age of the newest value of an agent (median), through all faults',
    xLabel: 'seconds since the beginning of the partition',
    yLabel: 'seconds',
    spans,
    lines: linesOf(strategies, (result) => {
      const disturbed = disturbedOf(result);
      return (disturbed?.ages ?? []).map(({ timeMs, medianMs }) => {
        return [disturbed === undefined ? 0 : seconds(disturbed, timeMs), medianMs / 1000];
      });
    }),
  });
}

function spansOf(result: DisturbedResult, x: (timeMs: number) => number): PlotSpan[] {
  const { loss, partition, outage, congestion } = result;
  const span = (name: string, { beginMs, endMs }: FaultResult): PlotSpan => {
    return { name, from: x(beginMs), to: x(endMs) };
  };
  return [
    span('loss', loss),
    span('partition', partition),
    span('killed', outage),
    span('congestion', congestion),
  ];
}

function tickPlot(
  strategies: readonly StrategyResult[],
  title: string,
  of: (result: DisturbedResult) => FaultResult,
): string {
  return linePlotSvg({
    title,
    xLabel: 'ticks since the fault began',
    yLabel: 'share',
    yMax: 1,
    lines: linesOf(strategies, (result) => {
      const disturbed = disturbedOf(result);
      if (disturbed === undefined) return [];
      return of(disturbed).stored.byTick.map((share, tick) => [tick, share]);
    }),
  });
}

function costPlot(strategies: readonly StrategyResult[]): string {
  return barPlotSvg({
    title: 'CPU-seconds of the collector per million samples, what it uses idle included',
    show: (value) => value.toFixed(2),
    bars: strategies.map(({ name, calm }) => ({
      name: STRATEGIES[name].title,
      value: isUnavailable(calm)
        ? 0
        : ((calm.cost.collectorCpuSeconds ?? 0) / calm.cost.samples) * 1e6,
    })),
  });
}

function bytesPlot(strategies: readonly StrategyResult[]): string {
  return barPlotSvg({
    title: 'Bytes on the network per sample',
    show: (value) => value.toFixed(1),
    bars: strategies.map(({ name, calm }) => ({
      name: STRATEGIES[name].title,
      value: isUnavailable(calm) ? 0 : calm.bytesPerSample,
    })),
  });
}
