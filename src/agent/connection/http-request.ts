import http from 'node:http';
import https from 'node:https';
import { CollectorRefusedError } from '../errors.ts';
import { type TlsClient, tlsFaultOf } from './tls-client.ts';

const ANSWER_BYTES_MAX = 65_536;
const REFUSAL_CHARS_MAX = 300;

export interface CollectorRequest {
  readonly url: string;
  readonly body: Uint8Array;
  readonly contentType: string;
  readonly token: string | undefined;
  readonly timeoutMs: number;
  readonly userAgent: string;
  readonly tls?: TlsClient;
}

/**
 * Sends one request to a collector and resolves with the text of its answer.
 * @throws CollectorRefusedError where it did not answer with 2xx.
 */
export async function postToCollector(request: CollectorRequest): Promise<string> {
  const { status, text } = await post(request);
  if (status >= 200 && status < 300) return text;
  const said = text.slice(0, REFUSAL_CHARS_MAX).trim();
  throw new CollectorRefusedError(`${request.url} answered ${status}: ${said}`, status);
}

function post({
  url,
  body,
  contentType,
  token,
  timeoutMs,
  userAgent,
  tls,
}: CollectorRequest): Promise<{ status: number; text: string }> {
  const headers: Record<string, string> = {
    'content-type': contentType,
    'content-length': String(body.length),
    'user-agent': userAgent,
  };
  if (token !== undefined) headers['authorization'] = `Bearer ${token}`;
  const module = url.startsWith('https:') ? https : http;
  return new Promise((resolve, reject) => {
    const fail = (error: Error): void => {
      const message = `${url} cannot be reached: ${tlsFaultOf(error, url)}`;
      reject(new CollectorRefusedError(message, 0, { cause: error }));
    };
    const options = { method: 'POST', headers, agent: false, ...tls } as const;
    const sent = module.request(url, options, (response) => {
      const chunks: Buffer[] = [];
      let sizeBytes = 0;
      response.on('data', (chunk: Buffer) => {
        sizeBytes += chunk.length;
        if (sizeBytes <= ANSWER_BYTES_MAX) chunks.push(chunk);
      });
      response.on('error', fail);
      response.on('end', () => {
        clearTimeout(timer);
        resolve({ status: response.statusCode ?? 0, text: Buffer.concat(chunks).toString() });
      });
    });
    const timer = setTimeout(() => {
      sent.destroy(new Error(`no answer within ${timeoutMs} ms`));
    }, timeoutMs);
    sent.on('error', (error) => {
      clearTimeout(timer);
      fail(error);
    });
    sent.end(body);
  });
}
