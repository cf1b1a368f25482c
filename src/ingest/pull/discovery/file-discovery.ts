import { type FSWatcher, watch } from 'node:fs';
import { readdir, readFile, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { messageOf } from '../../../model/index.ts';
import type { Logger } from '../../../telemetry/index.ts';
import type { CancelTimer, Clock } from '../../../util/index.ts';
import type { FileSdConfig } from '../config/scrape-config.ts';
import type { PullMetrics } from '../metrics.ts';
import type { Discovery, TargetGroup } from './discovery.ts';
import { parseTargetFile } from './target-file.ts';

/** A change to a file comes as several events: they are read together. */
const SETTLE_MS = 50;

/** Larger target files are refused: a million targets fit. */
const FILE_BYTES_MAX = 64 * 1024 * 1024;

export interface FileDiscoveryOptions {
  readonly config: FileSdConfig;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: PullMetrics;
}

/**
 * Reads target groups from files and watches their directories; every refresh interval it reads
 * them all anyway, as a watch may be lost. A file that cannot be read or is not valid keeps the
 * groups it had; one that is gone takes its groups along.
 */
export class FileDiscovery implements Discovery {
  readonly #options: FileDiscoveryOptions;
  readonly #groups = new Map<string, readonly TargetGroup[]>();
  readonly #watchers = new Map<string, FSWatcher>();
  #update: (groups: readonly TargetGroup[]) => void = () => {};
  #cancelTimer: CancelTimer = () => {};
  #cancelSettle: CancelTimer = () => {};
  #settling = false;
  #refreshing = false;
  #again = false;
  #stopped = false;

  constructor(options: FileDiscoveryOptions) {
    this.#options = options;
  }

  start(update: (groups: readonly TargetGroup[]) => void): void {
    this.#update = update;
    this.#refresh();
  }

  stop(): void {
    this.#stopped = true;
    this.#cancelTimer();
    this.#cancelSettle();
    for (const watcher of this.#watchers.values()) watcher.close();
    this.#watchers.clear();
  }

  #refresh(): void {
    if (this.#stopped) return;
    if (this.#refreshing) {
      this.#again = true;
      return;
    }
    this.#refreshing = true;
    this.#cancelTimer();
    this.#readAll()
      .catch((error: unknown) => {
        this.#options.logger.error({ error: messageOf(error) }, 'reading target files failed');
      })
      .finally(() => {
        this.#refreshing = false;
        if (this.#stopped) return;
        const { clock, config } = this.#options;
        this.#cancelTimer = clock.setTimer(config.refreshIntervalMs, () => this.#refresh());
        if (!this.#again) return;
        this.#again = false;
        this.#refresh();
      });
  }

  async #readAll(): Promise<void> {
    // Watching starts before reading, so that no change between the two is lost.
    this.#watchDirectories();
    const paths = new Set<string>();
    for (const pattern of this.#options.config.files) {
      for (const path of await expandPattern(pattern)) paths.add(path);
    }
    for (const path of paths) await this.#readOne(path);
    for (const path of this.#groups.keys()) if (!paths.has(path)) this.#groups.delete(path);
    if (!this.#stopped) this.#update([...this.#groups.values()].flat());
  }

  async #readOne(path: string): Promise<void> {
    const { logger, metrics } = this.#options;
    try {
      const { size } = await stat(path);
      if (size > FILE_BYTES_MAX) {
        throw new Error(`the file has ${size} bytes, at most ${FILE_BYTES_MAX} are read`);
      }
      this.#groups.set(path, parseTargetFile(path, await readFile(path, 'utf8')));
    } catch (error) {
      metrics.fileSdReadErrors.inc();
      logger.error({ path, error: messageOf(error) }, 'target file not read, its targets stay');
    }
  }

  #watchDirectories(): void {
    const wanted = new Set(this.#options.config.files.map((pattern) => dirname(pattern)));
    for (const directory of wanted) {
      if (!this.#watchers.has(directory)) this.#watchDirectory(directory);
    }
  }

  #watchDirectory(directory: string): void {
    const { logger } = this.#options;
    const lost = (error: unknown): void => {
      this.#watchers.get(directory)?.close();
      // The next refresh tries again.
      this.#watchers.delete(directory);
      logger.warn({ directory, error: messageOf(error) }, 'directory of target files not watched');
    };
    try {
      const watcher = watch(directory, { persistent: false }, () => this.#changed());
      watcher.on('error', lost);
      this.#watchers.set(directory, watcher);
    } catch (error) {
      lost(error);
    }
  }

  #changed(): void {
    if (this.#settling || this.#stopped) return;
    this.#settling = true;
    this.#cancelSettle = this.#options.clock.setTimer(SETTLE_MS, () => {
      this.#settling = false;
      this.#refresh();
    });
  }
}

/** The files that a pattern names: itself, or by the one `*` in its last part, sorted. */
async function expandPattern(pattern: string): Promise<readonly string[]> {
  const name = basename(pattern);
  const directory = dirname(pattern);
  const star = name.indexOf('*');
  if (star < 0) return (await exists(pattern)) ? [pattern] : [];
  const before = name.slice(0, star);
  const after = name.slice(star + 1);
  const names = await readdir(directory).catch(() => []);
  return names
    .filter(
      (found) =>
        found.length >= before.length + after.length &&
        found.startsWith(before) &&
        found.endsWith(after),
    )
    .sort()
    .map((found) => join(directory, found));
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}
