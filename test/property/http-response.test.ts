import { request } from 'node:http';
import { type AddressInfo, createServer, type Server } from 'node:net';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ScrapeError } from '../../src/ingest/pull/errors.ts';
import { ResponseParser } from '../../src/ingest/pull/http/response-parser.ts';

interface Answer {
  readonly status: number;
  readonly body: string;
}

/** The answer as it is read in these pieces; undefined where it is refused. */
function parsed(pieces: readonly Buffer[]): Answer | undefined {
  let [status, body, ends] = [0, '', 0];
  const parser = new ResponseParser({
    onHead: (head) => {
      status = head.status;
    },
    onBody: (part) => {
      expect(ends).toBe(0);
      body += Buffer.from(part).toString('latin1');
    },
    onEnd: () => {
      expect(status).toBeGreaterThanOrEqual(200);
      ends++;
    },
  });
  try {
    for (const piece of pieces) parser.feed(piece);
    parser.finish();
  } catch (error) {
    expect(error).toBeInstanceOf(ScrapeError);
    return undefined;
  }
  expect(ends).toBe(1);
  return { status, body };
}

function cut(bytes: Buffer, marks: readonly number[]): Buffer[] {
  const ends = [...marks.map((mark) => mark % (bytes.length + 1)), bytes.length];
  let from = 0;
  return ends
    .sort((a, b) => a - b)
    .map((end) => {
      const piece = bytes.subarray(from, end);
      from = end;
      return piece;
    });
}

let server: Server;
let bytesServed: Buffer = Buffer.alloc(0);

beforeAll(async () => {
  server = createServer((socket) => {
    socket.on('error', () => {});
    socket.once('data', () => socket.end(bytesServed));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});

afterAll(() => new Promise((resolve) => server.close(resolve)));

/** What node's own client makes of an answer; undefined where it fails. */
function byNode(bytes: Buffer): Promise<Answer | undefined> {
  bytesServed = bytes;
  const { port } = server.address() as AddressInfo;
  return new Promise((resolve) => {
    const sent = request({ host: '127.0.0.1', port, agent: false }, (response) => {
      let body = '';
      response.setEncoding('latin1');
      response.on('data', (part: string) => (body += part));
      response.on('end', () => resolve({ status: response.statusCode ?? 0, body }));
      response.on('error', () => resolve(undefined));
    });
    sent.on('error', () => resolve(undefined));
    sent.on('upgrade', () => resolve(undefined));
    sent.end();
  });
}

const token = fc.stringMatching(/^[A-Za-z][\w!#$%&'*+.^|~-]{0,11}$/);
const value = fc.stringMatching(/^[!-~]([ -~]{0,20}[!-~])?$/);
const field = fc
  .tuple(token, fc.constantFrom(':', ': ', ':\t '), value)
  .filter(([name]) => !/^(?:content-length|transfer-encoding|connection|upgrade)$/i.test(name))
  .map(([name, colon, text]) => `${name}${colon}${text}\r\n`);
const fields = fc.array(field, { maxLength: 4 }).map((lines) => lines.join(''));
const content = fc.string({ unit: 'binary-ascii', maxLength: 60 });
const chunks = fc
  .array(
    fc
      .tuple(content, fc.boolean(), fc.constantFrom('', ';a=b', ';x'))
      .filter(([text]) => text !== ''),
    { maxLength: 4 },
  )
  .map((parts) =>
    parts
      .map(([text, isUpper, extension]) => {
        const size = text.length.toString(16);
        return `${isUpper ? size.toUpperCase() : size}${extension}\r\n${text}\r\n`;
      })
      .join(''),
  );
const framed = fc.oneof(
  content.map((text) => `Content-Length: ${text.length}\r\n\r\n${text}`),
  fc
    .tuple(chunks, fields)
    .map(([text, trailers]) => `Transfer-Encoding: chunked\r\n\r\n${text}0\r\n${trailers}\r\n`),
  content.map((text) => `\r\n${text}`),
);
const statusLine = fc
  .tuple(fc.constantFrom(200, 201, 204, 302, 304, 404, 503), fc.constantFrom('OK', '', 'Not Here'))
  .map(([status, reason]) => `HTTP/1.1 ${status} ${reason}\r\n`);
const early = fc.constantFrom('', '', 'HTTP/1.1 100 Continue\r\n\r\n');
/** These have no body, whatever their head says. */
const BODILESS = /^HTTP\/1\.1 (?:204|304)/;
const answer = fc.tuple(early, statusLine, fields, framed).map(([before, status, lines, rest]) => {
  const body = BODILESS.test(status) ? '\r\n' : rest;
  return Buffer.from(`${before}${status}${lines}${body}`, 'latin1');
});
const marks = fc.array(fc.nat(4000), { maxLength: 6 });

/** An answer with some bytes replaced, put in or taken out, mostly by what matters in a head. */
const mutated = fc
  .tuple(
    answer,
    fc.array(
      fc.tuple(
        fc.nat(4000),
        fc.nat(2),
        fc.constantFrom(
          '\r',
          '\n',
          '\r\n',
          ' ',
          '\t',
          ':',
          '\0',
          ',',
          '0',
          '7',
          'f',
          ';',
          '-',
          'é',
        ),
      ),
      { minLength: 1, maxLength: 3 },
    ),
    fc.constantFrom('', '', 'Content-Length: 3\r\n', 'Transfer-Encoding: chunked\r\n'),
  )
  .map(([bytes, changes, line]) => {
    let text = bytes.toString('latin1').replace('\r\n', `\r\n${line}`);
    for (const [place, removed, put] of changes) {
      const at = place % (text.length + 1);
      text = text.slice(0, at) + put + text.slice(at + removed);
    }
    return Buffer.from(text, 'latin1');
  });

describe('answers over HTTP/1.1', () => {
  test('are read as node reads them, however they are cut', async () => {
    await fc.assert(
      fc.asyncProperty(answer, marks, async (bytes, places) => {
        const whole = parsed([bytes]);
        expect(whole).toBeDefined();
        expect(parsed(cut(bytes, places))).toEqual(whole);
        expect(whole).toEqual(await byNode(bytes));
      }),
      { numRuns: 150 },
    );
  });

  test('are the same for every single cut', () => {
    fc.assert(
      fc.property(fc.oneof(answer, mutated), (bytes) => {
        const whole = parsed([bytes]);
        for (let at = 0; at <= bytes.length; at++) {
          const pieces = [bytes.subarray(0, at), bytes.subarray(at)];
          expect(parsed(pieces)).toEqual(whole);
        }
        const singles = Array.from(bytes, (_, at) => bytes.subarray(at, at + 1));
        expect(parsed(singles)).toEqual(whole);
      }),
      { numRuns: 150 },
    );
  });

  test('that are damaged are refused, or are what node makes of them', async () => {
    await fc.assert(
      fc.asyncProperty(mutated, async (bytes) => {
        const ours = parsed([bytes]);
        const theirs = await byNode(bytes);
        if (ours === undefined || theirs === undefined) return;
        expect(ours).toEqual(theirs);
      }),
      { numRuns: 300 },
    );
  });

  test('or are no answers at all do no harm', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), marks, (bytes, places) => {
        const buffer = Buffer.from(bytes);
        expect(parsed(cut(buffer, places))).toEqual(parsed([buffer]));
      }),
      { numRuns: 300 },
    );
  });
});
