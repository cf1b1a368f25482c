import type { Sealed } from '../../formats/tide/index.ts';
import type { EpochLedger } from '../../sources/index.ts';
import { accountsOf, type AgentRecord, type Waiting } from './agent-record.ts';
import type { AppliedFrame, SealedContent } from './session-output.ts';
import type { SessionTable } from './session-table.ts';

/**
 * Decides what becomes of a sealed frame that came in, live or by repair: to the store, or not
 * because it is there, cannot be read yet, or is not what it says.
 */
export class Intake<Body> {
  readonly #table: SessionTable<Body>;
  readonly #open: (sealed: Sealed) => SealedContent<Body>;

  constructor(table: SessionTable<Body>, open: (sealed: Sealed) => SealedContent<Body>) {
    this.#table = table;
    this.#open = open;
  }

  /** Puts a frame in the queue to the store; false when it does not go there. */
  take(
    agent: AgentRecord<Body>,
    sealed: Sealed,
    from: Omit<Waiting<Body>, 'frame'>,
    byRepair: boolean,
  ): boolean {
    const epoch = agent.ledger.epoch(sealed.epoch);
    if (epoch === undefined) return false;
    const lane = epoch.lane(sealed.stream);
    const isHere = lane.received.has(sealed.seq) || lane.durable.has(sealed.seq);
    const again = isHere && this.#isPulledAgain(agent, sealed);
    if (isHere && !again) {
      agent.duplicateCount++;
      return false;
    }
    const content = this.#openSealed(sealed);
    if (content instanceof Error) {
      this.#reject(agent, epoch, { sealed, fault: content.message }, from.receivedMs);
      return false;
    }
    if (!this.#isReadable(agent, epoch, { sealed, content, byRepair })) {
      lane.heard(lane.firstRetained, sealed.seq, from.receivedMs);
      return false;
    }
    if (!again) {
      const receipt = receive(epoch, { sealed, content }, from.receivedMs);
      if (receipt === 'MISFIT') {
        const fault = 'it accounts for ticks that another frame has accounted for';
        this.#reject(agent, epoch, { sealed, fault }, from.receivedMs);
      }
      if (receipt !== 'NEW') return false;
      if (content.kind === 'SCHEMA') agent.noteSchema(sealed.epoch, content.change);
    }
    agent.waiting.push({ ...from, frame: { sealed, content, byRepair, again } });
    return true;
  }

  #isPulledAgain(agent: AgentRecord<Body>, { epoch, stream, seq }: Sealed): boolean {
    const pull = agent.session?.pull;
    if (pull === undefined || !pull.again) return false;
    return pull.epoch === epoch && pull.stream === stream && pull.left.has(seq);
  }

  #openSealed(sealed: Sealed): SealedContent<Body> | Error {
    try {
      return this.#open(sealed);
    } catch (error) {
      // Whatever is wrong with it is the sender's doing, and no reason to stop the session.
      return error instanceof Error ? error : new Error(String(error));
    }
  }

  /** Whether the schemas before this frame are here; if not, it is pulled again, behind them. */
  #isReadable(
    agent: AgentRecord<Body>,
    epoch: EpochLedger,
    { sealed, content, byRepair }: Omit<AppliedFrame<Body>, 'again'>,
  ): boolean {
    const known = agent.schemaReceived(epoch);
    const needed =
      content.kind === 'SCHEMA'
        ? (content.change.after ?? content.change.version - 1)
        : content.head.schemaVersion;
    if (needed <= known) return true;
    if (byRepair) agent.holdBack(sealed, content);
    return false;
  }

  #reject(
    agent: AgentRecord<Body>,
    epoch: EpochLedger,
    { sealed, fault }: { readonly sealed: Sealed; readonly fault: string },
    nowMs: number,
  ): void {
    epoch.reject(sealed, nowMs);
    this.#table.rejected(agent, sealed, { reason: 'FORMAT', fault });
  }
}

/** As `EpochLedger.receive`; what a bug leaves half received is missing. */
function receive<Body>(
  epoch: EpochLedger,
  { sealed, content }: Pick<AppliedFrame<Body>, 'sealed' | 'content'>,
  nowMs: number,
): ReturnType<EpochLedger['receive']> {
  try {
    return epoch.receive(sealed, accountsOf(content), nowMs);
  } catch (error) {
    epoch.drop(sealed);
    throw error;
  }
}
