import { existsSync, readdirSync } from 'node:fs';

const POLL_MS = 5;

/** Tells of each entry that appears in a folder, there yet or not; counts what comes and goes. */
export class FolderWatch {
  /** Entries that came since the watch began and did not go by a temporary name. */
  appeared = 0;
  gone = 0;
  readonly #folder: string;
  readonly #onAppear: (name: string) => void;
  readonly #timer: NodeJS.Timeout;
  #names: ReadonlySet<string>;

  constructor(folder: string, onAppear: (name: string) => void = () => {}) {
    this.#folder = folder;
    this.#onAppear = onAppear;
    this.#names = this.#read();
    this.#timer = setInterval(() => this.#look(), POLL_MS);
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  #look(): void {
    const names = this.#read();
    const came = [...names].filter((name) => !this.#names.has(name));
    const isFinal = (name: string): boolean => !name.includes('.');
    this.appeared += came.filter(isFinal).length;
    this.gone += [...this.#names].filter((name) => isFinal(name) && !names.has(name)).length;
    this.#names = names;
    for (const name of came) this.#onAppear(name);
  }

  #read(): ReadonlySet<string> {
    return new Set(existsSync(this.#folder) ? readdirSync(this.#folder) : []);
  }
}
