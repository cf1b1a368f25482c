import type { MetricType } from '../../model/index.ts';
import { Labels, METRIC_NAME } from '../../model/index.ts';
import type { Clock } from '../../util/index.ts';
import type { GroupSource, Reading, SeriesNamer } from '../sampling/group-source.ts';
import { realHostFiles } from './host-files.ts';
import type { HostFiles, HostMetricVisitor } from './host-metric.ts';
import { hostCollectors, readHost } from './read-host.ts';

/** Label sets that are kept beside as many as the last reading had. */
const UNUSED_IDS_MAX = 1000;

/** The host's own metrics, as a group of the agent. */
export class HostSource implements GroupSource {
  readonly name = 'host';
  readonly marksEnds = false;
  readonly #namer: SeriesNamer;
  readonly #labels: Labels;
  readonly #clock: Clock;
  readonly #files: HostFiles;
  readonly #collectors = hostCollectors();
  readonly #ids = new Map<string, number>();

  /** @param labels of every series besides its own: `job`, `instance`. */
  constructor(namer: SeriesNamer, labels: Labels, clock: Clock, files: HostFiles = realHostFiles) {
    this.#namer = namer;
    this.#labels = labels;
    this.#clock = clock;
    this.#files = files;
  }

  async read(timestamp: number, reading: Reading): Promise<void> {
    const { columns } = reading;
    const visitor: HostMetricVisitor = {
      metric: (name, type, help, value, labels = []) => {
        columns.pushValue(this.#id(name, type, help, labels), timestamp, value);
      },
    };
    await readHost(this.#collectors, this.#files, visitor, () => this.#clock.monotonic());
    // Devices come and go: a host that runs containers names new ones for ever.
    if (this.#ids.size > 2 * columns.length + UNUSED_IDS_MAX) this.#ids.clear();
  }

  #id(name: string, type: MetricType, help: string, labels: readonly string[]): number {
    const key = `${name}\n${labels.join('\n')}`;
    const known = this.#ids.get(key);
    if (known !== undefined && this.#namer.isKnown(known)) return known;
    const all = Labels.fromPairs([...this.#labels.pairs, METRIC_NAME, name, ...labels]);
    const id = this.#namer.id(all, () => ({
      family: name,
      type,
      unit: '',
      help,
      priority: 'B',
    }));
    this.#ids.set(key, id);
    return id;
  }
}
