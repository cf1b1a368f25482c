import type { MetricType } from '../../model/index.ts';
import { latin1Text } from '../../util/index.ts';
import { QUOTE } from './characters.ts';
import type { LineScanner } from './line-scanner.ts';
import type { ExpositionVisitor } from './visitor.ts';

export type MetadataKind = 'type' | 'help' | 'unit';

const KEYWORDS: readonly (readonly [string, MetadataKind])[] = [
  ['HELP', 'help'],
  ['TYPE', 'type'],
  ['UNIT', 'unit'],
];

/** Length of every metadata keyword. */
export const KEYWORD_LENGTH = 4;

/** The metadata keyword at `position`, if one stands there and no longer word. */
export function metadataKind(
  scanner: LineScanner,
  position: number,
  lineEnd: number,
): MetadataKind | undefined {
  const after = position + KEYWORD_LENGTH;
  if (after > lineEnd) return undefined;
  for (const [word, kind] of KEYWORDS) {
    if (isWordAt(scanner.bytes, position, word)) {
      return after === lineEnd || isBlank(scanner.at(after)) ? kind : undefined;
    }
  }
  return undefined;
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

/** The metric type that a TYPE line spells, looked up in the format's own words. */
export function typeOf(
  scanner: LineScanner,
  words: ReadonlyMap<string, MetricType>,
  textStart: number,
  textEnd: number,
): MetricType {
  const type = words.get(latin1Text(scanner.bytes, textStart, textEnd));
  if (type === undefined) {
    throw scanner.error(`a metric type (${[...words.keys()].join(', ')})`, textStart);
  }
  return type;
}

function isWordAt(bytes: Uint8Array, position: number, word: string): boolean {
  for (let index = 0; index < word.length; index++) {
    if (bytes[position + index] !== word.charCodeAt(index)) return false;
  }
  return true;
}

function isBlank(code: number): boolean {
  return code === 0x20 || code === 0x09;
}
