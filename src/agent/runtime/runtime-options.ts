import type {
  PriorityClass,
  SamplingMode,
  ToleranceKind,
  BootReason,
} from '../../formats/tide/index.ts';
import type { Labels } from '../../model/index.ts';
import type { Logger } from '../../telemetry/index.ts';
import type { Clock } from '../../util/index.ts';
import type { ClientIdentity } from '../connection/client-identity.ts';
import type { ReconnectOptions } from '../connection/reconnect.ts';
import type { Connect } from '../connection/transport.ts';
import type { AgentEpoch } from '../epoch.ts';
import type { LadderOptions } from '../flow/degradation-ladder.ts';
import type { AllowedReads } from '../reads/read-answerer.ts';
import type { AgentRing } from '../ring/agent-ring.ts';
import type { SampleTotals } from '../sampling/tick-accounts.ts';
import type { GroupSource, SeriesNamer } from '../sampling/group-source.ts';
import type { SeriesDescription } from '../sampling/series-table.ts';
import type { SessionCounters } from './agent-session.ts';
import type { PolicyLimits } from './policies.ts';
import type { RejectedSamples } from './rejections.ts';

/** One group of series to be sampled. */
export interface GroupSetup {
  /** Makes the source, given the means to name series. */
  open(namer: SeriesNamer): GroupSource;
  readonly intervalMs: number;
  /** Time of tick 0; below the interval, so that a restart goes on with the same grid. */
  readonly anchorMs: number;
  readonly mode: SamplingMode;
  readonly tolerance?: {
    readonly kind: ToleranceKind;
    readonly value: number;
    /** Permitted while sending has to be spared, in mode SAMPLE too; `value` where not given. */
    readonly max?: number;
  };
  /** Least time between two changes of a series that are sent, in mode ON_CHANGE. */
  readonly dampeningMs?: number;
  /** All series are sent at least this often, in mode ON_CHANGE. */
  readonly syncMs: number;
  readonly priority: PriorityClass;
  readonly batchTicks: number;
}

export interface AgentRuntimeOptions {
  readonly agentId: string;
  readonly version: string;
  readonly bootReason: BootReason;
  readonly epoch: AgentEpoch;
  /** Owned by the runtime from here on: closed by `stop`. */
  readonly ring: AgentRing;
  readonly clock: Clock;
  readonly random: () => number;
  readonly logger: Logger;
  readonly connect: Connect;
  /** Certificate that is renewed over the session; undefined where there is none. */
  readonly identity?: Pick<ClientIdentity, 'renewal' | 'accept'>;
  readonly reconnect?: Partial<Omit<ReconnectOptions, 'random'>>;
  readonly externalLabels: Labels;
  readonly groups: readonly GroupSetup[];
  readonly allowed: AllowedReads;
  /** What of policies is taken over; see DEFAULT_POLICY_LIMITS. */
  readonly policyLimits?: PolicyLimits;
  /** Of all leases together. */
  readonly leaseSamplesPerSecondMax: number;
  /** Whether a disk is behind the ring. */
  readonly flushes: boolean;
  /** Whether the folder of that disk is where it was, and still this agent's. */
  isDiskKept?(): Promise<boolean>;
  /** Clocks that are further apart are said in the log; not looked at where not given. */
  readonly clockSkewWarnMs?: number;
  /** CPU time that the agent may use, as a part of one core; not looked at where not given. */
  readonly cpuBudget?: number;
  /** CPU time of the process, in milliseconds. */
  readonly cpuMs?: () => number;
  readonly ladder?: Partial<LadderOptions>;
  /**
   * The clock was set back by more than is waited for, and this epoch has ticks beyond it: sampling
   * goes on with another runtime of a later epoch, or when the clock is there again.
   */
  onClockSetBack?(byMs: number): void;
  /** The collector wants this identity and epoch never again: nothing is sent any more. */
  onFenced(reason: string): void;
}

/** One sample of an event. */
export interface EventSample {
  readonly labels: Labels;
  readonly value: number;
  readonly describe: () => SeriesDescription;
}

/** What an agent says of itself. */
export interface RuntimeStatus extends SessionCounters {
  readonly inSession: boolean;
  readonly rttMs: number | undefined;
  /** Of this clock before the collector's; undefined until a heartbeat was answered. */
  readonly clockAheadMs: number | undefined;
  readonly deferredFrames: number;
  /** Series that are told of: those that are sampled, and those that the ring has samples of. */
  readonly series: number;
  /** Series that something is remembered of to sample them. */
  readonly sampledSeries: number;
  /** Bytes of schemas that are held for the batches in the ring. */
  readonly schemaBytes: number;
  /** Entries that tell where batches are in time. */
  readonly indexEntries: number;
  readonly totals: Readonly<SampleTotals>;
  readonly ringUsedBytes: number;
  readonly ringLimitBytes: number;
  readonly ringFailures: number;
  /** The folder of the ring is gone: memory is all there is. */
  readonly isDiskLost: boolean;
  readonly reads: number;
  readonly leases: number;
  readonly sealedBatches: number;
  /** From the newest sample in each of these until it was sealed and sent, added up. */
  readonly sealDelayMs: number;
  readonly ladderStep: string;
  /** The same as a number: 0 for normal. */
  readonly ladderIndex: number;
  readonly faults: number;
  /** Samples that the collector said it will never store, by why. */
  readonly rejectedSamples: RejectedSamples;
  /** Frames of which it said that as a whole. */
  readonly rejectedFrames: number;
}
