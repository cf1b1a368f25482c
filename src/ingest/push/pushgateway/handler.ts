import { assert } from '../../../model/index.ts';
import { checkExposition, type SentExposition } from '../checked-exposition.ts';
import { finishInTurns } from '../exposition-body.ts';
import type { Push, PushContext, PushResult } from '../exchange.ts';
import { rawPath } from '../http.ts';
import { parseGroupPath } from './grouping.ts';
import { type PushedBody, readPushedBody } from './pushed-body.ts';
import type { Pushgateway } from './pushgateway.ts';

/** Answers `PUT`, `POST` and `DELETE /metrics/job/NAME{/LABEL/VALUE}`. */
export async function handleGroup(
  push: Push,
  { options, turns }: PushContext,
  gateway: Pushgateway,
): Promise<PushResult> {
  const { method } = push.request;
  const grouping = parseGroupPath(rawPath(push.request));
  if (method === 'DELETE') {
    await gateway.delete(grouping);
    return { answer: { statusCode: 202 }, samplesStored: 0, samplesRejected: 0 };
  }
  const bytes = await push.body(['identity', 'gzip', 'snappy']);
  const contentType = push.request.headers['content-type'];
  const maxTextBytes = options.max_body_bytes;
  const body = await readBody({ contentType, bytes, maxTextBytes, pause: () => turns.yield() });
  await gateway.push(grouping, body, method === 'PUT');
  return { answer: { statusCode: 200 }, samplesStored: body.sampleCount, samplesRejected: 0 };
}

async function readBody(sent: SentExposition): Promise<PushedBody> {
  let body: PushedBody | undefined;
  await checkExposition(sent, async (checked) => {
    body = await readPushedBody(checked, sent.pause);
    // A series given twice is no matter of the format here: it makes the push inconsistent.
    if (!body.hasRepeats) await finishInTurns(checked.validate(), sent.pause);
  });
  assert(body !== undefined, 'a body that was checked was read');
  return body;
}
