import { TidegaugeError } from '../../model/index.ts';

/** What the whole body has to be. */
const MESSAGES = 'delimited io.prometheus.client.MetricFamily messages';

/** An exposition body in protobuf that is not what its format asks for. */
export class ExpositionProtoError extends TidegaugeError {
  readonly code = 'exposition_proto_invalid';
  /** Of the fault in the body, in bytes from 0. */
  readonly offset: number;
  /** What would have been right, in words. */
  readonly wanted: string;

  /** `problem` says what was found, with `wanted` where it can be told in a few words. */
  constructor(offset: number, problem: string, wanted?: string) {
    const rest = wanted === undefined ? ` (read as ${MESSAGES})` : `, wanted ${wanted}`;
    super(`bad protobuf exposition at byte ${offset}: ${problem}${rest}`);
    this.offset = offset;
    this.wanted = wanted ?? MESSAGES;
  }
}
