import type { Exemplar, MetricType } from '../../model/index.ts';

/**
 * Receives what a scan of an exposition body finds, in order. Byte ranges are offsets into the
 * scanned bytes, `end` exclusive, and are valid during the call only. Nothing here allocates per
 * sample; labels are decoded (`decodeIdentity`) only when a series is first seen.
 */
export interface ExpositionVisitor {
  /**
   * One sample. `[identityStart, identityEnd)` is the series as written: metric name and the label
   * part with its braces, or the braces alone in the quoted UTF-8 form; no trailing blanks.
   * `timestamp` is integer milliseconds, NaN where the line has none.
   */
  sample(identityStart: number, identityEnd: number, value: number, timestamp: number): void;
  /** Belongs to the sample just before. */
  exemplar?(exemplar: Exemplar): void;
  /** Names are raw bytes; quoted names come without quotes, escapes unresolved. */
  type?(nameStart: number, nameEnd: number, type: MetricType): void;
  /** Text is raw bytes, escapes unresolved (`unescapeHelp`). */
  help?(nameStart: number, nameEnd: number, textStart: number, textEnd: number): void;
  unit?(nameStart: number, nameEnd: number, textStart: number, textEnd: number): void;
}
