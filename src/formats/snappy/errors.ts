import { TidegaugeError } from '../../model/index.ts';

/** Bytes that are not a snappy block, or one that is larger than allowed. */
export class SnappyError extends TidegaugeError {
  readonly code: 'snappy_invalid' | 'snappy_too_large';
  /** Offset in the compressed bytes, from their start. */
  readonly offset: number;

  constructor(code: SnappyError['code'], offset: number, problem: string) {
    super(`bad snappy block at byte ${offset}: ${problem}`);
    this.code = code;
    this.offset = offset;
  }
}
