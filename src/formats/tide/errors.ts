import { TidegaugeError } from '../../model/index.ts';

/**
 * What is wrong with bytes that should be tide.v1:
 * truncated, they end too early; magic, they are no frame; version, a frame of another version;
 * frame_type, an unknown type (it may be skipped: a newer peer may send it); header, a header field
 * outside its bounds; checksum, they changed on the way; too_large, a bound on sizes or counts;
 * compression, the payload does not inflate to what it says; field, a message field outside its
 * bounds; batch, coverage or schema, contents that contradict themselves.
 */
export type TideFormatCode =
  | 'tide_truncated'
  | 'tide_magic'
  | 'tide_version'
  | 'tide_frame_type'
  | 'tide_header'
  | 'tide_checksum'
  | 'tide_too_large'
  | 'tide_compression'
  | 'tide_field'
  | 'tide_batch'
  | 'tide_coverage'
  | 'tide_schema';

/** Bytes that are not tide.v1, or content that does not fit it. */
export class TideFormatError extends TidegaugeError {
  readonly code: TideFormatCode;

  constructor(code: TideFormatCode, problem: string, options?: { cause?: unknown }) {
    super(`bad tide.v1: ${problem}`, options);
    this.code = code;
  }
}
