import { describe, expect, it } from 'vitest';
import { ScrapeError } from '../errors.ts';
import type { ResponseHead } from './response-head.ts';
import { ResponseParser } from './response-parser.ts';

interface Got {
  readonly status: number;
  readonly body: string;
  readonly fields: Readonly<Record<string, string>>;
  readonly isReusable: boolean;
}

/** The answer in these pieces, after which the connection ends; or what is wrong with it. */
function parse(...pieces: readonly string[]): Got | string {
  let head: ResponseHead | undefined;
  let [body, ends] = ['', 0];
  const parser = new ResponseParser({
    onHead: (one) => (head = one),
    onBody: (part) => (body += Buffer.from(part).toString('latin1')),
    onEnd: () => ends++,
  });
  try {
    for (const piece of pieces) parser.feed(Buffer.from(piece, 'latin1'));
    parser.finish();
  } catch (error) {
    expect(error).toBeInstanceOf(ScrapeError);
    return (error as Error).message;
  }
  expect(ends).toBe(1);
  if (head === undefined) throw new Error('an answer without a head');
  const { status, fields } = head;
  return { status, body, fields: Object.fromEntries(fields), isReusable: parser.isReusable };
}

const OK = 'HTTP/1.1 200 OK\r\n';

describe('ResponseParser', () => {
  it('reads bodies of a given length, in chunks, and until the connection ends', () => {
    const check = (text: string, body: string, isReusable: boolean): void => {
      expect(parse(text)).toMatchObject({ status: 200, body, isReusable });
      // Byte by byte the same.
      expect(parse(...text.split(''))).toEqual(parse(text));
    };
    check(`${OK}Content-Length: 4\r\n\r\na 1\n`, 'a 1\n', true);
    check(`${OK}Content-Length: 0\r\n\r\n`, '', true);
    check(`${OK}\r\nrest`, 'rest', false);
    check(
      `${OK}Transfer-Encoding: Chunked\r\n\r\n2;x=y\r\nab\r\n00c\r\n0123456789AB\r\n0\r\n\r\n`,
      'ab0123456789AB',
      true,
    ); // prettier-ignore
    check(`${OK}Transfer-Encoding: chunked\r\n\r\n0\r\nX: y\r\n\r\n`, '', true);
  });

  it('knows which connections are kept', () => {
    const check = (text: string, isReusable: boolean): void =>
      expect(parse(`${text}Content-Length: 1\r\n\r\nx`)).toMatchObject({ isReusable });
    check(OK, true);
    check(`${OK}Connection: close\r\n`, false);
    check(`${OK}Connection: x, Close\r\n`, false);
    check('HTTP/1.0 200 OK\r\n', false);
    check('HTTP/1.0 200 OK\r\nConnection: Keep-Alive\r\n', true);
    expect(parse(`${OK}Content-Length: 1\r\n\r\nxmore`)).toMatchObject({ isReusable: false });
    expect(parse(`${OK}Content-Length: 1\r\n\r\nx`, 'more')).toMatchObject({ isReusable: false });
  });

  it('passes over answers that only announce one, and bodies that cannot be', () => {
    const early = 'HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n';
    expect(parse(`${early}${OK}Content-Length: 1\r\n\r\nx`)).toMatchObject({
      body: 'x',
      fields: { 'content-length': '1' },
    });
    const none = { status: 204, body: '', isReusable: true };
    expect(parse('HTTP/1.1 204 No Content\r\n\r\n')).toMatchObject(none);
    expect(parse('HTTP/1.1 304 \r\nContent-Length: 7\r\n\r\n')).toMatchObject({ status: 304 });
    expect(parse('HTTP/1.1 101 Switching Protocols\r\n\r\n')).toMatch(/status 101/);
  });

  it('reads header fields', () => {
    const text = 'HTTP/1.1 200\nX-One:a\nx-one: \t b \r\nFolded: c\r\n\td\r\nEmpty:\r\n\r\n';
    expect(parse(text)).toMatchObject({
      fields: { 'x-one': 'a, b', folded: 'c d', empty: '' },
    });
  });

  it('refuses what is no answer, or may be read in two ways', () => {
    const check = (text: string, message: RegExp): void => {
      expect(parse(text)).toMatch(message);
      expect(parse(...text.split(''))).toMatch(message);
    };
    check('\r\n', /no status line/);
    check('ICY 200 OK\r\n\r\n', /no status line: "ICY 200 OK"/);
    check('HTTP/2 200 OK\r\n\r\n', /no status line/);
    check('HTTP/1.1 2000 OK\r\n\r\n', /no status line/);
    check(`${OK}No field\r\n\r\n`, /no header field: "No field"/);
    check(`${OK}Name : x\r\n\r\n`, /no header field/);
    check(`${OK} folded: x\r\n\r\n`, /folded line/);
    check(`${OK}A: b\rContent-Length: 3\r\n\r\n`, /control character/);
    check(`${OK}A: b\0\r\n\r\n`, /control character/);
    check(`${OK}Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n`, /both Content-Length/);
    check(`${OK}Content-Length: 3\r\nContent-Length: 4\r\n\r\n`, /Content-Length "3, 4"/);
    check(`${OK}Content-Length: +3\r\n\r\n`, /invalid Content-Length "\+3"/);
    check(`${OK}Content-Length: 3\r\n 0\r\n\r\n`, /invalid Content-Length "3 0"/);
    check(`${OK}Content-Length: 9999999999999999\r\n\r\n`, /invalid Content-Length/);
    check(`${OK}Transfer-Encoding: gzip, chunked\r\n\r\n`, /unsupported Transfer-Encoding/);
    check('HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n', /in HTTP\/1\.0/);
    const chunked = `${OK}Transfer-Encoding: chunked\r\n\r\n`;
    check(`${chunked}0x3\r\nabc\r\n0\r\n\r\n`, /invalid chunk size "0x3"/);
    check(`${chunked}-1\r\n`, /invalid chunk size/);
    check(`${chunked}\r\n`, /invalid chunk size ""/);
    check(`${chunked}3\nabc\r\n`, /invalid chunk size "3"/);
    check(`${chunked}ffffffffffffff\r\n`, /invalid chunk size/);
    check(`${chunked}2\r\nabc\r\n0\r\n\r\n`, /longer than its size/);
  });

  it('refuses heads and chunk extensions without end', () => {
    const endless = 'x'.repeat(70_000);
    expect(parse(endless)).toMatch(/its head takes over 65536 bytes/);
    expect(parse(`${OK}${`A: ${'x'.repeat(1000)}\r\n`.repeat(70)}`)).toMatch(/head takes over/);
    expect(parse('HTTP/1.1 100 Continue\r\n\r\n'.repeat(4000))).toMatch(/head takes over/);
    const chunked = `${OK}Transfer-Encoding: chunked\r\n\r\n`;
    expect(parse(`${chunked}1;${endless}`)).toMatch(/its chunk size takes over 4096 bytes/);
    expect(parse(`${chunked}0\r\n${endless}`)).toMatch(/its trailers takes over 65536 bytes/);
  });

  it('says where an answer breaks off', () => {
    const check = (text: string, state: string): void =>
      expect(parse(text)).toBe(`malformed HTTP answer: the connection ended in its ${state}`);
    check('HTTP/1.1 200 OK\r\nA: b\r\n', 'head');
    check(`${OK}Content-Length: 3\r\n\r\nab`, 'fixed body');
    const chunked = `${OK}Transfer-Encoding: chunked\r\n\r\n`;
    check(chunked, 'chunk size');
    check(`${chunked}3\r\nab`, 'chunk');
    check(`${chunked}0\r\n`, 'trailers');
  });
});
