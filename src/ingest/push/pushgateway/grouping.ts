import { compareUtf8 } from '../../../util/index.ts';
import { PushRefusedError } from '../errors.ts';

/** The labels that name a Pushgateway group. */
export interface Grouping {
  /** Equal for equal label sets, whatever their order in the path. */
  readonly key: string;
  /** Sorted by name. Values may be empty, which groups apart though it labels nothing. */
  readonly pairs: readonly LabelPair[];
}

export type LabelPair = readonly [name: string, value: string];

const PATH_PREFIX = '/metrics/job';
const BASE64_MARK = '@base64';

/** Legal in a key: without UTF-8 names, and nothing reserved (Pushgateway's README). */
const LABEL_NAME = /^(?!__)[a-zA-Z_][a-zA-Z0-9_]*$/;

/** Whether a raw path (not decoded, no query) belongs to the Pushgateway's push API. */
export function isGroupPath(path: string): boolean {
  return path.startsWith(`${PATH_PREFIX}/`) || path.startsWith(`${PATH_PREFIX}${BASE64_MARK}/`);
}

/** Whether the path names no job at all: answered with a redirect, as the Pushgateway does. */
export function isEmptyJobPath(path: string): boolean {
  return path === `${PATH_PREFIX}/` || path === `${PATH_PREFIX}${BASE64_MARK}/`;
}

/**
 * Reads `/metrics/job/NAME{/LABEL/VALUE}` from a raw path. Parts are percent-decoded after the
 * path is split, so that `%2F` may stand in a value; `LABEL@base64` has its value in base64 (URL
 * alphabet, padding optional, `=` alone for the empty value). Of a label given twice the last
 * value counts.
 *
 * @throws PushRefusedError (400) naming the part at fault.
 */
export function parseGroupPath(path: string): Grouping {
  const [jobPart = '', jobValue = '', ...rest] = path.slice('/metrics/'.length).split('/');
  const labels = new Map<string, string>();
  // A closing slash after the job alone adds no label.
  const parts = rest.length === 1 && rest[0] === '' ? [] : rest;
  if (parts.length % 2 !== 0) {
    throw refused(
      `odd number of components in label string ${JSON.stringify(`/${parts.join('/')}`)}`,
    );
  }
  for (let index = 0; index < parts.length; index += 2) {
    const [name, value] = parseLabel(parts[index] ?? '', parts[index + 1] ?? '');
    if (!LABEL_NAME.test(name)) throw refused(`improper label name ${JSON.stringify(name)}`);
    labels.set(name, value);
  }
  const [, job] = parseLabel(jobPart, jobValue);
  if (job === '') throw refused('job name is required');
  labels.set('job', job);
  return groupingOf([...labels]);
}

/** The grouping of these labels, in any order. */
export function groupingOf(labels: readonly LabelPair[]): Grouping {
  const pairs = [...labels].sort((a, b) => compareUtf8(a[0], b[0]));
  return { key: JSON.stringify(pairs.flat()), pairs };
}

function parseLabel(rawName: string, rawValue: string): LabelPair {
  const name = percentDecode(rawName);
  const value = percentDecode(rawValue);
  if (!name.endsWith(BASE64_MARK)) return [name, value];
  const plainName = name.slice(0, -BASE64_MARK.length);
  return [plainName, base64Decode(plainName, value)];
}

function percentDecode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch (error) {
    const shown = JSON.stringify(text.slice(0, 80));
    throw refused(`invalid percent-encoding in path component ${shown}`, error);
  }
}

const NOT_BASE64 = /[^A-Za-z0-9_-]/;

function base64Decode(name: string, value: string): string {
  const body = value.replace(/=+$/, '');
  const badAt = body.length % 4 === 1 ? body.length - 1 : -1;
  const illegalAt = body.search(NOT_BASE64);
  const at = illegalAt >= 0 ? illegalAt : badAt;
  const shown = `${name}=${JSON.stringify(value.slice(0, 80))}`;
  if (at >= 0) {
    throw refused(
      `invalid base64 encoding for label ${shown}: illegal base64 data at input byte ${at}`,
    );
  }
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(
      Buffer.from(body, 'base64url'),
    );
  } catch (error) {
    throw refused(`the value of label ${shown} is not UTF-8`, error);
  }
}

function refused(message: string, cause?: unknown): PushRefusedError {
  return new PushRefusedError(400, 'bad_path', message, cause);
}
