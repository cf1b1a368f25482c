/** Reads files one after another; the next one while the one before is worked on. */
export class ReadAhead {
  readonly #paths: readonly string[];
  readonly #read: (path: string) => Promise<Uint8Array>;
  #at = 0;
  #reading: Promise<Uint8Array> | undefined;

  constructor(paths: readonly string[], read: (path: string) => Promise<Uint8Array>) {
    this.#paths = paths;
    this.#read = read;
    this.#begin();
  }

  /** The next file; there must be one. */
  async next(): Promise<Uint8Array> {
    const bytes = await this.#reading!;
    this.#begin();
    return bytes;
  }

  #begin(): void {
    const path = this.#paths[this.#at++];
    this.#reading = path === undefined ? undefined : this.#read(path);
    // Whoever asks for it is told; nobody may, after an earlier file failed.
    this.#reading?.catch(() => {});
  }
}
