import { type Labels, type Matcher, METRIC_NAME } from '../../model/index.ts';
import {
  ABSENT,
  copySample,
  FLOAT,
  type Grid,
  HISTOGRAM,
  isPopulated,
  type SeriesColumn,
  type VectorValue,
  vectorOf,
} from './columns.ts';
import type { EvalContext } from './context.ts';
import type { QueryGuard } from './guard.ts';
import { duplicateLabelSetError, ExecutionError } from './errors.ts';
import { firstSelectorTime, IDENTIFYING_LABELS, infoMatchers } from './info-plan.ts';
import { OutputSeries } from './merge.ts';
import type { CallNode } from './plan.ts';
import { selectLatest } from './selector.ts';

const IDENTIFYING: ReadonlySet<string> = new Set(IDENTIFYING_LABELS);

/** Adds the data labels of matching info series to each series. */
export function evaluateInfo(node: CallNode, grid: Grid, context: EvalContext): VectorValue {
  const { names, data } = infoMatchers(node);
  const { series } = context.evaluateVector(node.args[0]!, grid);
  const isInfo = ({ labels }: SeriesColumn): boolean =>
    names.every((matcher) => matcher.matches(labels.metricName));
  const identities = identifyingValues(series.filter((column) => !isInfo(column)));
  const infos = infoSeries(node, grid, context).filter(({ labels }) =>
    isIdentified(labels, identities),
  );
  const join = new InfoJoin(infos, data, grid, context.guard);
  for (const column of series) {
    if (isInfo(column)) join.copy(column);
    else join.enrich(column);
  }
  return vectorOf(join.output.all().filter(isPopulated));
}

/** The info series with the times of their samples, in seconds, as values. */
function infoSeries(node: CallNode, grid: Grid, context: EvalContext): SeriesColumn[] {
  const { atMs, offsetMs } = firstSelectorTime(node.args[0]!);
  const times = { atMs, offsetMs, statsOnly: false };
  const { series } = selectLatest(node, times, grid, context, 'time_of_float');
  for (const column of series) {
    if (column.present.includes(HISTOGRAM)) {
      throw new ExecutionError(
        `this should be an info metric, with float samples: ${column.labels.toString()}`,
      );
    }
  }
  return series;
}

function identifyingValues(series: readonly SeriesColumn[]): Map<string, Set<string>> {
  const values = new Map<string, Set<string>>();
  for (const { labels } of series) {
    for (const name of IDENTIFYING_LABELS) {
      const value = labels.get(name);
      if (value === '') continue;
      const known = values.get(name);
      if (known === undefined) values.set(name, new Set([value]));
      else known.add(value);
    }
  }
  return values;
}

function isIdentified(labels: Labels, identities: ReadonlyMap<string, Set<string>>): boolean {
  if (identities.size === 0) return false;
  for (const [name, values] of identities) {
    if (!values.has(labels.get(name))) return false;
  }
  return true;
}

/** The info series of one name and identity, and which of them holds at each step. */
interface InfoGroup {
  readonly series: SeriesColumn[];
  newestAt: Int32Array | undefined;
}

class InfoJoin {
  readonly output: OutputSeries;
  readonly #grid: Grid;
  readonly #data: readonly Matcher[];
  readonly #wanted: ReadonlySet<string>;
  /** By identity, then by info metric name. */
  readonly #groups = new Map<string, Map<string, InfoGroup>>();

  constructor(
    infos: readonly SeriesColumn[],
    data: readonly Matcher[],
    grid: Grid,
    guard: QueryGuard,
  ) {
    this.output = new OutputSeries(grid.count, guard);
    this.#grid = grid;
    this.#data = data;
    this.#wanted = new Set(data.map(({ name }) => name));
    for (const column of infos) {
      const identity = column.labels.only(IDENTIFYING).key;
      const byName = this.#groups.get(identity) ?? new Map<string, InfoGroup>();
      this.#groups.set(identity, byName);
      const name = column.labels.metricName;
      const group = byName.get(name) ?? { series: [], newestAt: undefined };
      byName.set(name, group);
      group.series.push(column);
    }
    // Checked for every step, also where no series joins.
    for (const byName of this.#groups.values()) {
      for (const group of byName.values()) group.newestAt = this.#newestAt(group.series);
    }
  }

  /** An info series itself stays as it is. */
  copy(column: SeriesColumn): void {
    for (let step = 0; step < this.#grid.count; step++) {
      if (column.present[step] !== ABSENT) this.#store(column, column.labels, step);
    }
  }

  enrich(column: SeriesColumn): void {
    const byName = this.#groups.get(column.labels.only(IDENTIFYING).key);
    for (let step = 0; step < this.#grid.count; step++) {
      if (column.present[step] === ABSENT) continue;
      const labels = this.#enriched(column.labels, byName, step);
      if (labels !== undefined) this.#store(column, labels, step);
    }
  }

  #store(column: SeriesColumn, labels: Labels, step: number): void {
    const output = this.output.get(labels, column.dropName);
    if (output.present[step] !== ABSENT) throw duplicateLabelSetError();
    copySample(column, output, step);
  }

  /** The labels with those of the info series; undefined where a demanded one is missing. */
  #enriched(
    base: Labels,
    byName: ReadonlyMap<string, InfoGroup> | undefined,
    step: number,
  ): Labels | undefined {
    const added = new Map<string, string>();
    let found = false;
    for (const group of byName?.values() ?? []) {
      const index = group.newestAt?.[step] ?? -1;
      if (index < 0) continue;
      found = true;
      this.#collect(group.series[index]!.labels, base, added);
    }
    if (!found && !this.#data.every((matcher) => matcher.matches(''))) return undefined;
    let labels = base;
    for (const [name, value] of added) labels = labels.with(name, value);
    return labels;
  }

  #collect(info: Labels, base: Labels, added: Map<string, string>): void {
    for (const [name, value] of info) {
      if (name === METRIC_NAME) continue;
      if (this.#wanted.size > 0 && !this.#wanted.has(name)) continue;
      const before = added.get(name);
      if (before !== undefined && before !== value) {
        throw new ExecutionError(`conflicting label: ${name}`);
      }
      if (!base.has(name)) added.set(name, value);
    }
  }

  /** Of several series of one identity the one with the newest sample holds. */
  #newestAt(series: readonly SeriesColumn[]): Int32Array {
    const at = new Int32Array(this.#grid.count).fill(-1);
    for (const [index, { present, values, labels }] of series.entries()) {
      for (let step = 0; step < at.length; step++) {
        if (present[step] !== FLOAT) continue;
        const before = series[at[step]!];
        if (before === undefined || before.values[step]! < values[step]!) at[step] = index;
        else if (before.values[step] === values[step]) {
          const time = values[step]! * 1000;
          throw new ExecutionError(
            `found duplicate series for info metric: existing ${before.labels.toString()} @ ` +
              `${time}, new ${labels.toString()} @ ${time}`,
          );
        }
      }
    }
    return at;
  }
}
