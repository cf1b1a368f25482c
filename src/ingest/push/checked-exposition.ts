import { ExpositionError, validateOpenMetrics, validateText } from '../../formats/index.ts';
import { PushRefusedError } from './errors.ts';
import { expositionFormatOf } from './exposition-format.ts';

type FormatName = 'text' | 'openmetrics';

/**
 * Finds the format of a pushed body and holds the body to all of its rules, before anything is
 * done with it. A body taken for OpenMetrics by its end alone may be text after all.
 *
 * @throws PushRefusedError: 415 for another type, 400 with line and column where `check` throws.
 */
export function checkExposition(
  contentType: string | undefined,
  bytes: Uint8Array,
  check: (bytes: Uint8Array, format: FormatName) => void = validateExposition,
): FormatName {
  const format = expositionFormatOf(contentType, bytes);
  const problem = problemOf(() => check(bytes, format.name));
  if (problem === undefined) return format.name;
  if (format.guessed && problemOf(() => check(bytes, 'text')) === undefined) return 'text';
  throw malformed(problem, format.name);
}

/** @throws ExpositionError for the first fault. */
export function validateExposition(bytes: Uint8Array, format: FormatName): void {
  if (format === 'openmetrics') validateOpenMetrics(bytes, 0, bytes.length);
  else validateText(bytes, 0, bytes.length);
}

function problemOf(check: () => void): ExpositionError | undefined {
  try {
    check();
    return undefined;
  } catch (error) {
    if (error instanceof ExpositionError) return error;
    throw error;
  }
}

/** The answer to a malformed exposition. */
export function malformed(error: ExpositionError, format: FormatName): PushRefusedError {
  const name = format === 'text' ? 'text format' : 'OpenMetrics';
  const place = `line ${error.line}, column ${error.column}`;
  const detail = error.message.replace(/^bad exposition at line \d+, column \d+: /, '');
  const text = `${name} parsing error in ${place}: ${detail}; nothing is stored`;
  return new PushRefusedError(400, 'malformed', text, error);
}
