import {
  type NativeExpositionVisitor,
  ProtoExposition,
  scanOpenMetricsInSteps,
  scanTextInSteps,
  validateOpenMetricsInSteps,
  validateTextInSteps,
} from '../../formats/index.ts';

/** How names and texts are written in the bytes that a visitor's ranges point into. */
export type FormatName = 'text' | 'openmetrics';

/** A pushed exposition of any format, to be visited. */
export interface ExpositionBody {
  readonly format: FormatName;
  /** What the ranges given to a visitor point into. */
  readonly bytes: Uint8Array;
  /** Whether `bytes` are what was sent. */
  readonly isText: boolean;
  /**
   * Some lines with each step. @throws ExpositionError where it is malformed; text only, protobuf
   * was decoded before.
   */
  scan(visitor: NativeExpositionVisitor): Iterable<undefined>;
  /**
   * Holds it to all rules of its format, some lines with each step.
   * @throws ExpositionError or ExpositionProtoError
   */
  validate(): Iterable<undefined>;
}

/** Some milliseconds of validation: other requests have their turn between two steps. */
export const STEP_BYTES = 1 << 16;

/** Goes through all steps at once. */
export function finish(steps: Iterable<undefined>): void {
  for (const _ of steps);
}

/** Goes through the steps, `pause` between any two of them. */
export async function finishInTurns(
  steps: Iterable<undefined>,
  pause: () => Promise<void>,
): Promise<void> {
  let isFirst = true;
  for (const _ of steps) {
    // Most bodies are one step.
    if (!isFirst) await pause();
    isFirst = false;
  }
}

/** A body of text. A last line without a newline may have been cut off: refused. */
export function textBody(bytes: Uint8Array, format: FormatName): ExpositionBody {
  return {
    format,
    isText: true,
    bytes,
    scan(visitor) {
      return format === 'openmetrics'
        ? scanOpenMetricsInSteps(bytes, 0, bytes.length, visitor, STEP_BYTES)
        : scanTextInSteps(bytes, 0, bytes.length, visitor, FINAL_NEWLINE, STEP_BYTES);
    },
    validate() {
      return format === 'openmetrics'
        ? validateOpenMetricsInSteps(bytes, 0, bytes.length, STEP_BYTES)
        : validateTextInSteps(bytes, 0, bytes.length, STEP_BYTES);
    },
  };
}

const FINAL_NEWLINE = { requireFinalNewline: true };

/**
 * A body of protobuf, read as the text that would say the same and bounded as such.
 * @throws ExpositionProtoError where it is malformed
 */
export function protobufBody(bytes: Uint8Array, maxTextBytes: number): ExpositionBody {
  const exposition = new ProtoExposition(bytes, { maxTextBytes });
  return {
    format: 'text',
    bytes: exposition.bytes,
    isText: false,
    scan(visitor) {
      exposition.scan(visitor);
      return [];
    },
    validate() {
      exposition.validate();
      return [];
    },
  };
}
