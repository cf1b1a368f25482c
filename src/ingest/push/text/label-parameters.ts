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
 * Reads the query: `timestamp` (milliseconds since the epoch, or RFC 3339), every other parameter
 * is a label.
 * @throws PushRefusedError (400) naming the parameter at fault.
 */
export function parsePushParameters(query: URLSearchParams): PushParameters {
  let timestamp: number | undefined;
  const labels = new Map<string, string>();
  for (const [name, value] of query) {
    if (name === TIMESTAMP) {
      timestamp = parseTimestamp(value);
      continue;
    }
    if (!LABEL_NAME.test(name)) {
      throw refused(name, 'is no label name, wanted [a-zA-Z_][a-zA-Z0-9_]* without leading "__"');
    }
    if (labels.has(name)) throw refused(name, 'is there twice, wanted one value for a label');
    labels.set(name, value);
  }
  const sorted = [...labels].sort((a, b) => compareUtf8(a[0], b[0]));
  return { labelPairs: sorted.flat(), timestamp };
}

const INTEGER = /^-?\d{1,16}$/;
const RFC_3339 = /^\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(?:\.\d+)?(?:[Zz]|[+-]\d\d:\d\d)$/;

function parseTimestamp(value: string): number {
  // A plus sign in a query stands for a blank.
  const text = value.replace(/ (\d\d:\d\d)$/, '+$1');
  const timestamp = INTEGER.test(text)
    ? Number(text)
    : RFC_3339.test(text)
      ? Date.parse(text)
      : NaN;
  if (!Number.isSafeInteger(timestamp)) {
    throw refused(
      TIMESTAMP,
      `is ${JSON.stringify(value.slice(0, 80))}, wanted milliseconds since the epoch or RFC 3339`,
    );
  }
  return timestamp;
}

function refused(name: string, problem: string): PushRefusedError {
  const text = `parameter ${JSON.stringify(name.slice(0, 80))} ${problem}`;
  return new PushRefusedError(400, 'bad_parameter', text);
}
