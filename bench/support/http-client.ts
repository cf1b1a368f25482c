import { type Agent, request as httpRequest } from 'node:http';

const WRITE_HEADERS = {
  'Content-Type': 'application/x-protobuf',
  'Content-Encoding': 'snappy',
  'X-Prometheus-Remote-Write-Version': '0.1.0',
};

export interface Answer {
  readonly statusCode: number;
  readonly body: string;
  /** From the first byte sent to the last one received. */
  readonly elapsedMs: number;
}

/** Sends a remote write 1.0 body. @throws Error where there is no answer */
export function sendWrite(url: string, body: Uint8Array, agent: Agent): Promise<Answer> {
  const headers = { ...WRITE_HEADERS, 'Content-Length': body.length };
  return exchange(url, { method: 'POST', headers, agent }, body);
}

/** Sends a remote write 1.0 body. @throws Error unless it is taken */
export async function postWrite(url: string, body: Uint8Array, agent: Agent): Promise<void> {
  const answer = await sendWrite(url, body, agent);
  if (answer.statusCode >= 300) {
    throw new Error(`${url} answered ${answer.statusCode}: ${answer.body.slice(0, 300)}`);
  }
}

/** The answer to a GET. @throws Error unless 2xx */
export async function get(url: string, agent?: Agent): Promise<Answer> {
  const answer = await exchange(url, agent === undefined ? {} : { agent });
  if (answer.statusCode < 300) return answer;
  throw new Error(`${url}: ${answer.statusCode} ${answer.body.slice(0, 300)}`);
}

export function exchange(
  url: string,
  options: Parameters<typeof httpRequest>[1] & object,
  body?: Uint8Array,
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const start = performance.now();
    const outgoing = httpRequest(url, options, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () => {
        const elapsedMs = performance.now() - start;
        const text = Buffer.concat(chunks).toString();
        resolve({ statusCode: response.statusCode ?? 0, body: text, elapsedMs });
      });
    });
    outgoing.on('error', reject);
    outgoing.end(body);
  });
}
