import type { Registry } from 'prom-client';
import { Counter, Gauge } from 'prom-client';

/**
 * Registers metrics whose values are read when they are asked for: nothing is counted twice, and
 * what is not scraped costs nothing. `read` runs at each scrape, on the main thread.
 */
export class Readings {
  readonly #registers: Registry[];

  constructor(registry: Registry) {
    this.#registers = [registry];
  }

  /** `tidegauge_NAME`, set to what `read` gives. */
  gauge(name: string, help: string, read: () => number): void {
    new Gauge({
      name: `tidegauge_${name}`,
      help,
      registers: this.#registers,
      collect() {
        this.set(read());
      },
    });
  }

  /** `tidegauge_NAME_total`. Where `read` gives less than before, readers see a reset. */
  counter(name: string, help: string, read: () => number): void {
    new Counter({
      name: `tidegauge_${name}_total`,
      help,
      registers: this.#registers,
      collect() {
        this.reset();
        // A counter throws at less than 0, and with it the whole answer to a scrape.
        this.inc(Math.max(0, read()));
      },
    });
  }
}
