import { ChaosLink, ChaosProxy, type ChaosCounts, type Faults } from './chaos-proxy.ts';

/** The network between agents and collector: one link, over which any port is reached. */
export class LabNetwork {
  readonly #link = new ChaosLink();
  readonly #proxies: ChaosProxy[] = [];
  readonly #seed: number;
  #faults: Partial<Faults>;

  constructor(seed: number, faults: Partial<Faults>) {
    this.#seed = seed;
    this.#faults = faults;
  }

  /** Makes a port reachable over the link; gives the port to connect to. */
  async reach(targetPort: number): Promise<number> {
    const proxy = await ChaosProxy.start({
      targetPort,
      seed: this.#seed + this.#proxies.length,
      link: this.#link,
      faults: this.#faults,
    });
    this.#proxies.push(proxy);
    return proxy.port;
  }

  set(faults: Partial<Faults>): void {
    this.#faults = { ...this.#faults, ...faults };
    for (const proxy of this.#proxies) proxy.set(faults);
  }

  get resets(): number {
    return this.#sum(({ resets }) => resets);
  }

  /** Bytes in the direction that has more of them. */
  get bytes(): number {
    return Math.max(this.#link.toTarget.passedBytes, this.#link.fromTarget.passedBytes);
  }

  get bytesBothWays(): number {
    return this.#link.toTarget.passedBytes + this.#link.fromTarget.passedBytes;
  }

  async close(): Promise<void> {
    await Promise.all(this.#proxies.map((proxy) => proxy.close()));
  }

  #sum(of: (counts: ChaosCounts) => number): number {
    return this.#proxies.reduce((sum, { counts }) => sum + of(counts), 0);
  }
}
