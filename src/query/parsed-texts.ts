/** Texts that are kept, and the longest of them: dashboards ask the same some hundred again. */
const KEPT_TEXTS = 256;
const KEPT_LENGTH = 1_000;

/** What texts parse to, of those that were asked for last: the same ones come again and again. */
export class ParsedTexts<T extends object> {
  readonly #parse: (text: string) => T;
  /** The one that was asked for longest ago first. */
  readonly #kept = new Map<string, T>();

  constructor(parse: (text: string) => T) {
    this.#parse = parse;
  }

  /** Shared by all who ask: not to be changed. @throws what parsing throws */
  of(text: string): T {
    const known = this.#kept.get(text);
    if (known !== undefined) {
      this.#kept.delete(text);
      this.#kept.set(text, known);
      return known;
    }
    const parsed = this.#parse(text);
    if (text.length <= KEPT_LENGTH) this.#keep(text, parsed);
    return parsed;
  }

  #keep(text: string, parsed: T): void {
    this.#kept.set(text, parsed);
    if (this.#kept.size <= KEPT_TEXTS) return;
    for (const oldest of this.#kept.keys()) {
      this.#kept.delete(oldest);
      return;
    }
  }
}
