import { readTokenLines, tokenHash } from '../ingest/index.ts';
import { ApiError } from './errors.ts';
import type { ApiRequest } from './route.ts';

const LOOPBACK = /^(?:::ffff:)?127\.|^::1$/;
/** Headers of proxies and of pages in browsers: the address is not that of who asks. */
const HANDED_ON = ['forwarded', 'x-forwarded-for', 'x-real-ip', 'via', 'origin'];

/** Who may ask agents and change who may be one: operators, each with a token. */
export class Operators {
  readonly #file: string;
  /** Names by the hash of the token. */
  #names = new Map<string, string>();

  /** `file` is '' for none. @throws TokenFileError */
  constructor(file = '') {
    this.#file = file;
    this.reload();
  }

  /** Reads the file again. @throws TokenFileError, and what was read before stays in force. */
  reload(): void {
    const lines = readTokenLines(this.#file);
    this.#names = new Map(
      lines.map(({ token, fields }, index) => {
        return [tokenHash(token), fields.get('name') ?? `operator ${index + 1}`];
      }),
    );
  }

  /**
   * Name of the operator who asks agents for something. Where there are no tokens everybody may.
   * @throws ApiError (401)
   */
  mayAsk(request: ApiRequest): string {
    return this.#file === '' ? '' : this.#named(request);
  }

  /**
   * Name of the operator who changes who may be an agent. Where there are no tokens this may be
   * done from this host alone, and by no page in a browser.
   * @throws ApiError (401, 403)
   */
  mayAdmit(request: ApiRequest): string {
    if (this.#file !== '') return this.#named(request);
    const isHandedOn = HANDED_ON.some((name) => request.header(name) !== undefined);
    if (!isHandedOn && LOOPBACK.test(request.address)) return '';
    throw new ApiError(
      'forbidden',
      'without operator tokens this is for programs on the host of the collector alone: set ' +
        'tidegauge.web.operator_token_file',
    );
  }

  #named(request: ApiRequest): string {
    const authorization = request.header('authorization');
    const token = /^Bearer +(\S+)$/i.exec(authorization ?? '')?.[1];
    const name = this.#names.get(tokenHash(token ?? ''));
    if (name !== undefined) return name;
    const problem =
      token === undefined ? 'an operator token is needed' : 'the operator token is not known';
    throw new ApiError(
      'unauthorized',
      `${problem}: send one of tidegauge.web.operator_token_file as Authorization: Bearer TOKEN`,
    );
  }
}
