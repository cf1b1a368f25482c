import type { IncomingMessage } from 'node:http';
import { ConnectionRefusedError } from './refusal.ts';

/** All of a request's body. @throws ConnectionRefusedError: 413 over the limit, 400 cut off */
export function readRequest(request: IncomingMessage, maxBytes: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let sizeBytes = 0;
    request.on('data', (chunk: Buffer) => {
      sizeBytes += chunk.length;
      if (sizeBytes <= maxBytes) chunks.push(chunk);
    });
    request.on('end', () => {
      const text = `a body of ${sizeBytes} bytes, wanted at most ${maxBytes}`;
      if (sizeBytes > maxBytes) reject(new ConnectionRefusedError(413, text));
      else resolve(Buffer.concat(chunks));
    });
    const cutOff = (): void => reject(new ConnectionRefusedError(400, 'the body was cut off'));
    request.on('error', cutOff).on('close', cutOff);
  });
}
