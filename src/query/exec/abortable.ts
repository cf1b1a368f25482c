import { TidegaugeError } from '../../model/index.ts';
import { QueryCanceledError } from './errors.ts';

/** The promise's outcome, or at once the signal's reason. */
export async function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  signal.throwIfAborted();
  let abort: (() => void) | undefined;
  const aborted = new Promise<never>((_resolve, reject) => {
    abort = () => reject(reasonOf(signal));
    signal.addEventListener('abort', abort, { once: true });
  });
  try {
    return await Promise.race([promise, aborted]);
  } finally {
    if (abort !== undefined) signal.removeEventListener('abort', abort);
    // Whichever is late has nobody to tell.
    promise.catch(() => undefined);
  }
}

function reasonOf({ reason }: AbortSignal): TidegaugeError {
  return reason instanceof TidegaugeError ? reason : new QueryCanceledError();
}
