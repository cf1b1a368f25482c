import { messageOf, type Matcher, TidegaugeError } from '../../model/index.ts';
import type { Querier, SelectHints, SeriesSet } from '../../storage/api.ts';
import { RANGE_FUNCTIONS } from '../functions/range/table.ts';
import { isSimpleFold } from './aggregate-floats.ts';
import type { Grid } from './columns.ts';
import { ExecutionError, QueryLimitError, selectLimitOf } from './errors.ts';
import { infoSelection } from './info-plan.ts';
import type { MemoryMeter } from './memory.ts';
import type { AggregateNode, PlanNode, SelectorNode } from './plan.ts';
import { subqueryGrid } from './subquery-grid.ts';

export interface Wanted {
  readonly node: PlanNode;
  readonly matchers: readonly Matcher[];
  readonly minTime: number;
  readonly maxTime: number;
  /** Evaluations of the node: those of a subquery are more than the steps of the query. */
  readonly steps: number;
  /** The order of the series does not matter. */
  readonly unordered: boolean;
  /**
   * Looks at each sample, at most: windows overlap, and some functions go through each, which is
   * more than a look.
   */
  readonly looks: number;
  /** When the node looks for the newest sample, ascending; undefined where it reads all. */
  readonly lookupTimes: Float64Array | undefined;
}

export interface SelectionOptions {
  readonly lookbackMs: number;
  readonly maxSamples: number;
  readonly maxSeries: number;
  /** What the selections hold is counted there. */
  readonly memory: MemoryMeter;
}

/** More than a range query has steps. Of subqueries that have more all samples count. */
const MAX_LOOKUPS = 16_384;

/** What storage found for each selector of a plan. */
export type Selections = ReadonlyMap<PlanNode, SeriesSet>;

/**
 * Reads what a plan needs: once for all selectors with the same matchers whose times touch.
 * @throws QueryLimitError when storage refuses for the size, ExecutionError when it fails
 */
export async function selectAll(
  querier: Querier,
  plan: PlanNode,
  grid: Grid,
  options: SelectionOptions,
): Promise<Selections> {
  const found = new Map<PlanNode, SeriesSet>();
  for (const group of share(selectionsOf(plan, grid, options))) {
    const set = await select(querier, group, options);
    for (const { node } of group) found.set(node, set);
  }
  return found;
}

/** What each selector of a plan reads. */
export function selectionsOf(
  plan: PlanNode,
  grid: Grid,
  options: Pick<SelectionOptions, 'lookbackMs'>,
): Wanted[] {
  const wanted: Wanted[] = [];
  // The series of a range query are sorted at its end.
  const unordered = grid.count > 1;
  const times = { minTime: grid.startMs, maxTime: lastStep(grid), grid, unordered };
  collect(plan, times, options, wanted);
  return wanted;
}

function lastStep(grid: Grid): number {
  return grid.startMs + (grid.count - 1) * grid.stepMs;
}

/** What one read has to give that serves all of a group. */
export function hintsOf(
  group: readonly Wanted[],
  { maxSamples, maxSeries, memory }: SelectionOptions,
): SelectHints {
  let minTime = Infinity;
  let maxTime = -Infinity;
  let unordered = true;
  for (const want of group) {
    minTime = Math.min(minTime, want.minTime);
    maxTime = Math.max(maxTime, want.maxTime);
    unordered &&= want.unordered;
  }
  const hints = { minTime, maxTime, maxSamples, maxSeries, maxBytes: memory.roomBytes, unordered };
  const lookupTimes = allLookups(group);
  return lookupTimes === undefined ? hints : { ...hints, lookupTimes };
}

/** The times of all lookups of a group; undefined where one of it reads all samples. */
function allLookups(group: readonly Wanted[]): Float64Array | undefined {
  const [first] = group;
  if (group.length === 1) return first?.lookupTimes;
  const times = new Set<number>();
  for (const { lookupTimes } of group) {
    if (lookupTimes === undefined) return undefined;
    for (const time of lookupTimes) times.add(time);
  }
  return times.size > MAX_LOOKUPS ? undefined : Float64Array.from(times).sort();
}

async function select(
  querier: Querier,
  group: readonly Wanted[],
  options: SelectionOptions,
): Promise<SeriesSet> {
  try {
    const set = await querier.select(group[0]?.matchers ?? [], hintsOf(group, options));
    options.memory.hold('selected series', set.heldBytes?.() ?? 0);
    return set;
  } catch (error) {
    if (error instanceof QueryLimitError) throw error;
    if (error instanceof TidegaugeError && error.code === 'select_limit') {
      throw new QueryLimitError(selectLimitOf(error), error.message, { cause: error });
    }
    throw new ExecutionError(`expanding series: ${messageOf(error)}`, { cause: error });
  }
}

/** Evaluation times of a node: the first and last, and the grid they are on. */
interface Times {
  readonly minTime: number;
  readonly maxTime: number;
  readonly grid: Grid;
  readonly unordered: boolean;
  /** What is evaluated takes windows from their edges, or from the ones before. */
  readonly isOnePass?: boolean;
}

/** Range functions that look at a sample once or twice, in however many windows it is. */
const ONE_PASS: ReadonlySet<string> = new Set([
  ...['rate', 'increase', 'delta', 'irate', 'idelta'],
  ...['count_over_time', 'present_over_time', 'last_over_time', 'first_over_time'],
]);

/** What a function takes for a sample that goes through its windows, sorting them perhaps. */
const SCAN_LOOKS = 3;

/** Among elements of the same rank these choose the first. */
const CHOOSING: ReadonlySet<string> = new Set(['topk', 'bottomk', 'limitk']);

/** Whether the order of what an aggregation takes in shows in nothing. */
function isUnordered({ operator, expr }: AggregateNode, { unordered }: Times): boolean {
  if (CHOOSING.has(operator)) return false;
  // These are taken in as they are read, and their groups sorted.
  const streams =
    expr.kind === 'selector'
      ? expr.extension !== 'smoothed'
      : expr.kind === 'call' && RANGE_FUNCTIONS.has(expr.name);
  return unordered || (streams && isSimpleFold(operator));
}

function collect(
  node: PlanNode,
  times: Times,
  options: Pick<SelectionOptions, 'lookbackMs'>,
  into: Wanted[],
): void {
  switch (node.kind) {
    case 'selector':
      into.push(wantedBy(node, node, times, { rangeMs: undefined, ...options }));
      return;
    case 'matrix':
      into.push(wantedBy(node, node.selector, times, { rangeMs: node.rangeMs, ...options }));
      return;
    case 'subquery': {
      const grid = subqueryGrid(node, times.grid);
      const { unordered } = times;
      const inner = { minTime: grid.startMs, maxTime: lastStep(grid), grid, unordered };
      if (grid.count > 0) collect(node.expr, inner, options, into);
      return;
    }
    case 'unary':
      collect(node.operand, times, options, into);
      return;
    case 'binary':
      collect(node.left, times, options, into);
      collect(node.right, times, options, into);
      return;
    case 'aggregate':
      collect(node.expr, { ...times, unordered: isUnordered(node, times) }, options, into);
      if (node.parameter !== undefined) collect(node.parameter, times, options, into);
      return;
    case 'call': {
      if (node.name === 'info') {
        const { matchers, selector } = infoSelection(node);
        into.push({
          ...wantedBy(node, selector, times, { rangeMs: undefined, ...options }),
          matchers,
        });
        for (const arg of node.args.slice(0, 1)) collect(arg, times, options, into);
        return;
      }
      const isOnePass = ONE_PASS.has(node.name);
      for (const arg of node.args) collect(arg, { ...times, isOnePass }, options, into);
      return;
    }
    default:
  }
}

type Selecting = Pick<SelectorNode, 'matchers' | 'atMs' | 'offsetMs' | 'extension' | 'statsOnly'>;

function wantedBy(
  node: PlanNode,
  selector: Selecting,
  times: Times,
  { rangeMs, lookbackMs }: { rangeMs: number | undefined; lookbackMs: number },
): Wanted {
  const { atMs, extension, offsetMs, matchers } = selector;
  // Windows are open on the left.
  let before = (rangeMs ?? lookbackMs) - 1;
  if (rangeMs !== undefined && extension !== undefined) before += lookbackMs;
  // A sample at the very edge still tells whether the one after it was reset.
  if (selector.statsOnly) before++;
  const overlapping = Math.ceil((rangeMs ?? 0) / times.grid.stepMs) + 1;
  const isScanned = rangeMs !== undefined && times.isOnePass !== true;
  const after = extension === 'smoothed' ? lookbackMs : 0;
  return {
    node,
    matchers,
    steps: times.grid.count,
    unordered: times.unordered,
    looks: isScanned ? SCAN_LOOKS * Math.min(times.grid.count, overlapping) : 1,
    lookupTimes: rangeMs === undefined ? lookupTimesOf(selector, times.grid) : undefined,
    minTime: (atMs ?? times.minTime) - offsetMs - before,
    maxTime: (atMs ?? times.maxTime) - offsetMs + after,
  };
}

function lookupTimesOf(
  { atMs, extension, offsetMs, statsOnly }: Selecting,
  { startMs, stepMs, count }: Grid,
): Float64Array | undefined {
  // These look at what lies around the newest sample too.
  if (extension !== undefined || statsOnly) return undefined;
  if (atMs !== undefined) return Float64Array.of(atMs - offsetMs);
  if (count > MAX_LOOKUPS) return undefined;
  const times = new Float64Array(count);
  for (let step = 0; step < count; step++) times[step] = startMs + step * stepMs - offsetMs;
  return times;
}

/** Groups selections that one read serves: same matchers, and times that touch. */
export function share(wanted: readonly Wanted[]): (readonly Wanted[])[] {
  if (wanted.length < 2) return wanted.length === 0 ? [] : [wanted];
  const ordered = wanted.toSorted((a, b) => a.minTime - b.minTime);
  const groups: (readonly Wanted[])[] = [];
  const open = new Map<string, { group: Wanted[]; maxTime: number }>();
  for (const want of ordered) {
    const key = JSON.stringify(want.matchers.map(({ type, name, value }) => [type, name, value]));
    const last = open.get(key);
    if (last !== undefined && want.minTime <= last.maxTime) {
      last.group.push(want);
      last.maxTime = Math.max(last.maxTime, want.maxTime);
    } else {
      const group = [want];
      groups.push(group);
      open.set(key, { group, maxTime: want.maxTime });
    }
  }
  return groups;
}
