import { type Labels, METRIC_NAME } from '../../model/index.ts';
import { combineElements } from './combine-elements.ts';
import {
  ABSENT,
  FLOAT,
  type Grid,
  isPopulated,
  type SeriesColumn,
  type VectorValue,
  vectorOf,
} from './columns.ts';
import type { EvalContext } from './context.ts';
import { heldColumn } from './held-column.ts';
import { duplicateLabelSetError, ExecutionError } from './errors.ts';
import { OutputSeries } from './merge.ts';
import { changesSchema } from './operators.ts';
import type { BinaryNode } from './plan.ts';
import { matchLabels, signatureOf } from './signature.ts';

/** The series of both sides that may match each other. */
interface MatchGroup {
  readonly many: SeriesColumn[];
  readonly one: SeriesColumn[];
}

/** An operator between two vectors: each element with the one it matches, at every step. */
export function evaluateMatching(
  node: BinaryNode,
  left: VectorValue,
  right: VectorValue,
  grid: Grid,
  context: EvalContext,
): VectorValue {
  const active = activeSteps(node, left, right, grid);
  const matcher = new Matching(node, { grid, active }, context);
  // The side with one element a group is "one"; of one-to-one it is the right.
  const swapped = node.matching?.cardinality === 'one-to-many';
  const groups = groupSides(node, swapped ? right : left, swapped ? left : right);
  for (const group of groups.values()) {
    context.guard.tick(grid.count * (group.many.length + group.one.length));
    matcher.combineGroup(group);
  }
  return vectorOf(matcher.output.all().filter(isPopulated));
}

/** The steps at which there is anything to match: both sides, or one that is filled up. */
function activeSteps(
  { matching }: BinaryNode,
  left: VectorValue,
  right: VectorValue,
  grid: Grid,
): Uint8Array {
  const isFilled = matching?.fillLeft !== undefined || matching?.fillRight !== undefined;
  if (isFilled) return new Uint8Array(grid.count).fill(1);
  const active = new Uint8Array(grid.count);
  for (const side of [left, right]) {
    const wanted = side === left ? 1 : 2;
    for (const { present } of side.series) {
      for (let step = 0; step < grid.count; step++) {
        if (present[step] !== ABSENT) active[step]! |= wanted;
      }
    }
  }
  return active.map((sides) => (sides === 3 ? 1 : 0));
}

function groupSides(
  node: BinaryNode,
  many: VectorValue,
  one: VectorValue,
): Map<string, MatchGroup> {
  const signature = signatureOf(node);
  const groups = new Map<string, MatchGroup>();
  const groupOf = (labels: Labels): MatchGroup => {
    const key = signature(labels);
    let group = groups.get(key);
    if (group === undefined) {
      group = { many: [], one: [] };
      groups.set(key, group);
    }
    return group;
  };
  for (const column of many.series) groupOf(column.labels).many.push(column);
  for (const column of one.series) groupOf(column.labels).one.push(column);
  return groups;
}

class Matching {
  readonly output: OutputSeries;
  readonly #node: BinaryNode;
  readonly #grid: Grid;
  readonly #active: Uint8Array;
  readonly #context: EvalContext;
  readonly #isOneToOne: boolean;
  readonly #swapped: boolean;
  /** What stands in for a missing element of either side. */
  readonly #fillMany: number | undefined;
  readonly #fillOne: number | undefined;

  constructor(
    node: BinaryNode,
    { grid, active }: { grid: Grid; active: Uint8Array },
    context: EvalContext,
  ) {
    this.#active = active;
    this.output = new OutputSeries(grid.count, context.guard);
    this.#node = node;
    this.#grid = grid;
    this.#context = context;
    this.#isOneToOne = node.matching?.cardinality === 'one-to-one';
    this.#swapped = node.matching?.cardinality === 'one-to-many';
    // As Prometheus does it: with group_right, the "many" side counts as the left one here.
    this.#fillMany = node.matching?.fillLeft;
    this.#fillOne = node.matching?.fillRight;
  }

  combineGroup(group: MatchGroup): void {
    const { many, one } = group;
    const oneAt = this.#uniqueAt(one);
    const used = new Uint8Array(this.#grid.count);
    const results = new Map<SeriesColumn, Uint8Array>();
    for (const column of many) this.#combineMany(column, { one, oneAt, used, results });
    if (this.#fillMany !== undefined) this.#fillUnmatched(one, used, results);
  }

  /**
   * Which of the "one" side's series has the sample at each step, -1 for none.
   * @throws ExecutionError where two have
   */
  #uniqueAt(one: readonly SeriesColumn[]): Int32Array {
    const at = new Int32Array(this.#grid.count).fill(-1);
    for (const [index, { present }] of one.entries()) {
      for (let step = 0; step < at.length; step++) {
        if (present[step] === ABSENT || this.#active[step] === 0) continue;
        const before = at[step]!;
        if (before >= 0) throw this.#duplicateError(one[index]!, one[before]!);
        at[step] = index;
      }
    }
    return at;
  }

  #combineMany(
    column: SeriesColumn,
    group: {
      readonly one: readonly SeriesColumn[];
      readonly oneAt: Int32Array;
      readonly used: Uint8Array;
      readonly results: Map<SeriesColumn, Uint8Array>;
    },
  ): void {
    const { one, oneAt, used, results } = group;
    let partnerIndex = -2;
    let partner: SeriesColumn | undefined;
    let output: SeriesColumn | undefined;
    for (let step = 0; step < oneAt.length; step++) {
      if (column.present[step] === ABSENT) continue;
      const index = oneAt[step]!;
      if (index !== partnerIndex) {
        partnerIndex = index;
        partner = index >= 0 ? one[index] : this.#filledOne(column);
        output = partner === undefined ? undefined : this.#outputFor(column, partner.labels);
      }
      if (partner === undefined || output === undefined) continue;
      this.#markMatch(used, results, output, step);
      this.#combine(column, partner, step, output);
    }
  }

  /** A match is counted also where a comparison then drops it. */
  #markMatch(
    used: Uint8Array,
    results: Map<SeriesColumn, Uint8Array>,
    output: SeriesColumn,
    step: number,
  ): void {
    if (this.#isOneToOne) {
      if (used[step] !== 0) {
        throw new ExecutionError(
          'multiple matches for labels: many-to-one matching must be explicit ' +
            '(group_left/group_right)',
        );
      }
    } else {
      let taken = results.get(output);
      if (taken === undefined) {
        taken = new Uint8Array(this.#grid.count);
        results.set(output, taken);
      }
      if (taken[step] !== 0) {
        throw new ExecutionError(
          'multiple matches for labels: grouping labels must ensure unique matches',
        );
      }
      taken[step] = 1;
    }
    used[step] = 1;
  }

  #combine(many: SeriesColumn, one: SeriesColumn, step: number, output: SeriesColumn): void {
    // Another group may have written here: then the labels do not tell the two apart.
    if (output.present[step] !== ABSENT) throw duplicateLabelSetError();
    const [left, right] = this.#swapped ? [one, many] : [many, one];
    combineElements(this.#node, left, right, step, output, this.#context);
  }

  /** Elements of the "one" side without any match, with the fill value on the other. */
  #fillUnmatched(
    one: readonly SeriesColumn[],
    used: Uint8Array,
    results: Map<SeriesColumn, Uint8Array>,
  ): void {
    const value = this.#fillMany;
    if (value === undefined) return;
    const matched = used.slice();
    for (const column of one) {
      const filled = this.#constant(matchLabels(column.labels, this.#node), value);
      const output = this.#outputFor(filled, column.labels);
      for (let step = 0; step < matched.length; step++) {
        if (column.present[step] === ABSENT || matched[step] !== 0) continue;
        this.#markMatch(used, results, output, step);
        this.#combine(filled, column, step, output);
      }
    }
  }

  #filledOne(column: SeriesColumn): SeriesColumn | undefined {
    if (this.#fillOne === undefined) return undefined;
    return this.#constant(matchLabels(column.labels, this.#node), this.#fillOne);
  }

  #constant(labels: Labels, value: number): SeriesColumn {
    const column = heldColumn(this.#context.guard, labels, this.#grid.count);
    column.values.fill(value);
    column.present.fill(FLOAT);
    return column;
  }

  /** A name that the "many" side will lose is not won back by a comparison. */
  #outputFor({ labels, dropName }: SeriesColumn, one: Labels): SeriesColumn {
    const isNameless = dropName || this.#node.returnBool;
    return this.output.get(resultLabels(this.#node, labels, one), isNameless);
  }

  #duplicateError(first: SeriesColumn, second: SeriesColumn): ExecutionError {
    const group = matchLabels(first.labels, this.#node);
    const names = [goLabels(first.labels), goLabels(second.labels)].toSorted();
    const side = this.#swapped ? 'left' : 'right';
    return new ExecutionError(
      `found duplicate series for the match group ${goLabels(group)} on the ${side} hand-side of ` +
        `the operation: [${names.join(', ')}];many-to-many matching not allowed: ` +
        'matching labels must be unique on one side',
    );
  }
}

/** `{a="b", c="d"}` with the name among the labels, as Prometheus's errors write label sets. */
function goLabels(labels: Labels): string {
  const parts = [...labels].map(([name, value]) => `${name}=${JSON.stringify(value)}`);
  return `{${parts.join(', ')}}`;
}

const METADATA_LABELS: ReadonlySet<string> = new Set([METRIC_NAME, '__type__', '__unit__']);

/** Without the name and the labels that describe it. */
export function withoutMetadata(labels: Labels): Labels {
  return labels.without(METADATA_LABELS);
}

function resultLabels(node: BinaryNode, many: Labels, one: Labels): Labels {
  let labels = changesSchema(node.operator) ? withoutMetadata(many) : many;
  const { matching } = node;
  if (matching === undefined) return labels;
  if (matching.cardinality === 'one-to-one') {
    const names = new Set(matching.labels);
    labels = matching.on ? labels.only(names) : labels.without(names);
  }
  for (const name of matching.include) labels = labels.with(name, one.get(name));
  return labels;
}
