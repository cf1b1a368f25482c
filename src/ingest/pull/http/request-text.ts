import { ScrapeError } from '../errors.ts';

type Headers = Readonly<Record<string, string | readonly string[]>>;

// oxlint-disable-next-line no-control-regex -- what a header value may hold (RFC 9110, 5.5).
const FIELD_VALUE = /^[\t\x20-\x7e\x80-\xff]*$/;
const FIELD_NAME = /^[!#$%&'*+\-.^_`|~\dA-Za-z]+$/;

/**
 * A GET request over HTTP/1.1 as its text, which is Latin-1. Headers that are given replace those
 * that stand here by themselves.
 * @throws ScrapeError where a header would not stay one.
 */
export function requestText(url: URL, headers: Headers): string {
  const own = headers['host'] === undefined ? `host: ${url.host}\r\n` : '';
  const connection = headers['connection'] === undefined ? 'connection: keep-alive\r\n' : '';
  let text = `GET ${url.pathname}${url.search} HTTP/1.1\r\n${own}${connection}`;
  for (const [name, value] of Object.entries(headers)) {
    for (const each of typeof value === 'string' ? [value] : value) {
      if (!FIELD_NAME.test(name) || !FIELD_VALUE.test(each)) {
        // The value may be a secret.
        const shown = JSON.stringify(name);
        throw new ScrapeError('connection', `header ${shown} holds characters that none may hold`);
      }
      text += `${name}: ${each}\r\n`;
    }
  }
  return `${text}\r\n`;
}
