import { createHash } from 'node:crypto';
import { messageOf } from '../../model/index.ts';
import type { Logger } from '../../telemetry/index.ts';
import type { RingFileSystem } from '../ring/ring-file-system.ts';

const SUFFIX = '.group';

export interface GroupFilesOptions {
  readonly fileSystem: RingFileSystem;
  readonly directory: string;
}

/**
 * The groups that were pushed, by key, each in a file of its own (its key as JSON on a line, then
 * its bytes), so that they are held over a restart. In memory alone without a disk.
 */
export class GroupFiles {
  readonly #disk: GroupFilesOptions | undefined;
  readonly #values = new Map<string, Uint8Array>();
  #writing: Promise<void> = Promise.resolve();

  private constructor(disk: GroupFilesOptions | undefined) {
    this.#disk = disk;
  }

  /** Opens them with what earlier runs left; what cannot be read is said and left alone. */
  static async open(logger: Logger, disk?: GroupFilesOptions): Promise<GroupFiles> {
    const files = new GroupFiles(disk);
    if (disk === undefined) return files;
    const { fileSystem, directory } = disk;
    await fileSystem.makeDirectory(directory);
    for (const name of await fileSystem.list(directory)) {
      if (!name.endsWith(SUFFIX)) continue;
      try {
        const bytes = await fileSystem.read(`${directory}/${name}`);
        const end = bytes.indexOf(0x0a);
        const key: unknown = JSON.parse(Buffer.from(bytes.subarray(0, end)).toString());
        if (typeof key !== 'string' || nameOf(key) !== name) throw new RangeError('no key of its');
        files.#values.set(key, bytes.slice(end + 1));
      } catch (error) {
        logger.error({ file: name, err: messageOf(error) }, 'a pushed group cannot be read');
      }
    }
    return files;
  }

  /** Those whose keys begin so; the caller's copy. */
  under(keyPrefix: string): ReadonlyMap<string, Uint8Array> {
    return new Map([...this.#values].filter(([key]) => key.startsWith(keyPrefix)));
  }

  /**
   * Sets values, or removes them where they are undefined, one call after another; resolves when
   * that is on the disk. The bytes are this one's from here on.
   */
  write(values: ReadonlyMap<string, Uint8Array | undefined>): Promise<void> {
    if (values.size === 0) return Promise.resolve();
    const write = (): Promise<void> => this.#write(values);
    this.#writing = this.#writing.then(write, write);
    return this.#writing;
  }

  async #write(values: ReadonlyMap<string, Uint8Array | undefined>): Promise<void> {
    for (const [key, value] of values) {
      if (this.#disk !== undefined) await writeFile(this.#disk, key, value);
      if (value === undefined) this.#values.delete(key);
      else this.#values.set(key, value);
    }
    await this.#disk?.fileSystem.syncDirectory(this.#disk.directory);
  }
}

async function writeFile(
  { fileSystem, directory }: GroupFilesOptions,
  key: string,
  value: Uint8Array | undefined,
): Promise<void> {
  const path = `${directory}/${nameOf(key)}`;
  if (value === undefined) {
    await fileSystem.remove(path);
    return;
  }
  const file = await fileSystem.open(`${path}.tmp`, 'create');
  try {
    await file.write(Buffer.concat([Buffer.from(`${JSON.stringify(key)}\n`), value]), 0);
    await file.sync();
  } finally {
    await file.close();
  }
  await fileSystem.rename(`${path}.tmp`, path);
}

function nameOf(key: string): string {
  return `${createHash('sha256').update(key).digest('hex').slice(0, 32)}${SUFFIX}`;
}
