import { parseDuration } from '../../../src/model/index.ts';
import { unquote } from '../../../src/query/lex/index.ts';
import { parseSeriesLine, type SeriesLine } from './series-notation.ts';
import { parseStartOffsets, type StartOffset } from './start-offsets.ts';

/** The script language of the PromQL tests (see the README beside them): commands in order. */
export type Command = { readonly kind: 'clear' } | LoadCommand | EvalCommand;

export interface LoadCommand {
  readonly kind: 'load';
  readonly stepMs: number;
  /** Whether classic histograms are loaded as native ones with custom buckets too. */
  readonly withCustomBuckets: boolean;
  readonly series: readonly LoadedSeries[];
}

export interface LoadedSeries extends SeriesLine {
  readonly startOffsets: readonly StartOffset[] | undefined;
}

export interface EvalCommand {
  readonly kind: 'eval';
  /** Counted from 1. */
  readonly line: number;
  readonly query: string;
  readonly times: InstantTimes | RangeTimes;
  readonly expectations: Expectations;
}

export interface InstantTimes {
  readonly kind: 'instant';
  readonly timeMs: number;
}

export interface RangeTimes {
  readonly kind: 'range';
  readonly startMs: number;
  readonly endMs: number;
  readonly stepMs: number;
}

export interface Expectations {
  ordered: boolean;
  fail: TextExpectation | undefined;
  warn: TextExpectation[];
  info: TextExpectation[];
  noWarn: boolean;
  noInfo: boolean;
  string: string | undefined;
  scalar: number | undefined;
  /** Times of the points of a range vector that an instant query gives. */
  rangeVector: RangeTimes | undefined;
  readonly series: SeriesLine[];
}

export interface TextExpectation {
  /** As the script has it, for messages. */
  readonly shown: string;
  matches(text: string): boolean;
}

/** A script that is not in the language. */
export class ScriptError extends Error {
  constructor(line: number, problem: string) {
    super(`line ${line}: ${problem}`);
    this.name = 'ScriptError';
  }
}

/** @throws ScriptError */
export function parseScript(text: string): readonly Command[] {
  return new ScriptReader(text).read();
}

const INSTANT = /^eval(?:_(fail|warn|ordered|info))?\s+instant\s+(?:at\s+(\S+)\s+)?(.+)$/;
const RANGE =
  /^eval(?:_(fail|warn|info))?\s+range\s+from\s+(\S+)\s+to\s+(\S+)\s+step\s+(\S+)\s+(.+)$/;
const LOAD = /^load(_with_nhcb)?\s+(\S+)$/;
const EXPECT = /^expect\s+(ordered|fail|warn|no_warn|info|no_info)(?:\s+(regex|msg):(.+))?$/;
const RANGE_VECTOR = /^expect range vector\s+from\s+(\S+)\s+to\s+(\S+)\s+step\s+(\S+)$/;
const STRING = /^expect string\s+(.+)$/;
const NUMBER = /^[+-]?(?:[0-9.][0-9a-zA-Z_.+-]*|inf|nan)$/i;
const START_LINE = /^(\S+)@st\s+(.+)$/;

class ScriptReader {
  readonly #lines: readonly string[];
  #at = 0;

  constructor(text: string) {
    this.#lines = text.split('\n').map((line) => {
      const trimmed = line.trim();
      return trimmed.startsWith('#') ? '' : trimmed;
    });
  }

  read(): readonly Command[] {
    const commands: Command[] = [];
    while (this.#at < this.#lines.length) {
      const line = this.#lines[this.#at] ?? '';
      if (line !== '') commands.push(this.#command(line));
      else this.#at++;
    }
    return commands;
  }

  #command(line: string): Command {
    const number = this.#at + 1;
    if (line === 'clear') {
      this.#at++;
      return { kind: 'clear' };
    }
    if (line.startsWith('load')) return this.#load(line);
    if (line.startsWith('eval')) return this.#eval(line, number);
    return this.#fail(`no such command: ${line}`);
  }

  #load(line: string): LoadCommand {
    const match = LOAD.exec(line);
    if (match === null) return this.#fail(`not a load command: ${line}`);
    const stepMs = this.#duration(match[2]);
    const series: LoadedSeries[] = [];
    let startOffsets: readonly StartOffset[] | undefined;
    for (const body of this.#body()) {
      const start = START_LINE.exec(body);
      if (start !== null) {
        startOffsets = parseStartOffsets(start[2] ?? '');
        continue;
      }
      const parsed = this.#series(body);
      if (startOffsets !== undefined && startOffsets.length !== parsed.points.length) {
        this.#fail(`${startOffsets.length} start times for ${parsed.points.length} points`);
      }
      series.push({ ...parsed, startOffsets });
      startOffsets = undefined;
    }
    return { kind: 'load', stepMs, withCustomBuckets: match[1] !== undefined, series };
  }

  #eval(line: string, number: number): EvalCommand {
    const instant = INSTANT.exec(line);
    if (instant !== null) {
      const [, mode, time = '0', query = ''] = instant;
      const times: InstantTimes = { kind: 'instant', timeMs: this.#duration(time) };
      return { kind: 'eval', line: number, query, times, expectations: this.#expectations(mode) };
    }
    const range = RANGE.exec(line);
    if (range === null) return this.#fail(`not an eval command: ${line}`);
    const [, mode, start, end, step, query = ''] = range;
    const times = this.#range(start, end, step);
    return { kind: 'eval', line: number, query, times, expectations: this.#expectations(mode) };
  }

  #expectations(mode: string | undefined): Expectations {
    const found: Expectations = {
      ordered: mode === 'ordered',
      fail: mode === 'fail' ? ANY : undefined,
      warn: mode === 'warn' ? [ANY] : [],
      info: mode === 'info' ? [ANY] : [],
      noWarn: false,
      noInfo: false,
      string: undefined,
      scalar: undefined,
      rangeVector: undefined,
      series: [],
    };
    for (const line of this.#body()) this.#expectation(line, found);
    return found;
  }

  #expectation(line: string, found: Expectations): void {
    const failMessage = /^expected_fail_(message|regexp)\s+(.+)$/.exec(line);
    if (failMessage !== null) {
      found.fail = textExpectation(failMessage[1] === 'regexp' ? 'regex' : 'msg', failMessage[2]);
      return;
    }
    const vector = RANGE_VECTOR.exec(line);
    const string = STRING.exec(line);
    if (vector !== null) found.rangeVector = this.#range(vector[1], vector[2], vector[3]);
    else if (string !== null) found.string = unquote(string[1] ?? '');
    else if (/^expect\s/.test(line)) this.#expectLine(line, found);
    else if (NUMBER.test(line)) found.scalar = numberOf(line);
    else found.series.push(this.#series(line));
  }

  #expectLine(line: string, found: Expectations): void {
    const match = EXPECT.exec(line);
    if (match === null) return this.#fail(`not an expectation: ${line}`);
    const text = match[2] === undefined ? ANY : textExpectation(match[2], match[3]);
    switch (match[1]) {
      case 'ordered':
        found.ordered = true;
        break;
      case 'fail':
        found.fail = text;
        break;
      case 'warn':
        found.warn.push(text);
        break;
      case 'info':
        found.info.push(text);
        break;
      case 'no_warn':
        found.noWarn = true;
        break;
      default:
        found.noInfo = true;
    }
  }

  /** The lines up to the next blank one, after the command's own. */
  *#body(): Generator<string> {
    for (this.#at++; this.#at < this.#lines.length; this.#at++) {
      const line = this.#lines[this.#at] ?? '';
      if (line === '') return;
      yield line;
    }
  }

  #series(line: string): SeriesLine {
    try {
      return parseSeriesLine(line);
    } catch (error) {
      return this.#fail(error instanceof Error ? error.message : String(error));
    }
  }

  #range(start: string | undefined, end: string | undefined, step: string | undefined): RangeTimes {
    return {
      kind: 'range',
      startMs: this.#duration(start),
      endMs: this.#duration(end),
      stepMs: this.#duration(step),
    };
  }

  /** Milliseconds of a duration or of plain seconds. */
  #duration(text = ''): number {
    const durationMs = parseDuration(text) ?? Number(text === '' ? NaN : text) * 1000;
    if (!Number.isFinite(durationMs)) return this.#fail(`not a duration: "${text}"`);
    return durationMs;
  }

  #fail(problem: string): never {
    throw new ScriptError(this.#at + 1, problem);
  }
}

const ANY: TextExpectation = { shown: 'anything', matches: () => true };

function textExpectation(mode: string, text = ''): TextExpectation {
  const shown = text.trim();
  if (mode === 'msg') return { shown, matches: (got) => got === shown };
  const pattern = new RegExp(shown);
  return { shown: `/${shown}/`, matches: (got) => pattern.test(got) };
}

/** A number as results are written: `Inf`, `NaN`, decimal, hexadecimal. */
function numberOf(text: string): number {
  const bare = text.replace(/^[+-]/, '').replaceAll('_', '');
  const word = bare.toLowerCase();
  const magnitude = word === 'inf' ? Infinity : word === 'nan' ? NaN : Number(bare);
  return text.startsWith('-') ? -magnitude : magnitude;
}
