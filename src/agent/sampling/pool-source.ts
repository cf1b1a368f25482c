import type { LocalPool, LocalTarget } from '../../ingest/pull/index.ts';
import type { Logger } from '../../telemetry/index.ts';
import { type GroupSource, Reading, type SeriesNamer } from './group-source.ts';
import { ScrapeSource, type UnsentCounts } from './scrape-source.ts';

interface Scraped {
  readonly source: ScrapeSource;
  readonly reading: Reading;
}

/**
 * The targets of a job that are found in files, as one group: which they are may change from tick
 * to tick. One that fails has its series ended and `up` 0, as in a collector; the group goes on.
 */
export class PoolSource implements GroupSource {
  readonly name: string;
  readonly marksEnds = true;
  readonly #pool: LocalPool;
  readonly #namer: SeriesNamer;
  readonly #logger: Logger;
  readonly #unsent: UnsentCounts;
  readonly #scraped = new Map<string, Scraped>();

  constructor(
    pool: LocalPool,
    namer: SeriesNamer,
    { logger, unsent }: { readonly logger: Logger; readonly unsent: UnsentCounts },
  ) {
    this.name = `scrape/${pool.jobName}`;
    this.#pool = pool;
    this.#namer = namer;
    this.#logger = logger;
    this.#unsent = unsent;
  }

  /** Those that were scraped last. */
  get targets(): LocalTarget[] {
    return [...this.#scraped.values()].map(({ source }) => source.target);
  }

  async read(timestamp: number, { columns }: Reading, signal: AbortSignal): Promise<void> {
    const { targets } = this.#pool;
    const gone = [...this.#scraped].filter(([key]) => !targets.has(key));
    for (const [key, target] of targets) {
      if (this.#scraped.has(key)) continue;
      const source = new ScrapeSource(
        (appender) => this.#pool.open(target, appender),
        this.#namer,
        { logger: this.#logger, unsent: this.#unsent },
      );
      this.#scraped.set(key, { source, reading: new Reading() });
    }
    for (const [key] of gone) this.#scraped.delete(key);
    // Ends first: a series may go from one target to another.
    const ends = gone.map(([, scraped]) => scraped);
    for (const { source, reading } of ends) {
      reading.reset();
      await source.end(timestamp, reading);
    }
    const scrapes = [...this.#scraped.values()];
    await Promise.all(
      scrapes.map(({ source, reading }) => {
        reading.reset();
        return source.read(timestamp, reading, signal);
      }),
    );
    // What a target has now is more than that another one has it no more.
    for (const { reading } of [...scrapes, ...ends]) {
      for (let at = 0; at < reading.columns.length; at++) columns.pushFrom(reading.columns, at);
    }
  }
}
