import type { IncomingMessage, ServerResponse } from 'node:http';
import { TLSSocket } from 'node:tls';
import { z } from 'zod';
import { messageOf } from '../../../model/index.ts';
import { sendAnswer } from '../../push/http.ts';
import type { Credentials } from '../identity/index.ts';
import { readRequest } from './read-request.ts';
import { ConnectionRefusedError, refusalHeaders } from './refusal.ts';

export const ENROLL_PATH = '/tide/v1/enroll';

const BODY_BYTES_MAX = 16_384;

const enrolmentSchema = z.object({
  join_token: z.string().min(1),
  agent_id: z.string().regex(/^[A-Za-z0-9._:-]{1,128}$/),
  certificate_request: z.base64().optional(),
});

/**
 * Changes a join token for a certificate or a token of the agent's own. Never rejects but for a
 * broken store.
 */
export async function handleEnrolment(
  credentials: Credentials,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  try {
    const asked = parse((await readRequest(request, BODY_BYTES_MAX)).toString());
    const { certificate_request: encoded } = asked;
    // A certificate is of use where the connection itself is TLS, and nothing else ends it.
    const isUseful = encoded !== undefined && request.socket instanceof TLSSocket;
    const { agentId, token, labels, certificate } = await credentials.enrol({
      joinToken: asked.join_token,
      agentId: asked.agent_id,
      request: isUseful ? Buffer.from(encoded, 'base64') : undefined,
    });
    const body = JSON.stringify({
      ...{ agent_id: agentId, token, labels: labels.toObject() },
      certificate: certificate?.certificatePem,
      authority: certificate?.authorityPem,
    });
    const headers = { 'content-type': 'application/json', 'cache-control': 'no-store' };
    sendAnswer(response, { statusCode: 200, body, headers });
  } catch (error) {
    if (!(error instanceof ConnectionRefusedError)) throw error;
    const { statusCode, message } = error;
    sendAnswer(response, { statusCode, body: `${message}\n`, headers: refusalHeaders(error) });
  }
}

function parse(text: string): z.output<typeof enrolmentSchema> {
  try {
    return enrolmentSchema.parse(JSON.parse(text));
  } catch (error) {
    const problem = error instanceof z.ZodError ? z.prettifyError(error) : messageOf(error);
    throw new ConnectionRefusedError(400, `the body is no enrolment: ${problem}`);
  }
}
