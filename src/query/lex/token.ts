export type TokenKind =
  | 'end'
  /** A text that is no token; `text` is the message. Always the last token. */
  | 'error'
  | 'number'
  | 'duration'
  | 'string'
  | 'identifier'
  /** A name with colons, which only metrics may have. */
  | 'metric_identifier'
  /** A word with a meaning that is neither operator nor aggregation: `by`, `offset`. */
  | 'keyword'
  | 'aggregator'
  /** A word that is a function where `(` follows: `start`, `step`, `min_of`. */
  | 'preprocessor'
  | 'operator'
  | 'punctuation';

export interface Token {
  readonly kind: TokenKind;
  /** As written; the message where the kind is `error`. */
  readonly text: string;
  /** In UTF-16 units; `end` is exclusive. */
  readonly start: number;
  readonly end: number;
  /**
   * What the grammar goes by: the lower-case word of a keyword, aggregator, preprocessor or word
   * operator, the sign of an operator or punctuation, '' for all else.
   */
  readonly symbol: string;
}

const WORD_KINDS = new Map<string, TokenKind>();

function defineWords(kind: TokenKind, words: string): void {
  for (const word of words.split(' ')) WORD_KINDS.set(word, kind);
}

defineWords('operator', 'and or unless atan2');
defineWords(
  'aggregator',
  'sum avg count min max group stddev stdvar topk bottomk count_values quantile limitk limit_ratio',
);
defineWords(
  'keyword',
  'offset smoothed anchored by without on ignoring group_left group_right fill fill_left ' +
    'fill_right bool',
);
defineWords('preprocessor', 'start end step range max_of min_of');
defineWords('number', 'inf nan');

/** The kind of a word, given in lower case, that has a meaning; undefined for plain names. */
export function wordKind(word: string): TokenKind | undefined {
  return WORD_KINDS.get(word);
}

/** The first ten characters, whole ones. */
const BEGINNING = /^.{10}/su;

function quoteShort(text: string): string {
  const beginning = BEGINNING.exec(text)?.[0] ?? text;
  return beginning === text ? JSON.stringify(text) : `${JSON.stringify(beginning)}...`;
}

/** A token as error messages name it (Prometheus's wording). */
export function describeToken({ kind, text }: Token): string {
  switch (kind) {
    case 'end':
      return 'end of input';
    case 'operator':
      return `<op:${text}>`;
    case 'aggregator':
      return `<aggr:${text}>`;
    case 'keyword':
      return `<${text}>`;
    case 'identifier':
      return `identifier "${text}"`;
    case 'metric_identifier':
      return `metric identifier "${text}"`;
    case 'number':
    case 'duration':
    case 'string':
      return `${kind} ${quoteShort(text)}`;
    default:
      return `"${text}"`;
  }
}
