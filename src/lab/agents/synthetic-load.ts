import { syntheticValue } from '../../agent/index.ts';

/** Name of the metric that every agent has; its values tell agent, series and tick. */
export const METRIC = 'tidegauge_synthetic';
/** Name of a metric that nobody collects until it is asked for. */
export const EXTRA_METRIC = 'tidegauge_lab_extra';

export function instanceOf(agent: number): string {
  return `agent-${agent}`;
}

/** The series of one agent at one tick, as they are pushed and shown. */
export interface AgentLoad {
  readonly agent: number;
  readonly series: number;
  readonly intervalMs: number;
}

export function tickAt(timeMs: number, intervalMs: number): number {
  return Math.floor(timeMs / intervalMs);
}

export function valueOf({ agent }: AgentLoad, series: number, tick: number): number {
  return syntheticValue(agent, series, tick);
}

/** Writes a load in the text format. */
export class LoadText {
  readonly #load: AgentLoad;
  readonly #prefixes: readonly string[];

  constructor(load: AgentLoad) {
    this.#load = load;
    this.#prefixes = Array.from({ length: load.series }, (_, series) => {
      return `${METRIC}{series="${series}"} `;
    });
  }

  at(tick: number): string {
    let text = `# HELP ${METRIC} Encodes agent, series and tick.\n# TYPE ${METRIC} gauge\n`;
    for (const [series, prefix] of this.#prefixes.entries()) {
      text += `${prefix}${valueOf(this.#load, series, tick)}\n`;
    }
    return text;
  }
}

export function extraText(): string {
  return `# HELP ${EXTRA_METRIC} Not collected at first.\n# TYPE ${EXTRA_METRIC} gauge\n${EXTRA_METRIC} 1\n`;
}
