import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { Labels, messageOf } from '../../../model/index.ts';
import { TokenFileError } from './errors.ts';

const LABEL_NAME = /^[a-zA-Z_][a-zA-Z0-9_]*$/;
const TOKEN_BYTES_MIN = 16;

/** One line of a token file. */
export interface TokenLine {
  readonly token: string;
  readonly fields: ReadonlyMap<string, string>;
  /** Where it stands, for errors. */
  readonly place: string;
}

/** Tokens are kept, compared and stored as this alone: the time to find one tells nothing. */
export function hashOf(token: string): string {
  return createHash('sha256').update(token).digest('hex');
}

/** The tokens of a file, '' for none. @throws TokenFileError */
export function readTokenLines(file: string): TokenLine[] {
  if (file === '') return [];
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    throw new TokenFileError(`cannot read ${file}: ${messageOf(error)}`, { cause: error });
  }
  const lines: TokenLine[] = [];
  for (const [index, content] of text.split('\n').entries()) {
    const [token = '', ...rest] = content.trim().split(/\s+/);
    if (token === '' || token.startsWith('#')) continue;
    const place = `${file}, line ${index + 1}`;
    if (Buffer.byteLength(token) < TOKEN_BYTES_MIN) {
      throw new TokenFileError(`${place}: a token of less than ${TOKEN_BYTES_MIN} bytes`);
    }
    const fields = new Map<string, string>();
    for (const field of rest) {
      const mark = field.indexOf('=');
      if (mark <= 0) throw new TokenFileError(`${place}: ${field}, wanted NAME=VALUE`);
      fields.set(field.slice(0, mark), field.slice(mark + 1));
    }
    lines.push({ token, fields, place });
  }
  return lines;
}

/** The labels that a line gives, which are all its fields but `others`. @throws TokenFileError */
export function labelsOf({ fields, place }: TokenLine, others: readonly string[]): Labels {
  const labels = [...fields].filter(([name]) => !others.includes(name));
  for (const [name] of labels) {
    if (!LABEL_NAME.test(name)) throw new TokenFileError(`${place}: ${name} is no label name`);
  }
  return Labels.fromEntries(labels);
}
