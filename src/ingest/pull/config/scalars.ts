import { z } from 'zod';
import { parseDuration } from '../../../model/index.ts';
import { Secret } from './secret.ts';

/** YAML reads `1234` as a number where Prometheus wants the text. */
export const text = z.union([z.string(), z.number(), z.boolean()]).transform(String);

export const secret = text.transform((value) => new Secret(value));

const TRUE = new Set(['y', 'yes', 'on', 'true']);
const FALSE = new Set(['n', 'no', 'off', 'false']);

/** Also the words of YAML 1.1, which Prometheus reads. */
export const flag = z.union([z.boolean(), z.string()]).transform((value, context) => {
  if (typeof value === 'boolean') return value;
  const word = value.toLowerCase();
  if (TRUE.has(word)) return true;
  if (FALSE.has(word)) return false;
  context.addIssue({ code: 'custom', message: `${JSON.stringify(value)} is not true or false` });
  return z.NEVER;
});

/** Checks the keys of a record: `problem` gives the message for a bad one. */
export function checkKeys(
  problem: (key: string) => string | undefined,
): (record: object, context: z.RefinementCtx) => void {
  return (record, context) => {
    for (const key of Object.keys(record)) {
      const message = problem(key);
      if (message !== undefined) context.addIssue({ code: 'custom', message, path: [key] });
    }
  };
}

export const count = z.number().int().min(0);

/** A duration such as `1m30s`, in milliseconds. */
export const duration = text.transform((value, context) => {
  const durationMs = parseDuration(value);
  if (durationMs !== undefined) return durationMs;
  const message =
    value === ''
      ? 'empty duration string'
      : `not a valid duration string: ${JSON.stringify(value)}`;
  context.addIssue({ code: 'custom', message });
  return z.NEVER;
});

/** A size such as `10MB` or `1.5GiB`, in bytes; both spellings are powers of 1024. */
export const size = text.transform((value, context) => {
  const result = parseSize(value);
  if (typeof result === 'number') return result;
  context.addIssue({ code: 'custom', message: result });
  return z.NEVER;
});

const UNITS = ['', 'K', 'M', 'G', 'T', 'P', 'E'];
const PART = /^(\d*\.?\d*)([^\d.]*)/;

/** Bytes, or what is wrong in the words of the library that Prometheus uses. */
function parseSize(text: string): number | string {
  if (text === '0') return 0;
  if (text === '') return 'units: invalid ';
  let sizeBytes = 0;
  let rest = text;
  while (rest !== '') {
    const [part = '', digits = '', unit = ''] = PART.exec(rest) ?? [];
    if (digits === '' || digits === '.') return `units: invalid ${text}`;
    const power = UNITS.findIndex((prefix) =>
      prefix === '' ? unit === 'B' : unit === `${prefix}B` || unit === `${prefix}iB`,
    );
    if (power < 0) return `units: unknown unit ${unit} in ${text}`;
    sizeBytes += Number(digits) * 1024 ** power;
    rest = rest.slice(part.length);
  }
  return Math.floor(sizeBytes);
}
