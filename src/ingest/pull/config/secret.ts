import { inspect } from 'node:util';

const SHOWN = '<secret>';

/** A text that never appears where the configuration is printed, logged, or sent as JSON. */
export class Secret {
  readonly #text: string;

  constructor(text: string) {
    this.#text = text;
  }

  reveal(): string {
    return this.#text;
  }

  toString(): string {
    return SHOWN;
  }

  toJSON(): string {
    return SHOWN;
  }

  [inspect.custom](): string {
    return SHOWN;
  }
}

/**
 * A text that two values share exactly when all they hold is equal, secrets included. Keep it in
 * memory only.
 */
export function fingerprint(value: unknown): string {
  return JSON.stringify(value, function (this: Record<string, unknown>, key, shown: unknown) {
    const held = this[key];
    if (held instanceof Secret) return { secret: held.reveal() };
    return typeof held === 'bigint' ? `${held}n` : shown;
  });
}
