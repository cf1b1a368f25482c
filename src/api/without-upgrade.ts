import type { IncomingMessage, Server } from 'node:http';
import type { Server as SecureServer } from 'node:https';
import type { Duplex } from 'node:stream';
import { TLSSocket } from 'node:tls';

/** Headers that only mean something to the protocol that was asked for. */
const DROPPED: ReadonlySet<string> = new Set(['upgrade', 'http2-settings']);

/**
 * Serves a request whose upgrade nobody offers as if it had not asked, as HTTP allows: clients that
 * would like HTTP/2 ask with whatever they send, and node stops reading at the head of such a
 * request. So the head is put back in front of what followed it, and read once more without asking.
 */
export function serveWithoutUpgrade(
  server: Server | SecureServer,
  request: IncomingMessage,
  socket: Duplex,
  following: Buffer,
): void {
  socket.unshift(Buffer.concat([Buffer.from(headOf(request), 'latin1'), following]));
  // What is decrypted already is not to be decrypted again.
  server.emit(socket instanceof TLSSocket ? 'secureConnection' : 'connection', socket);
}

function headOf({ method, url, httpVersion, rawHeaders }: IncomingMessage): string {
  let head = `${method ?? ''} ${url ?? ''} HTTP/${httpVersion}\r\n`;
  for (let index = 0; index + 1 < rawHeaders.length; index += 2) {
    const name = rawHeaders[index] ?? '';
    const lowerName = name.toLowerCase();
    if (DROPPED.has(lowerName)) continue;
    const value = rawHeaders[index + 1] ?? '';
    const kept = lowerName === 'connection' ? withoutDropped(value) : value;
    if (lowerName !== 'connection' || kept !== '') head += `${name}: ${kept}\r\n`;
  }
  return `${head}\r\n`;
}

/** The options of a `Connection` header that are left. */
function withoutDropped(value: string): string {
  const options = value.split(',').map((option) => option.trim());
  return options.filter((option) => !DROPPED.has(option.toLowerCase())).join(', ');
}
