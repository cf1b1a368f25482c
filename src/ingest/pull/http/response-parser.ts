import { malformed, type ResponseHead, ResponseHeadReader, shown } from './response-head.ts';

const [LF, CR] = [0x0a, 0x0d];

/** Of status line and header fields of one answer, those before it (1xx) included; trailers too. */
const HEAD_BYTES_MAX = 64 * 1024;

/** Of one chunk's size with its extensions. */
const CHUNK_LINE_BYTES_MAX = 4096;

/** A chunk size of at most 13 hexadecimal digits stays below 2^53. */
const CHUNK_SIZE = /^([\dA-Fa-f]{1,13})[ \t]*(?:;.*)?$/;

/** All but the tab are no part of a line; a bare CR in one is how heads are smuggled. */
// oxlint-disable-next-line no-control-regex -- they are what is looked for.
const CONTROL = /[\0-\x08\n-\x1f\x7f]/;

/** Who is told what an answer says. What it throws is passed on by the parser. */
export interface ResponseHandler {
  /** Never of a status below 200. */
  onHead(head: ResponseHead): void;
  /** A part of the body; valid during the call only. */
  onBody(part: Uint8Array): void;
  /** The answer is whole. */
  onEnd(): void;
}

type State =
  | 'head'
  | 'fixed body'
  | 'body until close'
  | 'chunk size'
  | 'chunk'
  | 'chunk end'
  | 'trailers'
  | 'done';

/**
 * Reads one answer to a GET over HTTP/1.x (RFC 9112), however its bytes are cut. What can be
 * understood in two ways is refused: lengths that contradict each other, sizes that are no numbers,
 * lines that end in a bare CR. A line of a head may end in a bare LF, as small devices send it.
 */
export class ResponseParser {
  /** Whether any byte of the answer has come. */
  hasBegun = false;
  /** Set when the answer is whole and its connection may carry another one. */
  isReusable = false;
  /** Set with the head. */
  head: ResponseHead | undefined;
  readonly #handler: ResponseHandler;
  #state: State = 'head';
  #reader = new ResponseHeadReader();
  /** The begin of a line whose end has not come. */
  #partial = '';
  #headBytes = 0;
  /** Of the body, or of the chunk. */
  #leftBytes = 0;

  constructor(handler: ResponseHandler) {
    this.#handler = handler;
  }

  get isDone(): boolean {
    return this.#state === 'done';
  }

  /** @throws ScrapeError where the answer is malformed; nothing is to be fed after that. */
  feed(bytes: Buffer): void {
    let at = 0;
    if (bytes.length > 0) this.hasBegun = true;
    while (at < bytes.length) {
      if (this.#state === 'done') {
        // Nobody asked for more: what follows belongs to no request.
        this.isReusable = false;
        return;
      }
      at = this.#isInBody() ? this.#body(bytes, at) : this.#line(bytes, at);
    }
  }

  /** The connection has ended. @throws ScrapeError where the answer is not whole. */
  finish(): void {
    if (this.#state === 'body until close') this.#end(false);
    else if (this.#state !== 'done') {
      throw malformed(`the connection ended in its ${this.#state}`);
    }
  }

  #isInBody(): boolean {
    const state = this.#state;
    return state === 'fixed body' || state === 'chunk' || state === 'body until close';
  }

  #body(bytes: Buffer, at: number): number {
    const end = Math.min(bytes.length, at + this.#leftBytes);
    this.#leftBytes -= end - at;
    const isEnded = this.#leftBytes === 0;
    this.#handler.onBody(bytes.subarray(at, end));
    if (isEnded && this.#state === 'fixed body') this.#end(true);
    else if (isEnded) this.#state = 'chunk end';
    return end;
  }

  /** Reads on to the end of a line, if it is there. */
  #line(bytes: Buffer, at: number): number {
    const found = bytes.indexOf(LF, at);
    const isCut = found < 0;
    const end = isCut ? bytes.length : found;
    this.#count(end - at + (isCut ? 0 : 1));
    // All lines are Latin-1, so any cut is one between characters.
    const text = this.#partial + bytes.toString('latin1', at, end);
    this.#partial = isCut ? text : '';
    if (!isCut) this.#take(text);
    return isCut ? end : end + 1;
  }

  #count(sizeBytes: number): void {
    this.#headBytes += sizeBytes;
    const isChunk = this.#state === 'chunk size' || this.#state === 'chunk end';
    const limit = isChunk ? CHUNK_LINE_BYTES_MAX : HEAD_BYTES_MAX;
    if (this.#headBytes > limit) throw malformed(`its ${this.#state} takes over ${limit} bytes`);
  }

  #take(line: string): void {
    const hasCr = line.charCodeAt(line.length - 1) === CR;
    const text = hasCr ? line.slice(0, -1) : line;
    if (CONTROL.test(text)) throw malformed(`control character in ${shown(text)}`);
    switch (this.#state) {
      case 'head':
        if (text === '') this.#headEnd();
        else this.#reader.line(text);
        return;
      case 'chunk size':
        this.#chunkSize(text, hasCr);
        return;
      case 'chunk end':
        if (text !== '' || !hasCr) throw malformed('a chunk is longer than its size');
        this.#headBytes = 0;
        this.#state = 'chunk size';
        return;
      default:
        // Trailers are read for their end alone.
        if (text === '') this.#end(true);
    }
  }

  #chunkSize(text: string, hasCr: boolean): void {
    const size = CHUNK_SIZE.exec(text)?.[1];
    if (size === undefined || !hasCr) throw malformed(`invalid chunk size ${shown(text)}`);
    this.#headBytes = 0;
    this.#leftBytes = Number.parseInt(size, 16);
    this.#state = this.#leftBytes === 0 ? 'trailers' : 'chunk';
  }

  #headEnd(): void {
    const head = this.#reader.finish();
    if (head.status === 101) throw malformed('status 101, which nobody asked for');
    if (head.status < 200) {
      // Something of the kind of "go on": the answer follows.
      this.#reader = new ResponseHeadReader();
      return;
    }
    this.head = head;
    this.#headBytes = 0;
    switch (head.framing) {
      case 'chunked':
        this.#state = 'chunk size';
        break;
      case 'close':
        this.#state = 'body until close';
        this.#leftBytes = Infinity;
        break;
      default:
        this.#state = 'fixed body';
        this.#leftBytes = head.lengthBytes;
    }
    this.#handler.onHead(head);
    if (this.#state === 'fixed body' && this.#leftBytes === 0) this.#end(true);
  }

  #end(isFramed: boolean): void {
    this.#state = 'done';
    this.isReusable = isFramed && this.head?.keepsAlive === true;
    this.#handler.onEnd();
  }
}
