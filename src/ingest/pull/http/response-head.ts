import { ScrapeError } from '../errors.ts';

/** How the end of a body shows (RFC 9112, 6.3). */
export type BodyFraming = 'none' | 'length' | 'chunked' | 'close';

/** The status line and the header fields of an answer, and what they say of its body. */
export interface ResponseHead {
  readonly status: number;
  /** As sent; may be ''. */
  readonly reason: string;
  /** By name in lower case; lines of one name are joined by commas. Latin-1. */
  readonly fields: ReadonlyMap<string, string>;
  readonly framing: BodyFraming;
  /** Of the body; 0 unless `framing` is 'length'. */
  readonly lengthBytes: number;
  /** Whether the server keeps the connection for another request. */
  readonly keepsAlive: boolean;
}

const STATUS_LINE = /^HTTP\/1\.([01]) ([1-9]\d\d)(?: (.*))?$/;
const FIELD_NAME = /^[!#$%&'*+\-.^_`|~\dA-Za-z]+$/;

/** Up to 15 digits stay below 2^53. */
const LENGTH = /^\d{1,15}$/;

const SHOWN_CHARACTERS = 60;

/** Reads the head of an answer line by line; lines come without their ends. */
export class ResponseHeadReader {
  #minorVersion = -1;
  #status = 0;
  #reason = '';
  #lastName = '';
  readonly #fields = new Map<string, string>();

  /** @throws ScrapeError where the line is none of a head. */
  line(text: string): void {
    if (this.#minorVersion < 0) {
      const match = STATUS_LINE.exec(text);
      if (match === null) throw malformed(`no status line: ${shown(text)}`);
      this.#minorVersion = Number(match[1]);
      this.#status = Number(match[2]);
      this.#reason = match[3] ?? '';
    } else if (text.startsWith(' ') || text.startsWith('\t')) {
      // A folded line (RFC 9112, 5.2) goes on with the value before it.
      if (this.#lastName === '') throw malformed('a folded line before the first header field');
      this.#put(this.#lastName, ' ', trimBlanks(text));
    } else {
      const colon = text.indexOf(':');
      const name = text.slice(0, Math.max(0, colon));
      if (!FIELD_NAME.test(name)) throw malformed(`no header field: ${shown(text)}`);
      this.#lastName = name.toLowerCase();
      const separator = this.#fields.has(this.#lastName) ? ', ' : '';
      this.#put(this.#lastName, separator, trimBlanks(text.slice(colon + 1)));
    }
  }

  /** The head is whole. @throws ScrapeError where it does not say how long the body is. */
  finish(): ResponseHead {
    if (this.#minorVersion < 0) throw malformed('no status line: ""');
    const [status, fields] = [this.#status, this.#fields];
    const { framing, lengthBytes } = this.#framing();
    const options = optionsOf(fields.get('connection'));
    const keepsAlive =
      framing !== 'close' &&
      !options.includes('close') &&
      (this.#minorVersion === 1 || options.includes('keep-alive'));
    return { status, reason: this.#reason, fields, framing, lengthBytes, keepsAlive };
  }

  #put(name: string, separator: string, value: string): void {
    this.#fields.set(name, `${this.#fields.get(name) ?? ''}${separator}${value}`);
  }

  #framing(): Pick<ResponseHead, 'framing' | 'lengthBytes'> {
    const coding = this.#fields.get('transfer-encoding');
    const length = this.#fields.get('content-length');
    // Whoever believes the one and whoever believes the other see different answers.
    if (coding !== undefined && length !== undefined) {
      throw malformed('both Content-Length and Transfer-Encoding');
    }
    if (coding !== undefined) {
      if (coding.toLowerCase() !== 'chunked') {
        throw malformed(`unsupported Transfer-Encoding ${shown(coding)}`);
      }
      if (this.#minorVersion === 0) throw malformed('Transfer-Encoding in HTTP/1.0');
    } else if (length !== undefined && !LENGTH.test(length)) {
      throw malformed(`invalid Content-Length ${shown(length)}`);
    }
    if (this.#status < 200 || this.#status === 204 || this.#status === 304) {
      return { framing: 'none', lengthBytes: 0 };
    }
    if (coding !== undefined) return { framing: 'chunked', lengthBytes: 0 };
    if (length === undefined) return { framing: 'close', lengthBytes: 0 };
    return { framing: 'length', lengthBytes: Number(length) };
  }
}

/** An answer that is no HTTP/1.x, or that may be read in two ways. */
export function malformed(detail: string): ScrapeError {
  return new ScrapeError('connection', `malformed HTTP answer: ${detail}`);
}

/** The options of a `Connection` header, in lower case. */
function optionsOf(value: string | undefined): readonly string[] {
  if (value === undefined) return [];
  return value.split(',').map((option) => option.trim().toLowerCase());
}

function trimBlanks(text: string): string {
  return text.replace(/^[ \t]+|[ \t]+$/g, '');
}

export function shown(text: string): string {
  return JSON.stringify(text.slice(0, SHOWN_CHARACTERS));
}
