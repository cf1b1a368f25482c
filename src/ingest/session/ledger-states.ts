import { LEDGER_STATE_PREFIX } from '../../sources/index.ts';
import type { AgentRecord } from './agent-record.ts';
import type { SessionTable } from './session-table.ts';

/** Epochs of an agent that are told apart, unless it holds more. */
const EPOCHS_KEPT = 32;

/** What the store keeps of ledgers beside the records of samples: read at the start, and kept. */
export class LedgerStates<Body> {
  readonly #table: SessionTable<Body>;
  readonly #epochsKept: number;
  #lastToken = 0;

  /** @param epochsKept epochs of an agent that are told apart; of older ones only sums are kept. */
  constructor(table: SessionTable<Body>, epochsKept = EPOCHS_KEPT) {
    this.#table = table;
    this.#epochsKept = epochsKept;
  }

  /** Takes back in, at the start, a state that was written with a key of the ledger. */
  load(key: string, value: Uint8Array, nowMs: number): void {
    const rest = key.slice(LEDGER_STATE_PREFIX.length);
    const agent = this.#table.agent(rest.slice(0, rest.lastIndexOf('/')));
    const epoch = agent.ledger.loadEpoch(value, nowMs);
    if (epoch === undefined) return;
    agent.durableEpochs.add(epoch.epoch);
    agent.mayBeUnconfirmed ||= epoch.lanes.some(({ unconfirmed }) => unconfirmed.size > 0);
  }

  /** Writes what changed without samples. */
  persistDirty(agent: AgentRecord<Body>): void {
    for (const epoch of agent.dirty) {
      // A record under way holds more than the ledger does: this would undo it.
      const isUnderWay = agent.applying?.frames.some(({ frame }) => frame.sealed.epoch === epoch);
      if (isUnderWay !== true) this.#persist(agent, epoch, undefined);
    }
  }

  /** Writes an epoch that somebody waits for; the token that `persisted` is told. */
  persist(agent: AgentRecord<Body>, epoch: number): number {
    const token = ++this.#lastToken;
    this.#persist(agent, epoch, token);
    return token;
  }

  /** Keeps only sums of the oldest epochs. */
  fold(agent: AgentRecord<Body>, nowMs: number): void {
    const { ledger } = agent;
    const mayCome = (epoch: number) => agent.held.has(epoch) || agent.isUnderWay(epoch);
    const epochs = ledger.fold(this.#epochsKept, mayCome, nowMs);
    if (epochs.length === 0) return;
    const { agentId } = ledger;
    const removed = epochs.map((epoch) => ({ key: ledger.stateKey(epoch), value: undefined }));
    const states = [ledger.foldedState(), ...removed];
    for (const epoch of epochs) agent.forget(epoch);
    this.#table.emit({ kind: 'PERSIST', agentId, states, token: undefined });
    this.#table.emit({ kind: 'FOLDED', agentId, epochs });
  }

  #persist(agent: AgentRecord<Body>, epoch: number, token: number | undefined): void {
    agent.dirty.delete(epoch);
    const { agentId } = agent.ledger;
    const key = agent.ledger.stateKey(epoch);
    const states = [{ key, value: agent.ledger.encodeEpoch(epoch) }];
    this.#table.emit({ kind: 'PERSIST', agentId, states, token });
  }
}
