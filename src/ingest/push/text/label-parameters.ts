import { compareUtf8 } from '../../../util/index.ts';
import { PushRefusedError } from '../errors.ts';

/** What the query of `/api/v1/push` says of the samples in the body. */
export interface PushParameters {
  /** Labels of every sample, which overwrite those in the body: name, value, …, sorted. */
  readonly labelPairs: readonly string[];
  /** Milliseconds; the time of samples that have none of their own. Undefined: now. */
  readonly timestamp: number | undefined;
}

const TIMESTAMP = 'timestamp';
const LABEL_NAME = /^(?!__)[a-zA-Z_][a-zA-Z0-9_]*$/;

/**
 * Reads the query (not decoded): `timestamp` (milliseconds since the epoch, or RFC 3339), every
 * other parameter is a label.
 * @throws PushRefusedError (400) naming the parameter at fault.
 */
export function parsePushParameters(query: string): PushParameters {
  let timestamp: number | undefined;
  const labels = new Map<string, string>();
  for (const part of query.split('&')) {
    if (part === '') continue;
    const [name, value] = decodeParameter(part);
    if (labels.has(name) || (name === TIMESTAMP && timestamp !== undefined)) {
      throw refused(name, 'is there twice, wanted one value');
    }
    if (name === TIMESTAMP) {
      timestamp = parseTimestamp(value);
      continue;
    }
    if (!LABEL_NAME.test(name)) {
      throw refused(name, 'is no label name, wanted [a-zA-Z_][a-zA-Z0-9_]* without leading "__"');
    }
    labels.set(name, value);
  }
  const sorted = [...labels].sort((a, b) => compareUtf8(a[0], b[0]));
  return { labelPairs: sorted.flat(), timestamp };
}

/** Strictly: bytes that are not UTF-8 would be replaced, and so make another label of this one. */
function decodeParameter(part: string): [name: string, value: string] {
  const mark = part.indexOf('=');
  const name = mark < 0 ? part : part.slice(0, mark);
  const value = mark < 0 ? '' : part.slice(mark + 1);
  try {
    return [decodeText(name), decodeText(value)];
  } catch {
    throw refused(name, 'is not UTF-8 in percent-encoding');
  }
}

function decodeText(text: string): string {
  return decodeURIComponent(text.replaceAll('+', ' '));
}

const INTEGER = /^-?\d{1,16}$/;
const RFC_3339 = /^(\d{4}-\d\d-\d\d)[Tt ]\d\d:\d\d:\d\d(?:\.\d+)?(?:[Zz]|[+-]\d\d:\d\d)$/;

function parseTimestamp(value: string): number {
  // A plus sign in a query stands for a blank.
  const text = value.replace(/ (\d\d:\d\d)$/, '+$1');
  const timestamp = INTEGER.test(text) ? Number(text) : parseRfc3339(text);
  if (!Number.isSafeInteger(timestamp)) {
    throw refused(
      TIMESTAMP,
      `is ${JSON.stringify(value.slice(0, 80))}, wanted milliseconds since the epoch or RFC 3339`,
    );
  }
  return timestamp;
}

function parseRfc3339(text: string): number {
  const date = RFC_3339.exec(text)?.[1];
  if (date === undefined) return NaN;
  // The engine takes February 31st for March 2nd or 3rd.
  const day = Date.parse(`${date}T00:00:00Z`);
  const exists = !Number.isNaN(day) && new Date(day).toISOString().startsWith(date);
  return exists ? Date.parse(text) : NaN;
}

function refused(name: string, problem: string): PushRefusedError {
  const text = `parameter ${JSON.stringify(name.slice(0, 80))} ${problem}`;
  return new PushRefusedError(400, 'bad_parameter', text);
}
