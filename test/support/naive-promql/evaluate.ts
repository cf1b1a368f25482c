import { Labels } from '../../../src/model/index.ts';
import type {
  AtModifier,
  BinaryExpr,
  Call,
  DurationExpr,
  Expr,
  MatrixSelector,
  Subquery,
  VectorSelector,
} from '../../../src/query/ast.ts';
import { valueTypeOf } from '../../../src/query/value-type.ts';
import { aggregate } from './aggregations.ts';
import {
  checkUnique,
  combineNumbers,
  combineSets,
  combineVectors,
  combineWithNumber,
} from './binary-operators.ts';
import {
  absentLabels,
  callOnHistograms,
  callOnLabels,
  callOnVector,
  classicFraction,
  classicQuantile,
  max,
  min,
} from './calls.ts';
import {
  type Element,
  isFloat,
  NaiveError,
  type NaiveValue,
  type PointSeries,
  type StoredSample,
  type StoredSeries,
  Unspecified,
  withoutName,
} from './model.ts';
import { fromStored, histogramFraction, histogramQuantile, scale } from './native-histogram.ts';
import { RANGE_FUNCTIONS } from './range-functions.ts';

export interface NaiveTimes {
  readonly startMs: number;
  readonly endMs: number;
  /** 0 in an instant query. */
  readonly stepMs: number;
}

type Result = number | string | Element[];

const LOOKBACK_MS = 5 * 60_000;
const DEFAULT_STEP_MS = 60_000;

/**
 * PromQL at one time after the other, as its rules say it and as slowly as that is: every
 * selector looks at all samples again, nothing is kept from step to step. The oracle for the
 * engine, which shares nothing with it but the parser.
 */
export class NaiveEvaluator {
  readonly #stored: readonly StoredSeries[];
  readonly #times: NaiveTimes;

  constructor(stored: readonly StoredSeries[], times: NaiveTimes) {
    this.#stored = stored.toSorted((a, b) => a.labels.compare(b.labels));
    this.#times = times;
  }

  /** The answer at one time, names dropped. @throws NaiveError, Unspecified */
  at(expr: Expr, time: number): Element[] {
    const result = this.#evaluate(expr, time);
    if (typeof result === 'string') throw new Unspecified('a string');
    if (typeof result === 'number') return [element(Labels.EMPTY, result)];
    const finished = result.map(({ labels, value, dropName }) =>
      element(dropName ? withoutName(labels) : labels, value),
    );
    checkUnique(finished);
    return finished;
  }

  #evaluate(expr: Expr, time: number): Result {
    switch (expr.kind) {
      case 'number':
      case 'string':
        return expr.value;
      case 'paren':
        return this.#evaluate(expr.expr, time);
      case 'vector_selector':
        return this.#select(expr, time).map(({ labels, sample }) =>
          element(labels, valueOf(sample)),
        );
      case 'unary':
        return expr.operator === '-'
          ? this.#negate(expr.operand, time)
          : this.#evaluate(expr.operand, time);
      case 'binary':
        return this.#binary(expr, time);
      case 'aggregate': {
        const parameter =
          expr.parameter === undefined ? undefined : this.#evaluate(expr.parameter, time);
        if (Array.isArray(parameter)) throw new NaiveError('a vector as parameter');
        return aggregate(expr, this.#vector(expr.expr, time), parameter);
      }
      case 'call':
        return this.#call(expr, time);
      default:
        throw new NaiveError('a range vector by itself');
    }
  }

  #vector(expr: Expr, time: number): Element[] {
    const result = this.#evaluate(expr, time);
    if (!Array.isArray(result)) throw new NaiveError('no vector');
    return result;
  }

  #number(expr: Expr, time: number): number {
    const result = this.#evaluate(expr, time);
    if (typeof result !== 'number') throw new NaiveError('no number');
    return result;
  }

  #negate(operand: Expr, time: number): Result {
    const result = this.#evaluate(operand, time);
    if (typeof result === 'number') return -result;
    if (typeof result === 'string') return result;
    return result.map(({ labels, value }) =>
      element(labels, isFloat(value) ? -value : scale(value, -1), true),
    );
  }

  #binary(expr: BinaryExpr, time: number): Result {
    const left = this.#evaluate(expr.left, time);
    const right = this.#evaluate(expr.right, time);
    if (typeof left === 'string' || typeof right === 'string') throw new NaiveError('a string');
    if (typeof left === 'number') {
      if (typeof right === 'number') return combineNumbers(expr.operator, left, right);
      return combineWithNumber(expr, right, left, true);
    }
    if (typeof right === 'number') return combineWithNumber(expr, left, right, false);
    const isSet = ['and', 'or', 'unless'].includes(expr.operator);
    return isSet ? combineSets(expr, left, right) : combineVectors(expr, left, right);
  }

  #call(expr: Call, time: number): Result {
    const { name, args } = expr;
    const first = args[0];
    switch (name) {
      case 'time':
        return time / 1000;
      case 'pi':
        return Math.PI;
      case 'step':
        return this.#times.stepMs / 1000;
      case 'range':
        return (this.#times.endMs - this.#times.startMs) / 1000;
      case 'start':
        return this.#times.startMs / 1000;
      case 'end':
        return this.#times.endMs / 1000;
      default:
    }
    if (first === undefined) return this.#ofTime(name, time);
    switch (name) {
      case 'max_of':
      case 'min_of': {
        const numbers = args.map((arg) => this.#number(arg, time));
        return numbers.reduce(name === 'max_of' ? max : min);
      }
      case 'vector':
        return [element(Labels.EMPTY, this.#number(first, time))];
      case 'scalar': {
        const floats = this.#vector(first, time).filter(({ value }) => isFloat(value));
        return floats.length === 1 ? Number(floats[0]!.value) : NaN;
      }
      case 'absent':
        return this.#vector(first, time).length > 0 ? [] : [element(absentLabels(first), 1)];
      case 'absent_over_time':
        return this.#range(first, time).length > 0 ? [] : [element(absentLabels(first), 1)];
      case 'timestamp':
        return this.#timestamps(first, time);
      case 'label_replace':
      case 'label_join':
        return callOnLabels(expr, this.#vector(first, time));
      case 'histogram_quantile': {
        const phi = this.#number(first, time);
        return callOnHistograms(
          this.#vector(args[1]!, time),
          (buckets) => classicQuantile(phi, buckets),
          (histogram) => histogramQuantile(phi, histogram),
        );
      }
      case 'histogram_fraction': {
        const [lower = NaN, upper = NaN] = args.slice(0, 2).map((arg) => this.#number(arg, time));
        return callOnHistograms(
          this.#vector(args[2]!, time),
          (buckets) => classicFraction(lower, upper, buckets),
          (histogram) => histogramFraction(lower, upper, histogram),
        );
      }
      default:
        return RANGE_FUNCTIONS[name] === undefined
          ? this.#ofVector(expr, time)
          : this.#ofRange(expr, time);
    }
  }

  #ofTime(name: string, time: number): Element[] {
    const result = callOnVector(name, [element(Labels.EMPTY, time / 1000)], []);
    if (result === undefined) throw new Unspecified(name);
    return result;
  }

  #ofVector({ name, args }: Call, time: number): Element[] {
    const numbers = args
      .slice(1)
      .map((arg) => (valueTypeOf(arg) === 'scalar' ? this.#number(arg, time) : NaN));
    if (name === 'round' && numbers.length === 0) numbers.push(1);
    const result = callOnVector(name, this.#vector(args[0]!, time), numbers);
    if (result === undefined) throw new Unspecified(name);
    return result;
  }

  #ofRange({ name, args }: Call, time: number): Element[] {
    const evaluate = RANGE_FUNCTIONS[name]!;
    const range = args.find((arg) => valueTypeOf(arg) === 'matrix')!;
    const parameters = args.filter((arg) => arg !== range).map((arg) => this.#number(arg, time));
    const { begin, end } = this.#window(unwrap(range), time);
    const keepsName = name === 'last_over_time' || name === 'first_over_time';
    return this.#range(range, time).flatMap(({ labels, points, dropName }) => {
      const value = evaluate(points, { begin, end, time, parameters });
      return value === undefined ? [] : [element(labels, value, dropName || !keepsName)];
    });
  }

  #timestamps(arg: Expr, time: number): Element[] {
    const inner = unwrap(arg);
    if (inner.kind === 'vector_selector') {
      return this.#select(inner, time).map(({ labels, sample }) =>
        element(labels, sample.timestamp / 1000, true),
      );
    }
    return this.#vector(inner, time).map(({ labels }) => element(labels, time / 1000, true));
  }

  #window(expr: Expr, time: number): { begin: number; end: number } {
    if (expr.kind !== 'matrix_selector' && expr.kind !== 'subquery') throw new NaiveError('range');
    const { at, offset } = expr.kind === 'subquery' ? expr : expr.selector;
    const end = this.#moved(at, offset, time);
    const rangeMs = this.#duration(expr.range);
    if (rangeMs <= 0) throw new NaiveError('a range of nothing');
    return { begin: end - rangeMs, end };
  }

  #moved(at: AtModifier | undefined, offset: DurationExpr | undefined, time: number): number {
    let base = time;
    if (at?.kind === 'time') base = at.timestampMs;
    if (at?.kind === 'start') base = this.#times.startMs;
    if (at?.kind === 'end') base = this.#times.endMs;
    return base - (offset === undefined ? 0 : this.#duration(offset));
  }

  #range(expr: Expr, time: number): PointSeries[] {
    const inner = unwrap(expr);
    if (inner.kind === 'matrix_selector') return this.#samples(inner, time);
    if (inner.kind === 'subquery') return this.#subquery(inner, time);
    throw new NaiveError('no range vector');
  }

  #samples(expr: MatrixSelector, time: number): PointSeries[] {
    if (expr.selector.extension !== undefined) throw new Unspecified('an extended range');
    const { begin, end } = this.#window(expr, time);
    return this.#matching(expr.selector).flatMap(({ labels, samples }) => {
      const points = samples
        .filter(
          ({ timestamp, value }) => timestamp > begin && timestamp <= end && value !== 'stale',
        )
        .map((sample) => ({ time: sample.timestamp, value: valueOf(sample) }));
      return points.length === 0 ? [] : [{ labels, points, dropName: false }];
    });
  }

  #subquery(expr: Subquery, time: number): PointSeries[] {
    const { begin, end } = this.#window(expr, time);
    const stepMs = expr.step === undefined ? DEFAULT_STEP_MS : this.#duration(expr.step);
    if (stepMs <= 0) throw new NaiveError('a step of nothing');
    const series = new Map<string, PointSeries>();
    for (let at = (Math.floor(begin / stepMs) + 1) * stepMs; at <= end; at += stepMs) {
      for (const { labels, value, dropName } of this.#vector(expr.expr, at)) {
        const key = `${dropName} ${labels.key}`;
        const points = series.get(key)?.points ?? [];
        if (points.at(-1)?.time === at) throw new NaiveError('two samples of one series');
        series.set(key, { labels, dropName, points: [...points, { time: at, value }] });
      }
    }
    return [...series.values()];
  }

  /** The newest sample of each series in the lookback, unless that is a staleness marker. */
  #select(expr: VectorSelector, time: number): { labels: Labels; sample: StoredSample }[] {
    if (expr.extension !== undefined) throw new Unspecified('an extended selector');
    const end = this.#moved(expr.at, expr.offset, time);
    return this.#matching(expr).flatMap(({ labels, samples }) => {
      const sample = samples.findLast(({ timestamp }) => timestamp <= end);
      if (sample === undefined || sample.timestamp <= end - LOOKBACK_MS) return [];
      return sample.value === 'stale' ? [] : [{ labels, sample }];
    });
  }

  #matching({ matchers }: VectorSelector): readonly StoredSeries[] {
    return this.#stored.filter(({ labels }) =>
      matchers.every((matcher) => matcher.matches(labels.get(matcher.name))),
    );
  }

  /** Whole milliseconds. */
  #duration(expr: DurationExpr): number {
    if (expr.kind === 'duration') return expr.durationMs;
    return Math.trunc(this.#seconds(expr) * 1000);
  }

  #seconds(expr: DurationExpr): number {
    switch (expr.kind) {
      case 'duration':
        return expr.durationMs / 1000;
      case 'duration_function':
        return (
          (expr.name === 'step' ? this.#times.stepMs : this.#times.endMs - this.#times.startMs) /
          1000
        );
      case 'duration_unary':
        return (expr.operator === '-' ? -1 : 1) * this.#seconds(expr.operand);
      default: {
        const [left, right] = [this.#seconds(expr.left), this.#seconds(expr.right)];
        if (expr.operator === 'max') return Math.max(left, right);
        if (expr.operator === 'min') return Math.min(left, right);
        return combineNumbers(expr.operator, left, right);
      }
    }
  }
}

function element(labels: Labels, value: NaiveValue, dropName = false): Element {
  return { labels, value, dropName };
}

function unwrap(expr: Expr): Expr {
  return expr.kind === 'paren' ? unwrap(expr.expr) : expr;
}

function valueOf({ value }: StoredSample): NaiveValue {
  if (value === 'stale') throw new NaiveError('a staleness marker has no value');
  return typeof value === 'number' ? value : fromStored(value);
}
