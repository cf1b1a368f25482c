import type { MetricType } from '../../model/index.ts';
import { QUOTE, SPACE, TAB } from './characters.ts';
import type { LineScanner } from './line-scanner.ts';
import type { ExpositionVisitor } from './visitor.ts';

export type MetadataKind = 'type' | 'help' | 'unit';

/** Length of every metadata keyword. */
export const KEYWORD_LENGTH = 4;

const HELP = Buffer.from('HELP');
const TYPE = Buffer.from('TYPE');
const UNIT = Buffer.from('UNIT');

/** The metadata keyword at `position`, if one stands there and no longer word. */
export function metadataKind(
  scanner: LineScanner,
  position: number,
  lineEnd: number,
): MetadataKind | undefined {
  const after = position + KEYWORD_LENGTH;
  if (after > lineEnd) return undefined;
  if (after < lineEnd && !isBlank(scanner.at(after))) return undefined;
  if (isWordAt(scanner.bytes, position, HELP)) return 'help';
  if (isWordAt(scanner.bytes, position, TYPE)) return 'type';
  return isWordAt(scanner.bytes, position, UNIT) ? 'unit' : undefined;
}

/** Hands the metadata of a family to the visitor. The name may be quoted. */
export function visitMetadata(
  scanner: LineScanner,
  visitor: ExpositionVisitor,
  kind: 'help' | 'unit',
  line: MetadataRange,
): void {
  const quotes = scanner.at(line.nameStart) === QUOTE ? 1 : 0;
  const nameStart = line.nameStart + quotes;
  const nameEnd = line.nameEnd - quotes;
  if (kind === 'help') visitor.help?.(nameStart, nameEnd, line.textStart, line.textEnd);
  else visitor.unit?.(nameStart, nameEnd, line.textStart, line.textEnd);
}

export function visitType(
  scanner: LineScanner,
  visitor: ExpositionVisitor,
  type: MetricType,
  line: MetadataRange,
): void {
  const quotes = scanner.at(line.nameStart) === QUOTE ? 1 : 0;
  visitor.type?.(line.nameStart + quotes, line.nameEnd - quotes, type);
}

/** Where the parts of a metadata line lie; the name with its quotes, if it has any. */
export interface MetadataRange {
  readonly nameStart: number;
  readonly nameEnd: number;
  readonly textStart: number;
  readonly textEnd: number;
}

/** The words for metric types in one format. */
export class TypeWords {
  readonly #words: readonly { readonly word: Uint8Array; readonly type: MetricType }[];

  constructor(words: Readonly<Record<string, MetricType>>) {
    this.#words = Object.entries(words).map(([text, type]) => ({ word: Buffer.from(text), type }));
  }

  /** The type that `[start, end)` spells. */
  typeAt(scanner: LineScanner, start: number, end: number): MetricType {
    const words = this.#words;
    for (let index = 0; index < words.length; index++) {
      const { word, type } = words[index]!;
      if (word.length === end - start && isWordAt(scanner.bytes, start, word)) return type;
    }
    const known = words.map(({ word }) => Buffer.from(word).toString('latin1'));
    throw scanner.error(`a metric type (${known.join(', ')})`, start);
  }
}

function isWordAt(bytes: Uint8Array, position: number, word: Uint8Array): boolean {
  for (let index = 0; index < word.length; index++) {
    if (bytes[position + index] !== word[index]) return false;
  }
  return true;
}

function isBlank(code: number): boolean {
  return code === SPACE || code === TAB;
}
