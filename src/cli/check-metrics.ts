import { readFile } from 'node:fs/promises';
import { buffer } from 'node:stream/consumers';
import { ExpositionError, validateOpenMetrics, validateText } from '../formats/index.ts';
import { messageOf, TidegaugeError } from '../model/index.ts';
import type { Output } from './check-config.ts';

/** The body to be verified could not be read. */
export class BodyUnreadableError extends TidegaugeError {
  readonly code = 'body_unreadable';
}

/** Says whether an exposition body is right, and what is wrong and where; whether it is right. */
export async function checkMetricsCommand(
  file: string | undefined,
  isOpenMetrics: boolean,
  output: Output,
): Promise<boolean> {
  const body = await readBody(file);
  try {
    if (isOpenMetrics) validateOpenMetrics(body, 0, body.length);
    else validateText(body, 0, body.length);
    return true;
  } catch (error) {
    if (!(error instanceof ExpositionError)) throw error;
    output.error(`${file ?? '(standard input)'}: ${error.message}`);
    return false;
  }
}

async function readBody(file: string | undefined): Promise<Uint8Array> {
  try {
    return await (file === undefined ? buffer(process.stdin) : readFile(file));
  } catch (error) {
    throw new BodyUnreadableError(`cannot read ${file ?? 'standard input'}: ${messageOf(error)}`, {
      cause: error,
    });
  }
}
