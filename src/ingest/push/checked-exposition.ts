import { ExpositionError, ExpositionProtoError } from '../../formats/index.ts';
import { PushRefusedError } from './errors.ts';
import { type ExpositionBody, finishInTurns, protobufBody, textBody } from './exposition-body.ts';
import { expositionFormatOf } from './exposition-format.ts';

/** A pushed body as it came. */
export interface SentExposition {
  readonly contentType: string | undefined;
  readonly bytes: Uint8Array;
  /** What a body in protobuf may take when written as text: as much as one of text. */
  readonly maxTextBytes: number;
  /** Lets others have their turn; resolves when it is this body's again. */
  readonly pause: () => Promise<void>;
}

/**
 * Finds the format of a pushed body and holds the body to all of its rules, before anything is
 * done with it. A body taken for OpenMetrics by its end alone may be text after all.
 *
 * @throws PushRefusedError: 415 for another type, 400 with the place where `check` throws.
 */
export async function checkExposition(
  sent: SentExposition,
  check: (body: ExpositionBody) => Promise<void> = (body) =>
    finishInTurns(body.validate(), sent.pause),
): Promise<ExpositionBody> {
  const { contentType, bytes, maxTextBytes } = sent;
  const { name, guessed } = expositionFormatOf(contentType, bytes);
  const open = (): ExpositionBody =>
    name === 'protobuf' ? protobufBody(bytes, maxTextBytes) : textBody(bytes, name);
  const first = await attempt(open, check);
  if (first.body !== undefined) return first.body;
  if (guessed) {
    const second = await attempt(() => textBody(bytes, 'text'), check);
    if (second.body !== undefined) return second.body;
  }
  throw malformed(first.problem, name);
}

type Fault = ExpositionError | ExpositionProtoError;

type Attempt =
  | { readonly body: ExpositionBody }
  | { readonly body: undefined; readonly problem: Fault };

async function attempt(
  open: () => ExpositionBody,
  check: (body: ExpositionBody) => Promise<void>,
): Promise<Attempt> {
  try {
    const body = open();
    await check(body);
    return { body };
  } catch (problem) {
    if (!(problem instanceof ExpositionError || problem instanceof ExpositionProtoError)) {
      throw problem;
    }
    return { body: undefined, problem };
  }
}

const FORMAT_WORDS = { text: 'text format', openmetrics: 'OpenMetrics', protobuf: 'protobuf' };

/** The answer to a malformed exposition. */
export function malformed(error: Fault, format: keyof typeof FORMAT_WORDS): PushRefusedError {
  const place =
    error instanceof ExpositionError
      ? `in line ${error.line}, column ${error.column}`
      : `at byte ${error.offset}`;
  const detail = error.message.replace(/^bad .*? at (?:line \d+, column|byte) \d+: /, '');
  const text = `${FORMAT_WORDS[format]} parsing error ${place}: ${detail}; nothing is stored`;
  return new PushRefusedError(400, 'malformed', text, error);
}
