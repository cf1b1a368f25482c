import type { AgentFrameType, CollectorFrameType } from './frame-header.ts';
import type { PolicyFrame } from './policy.ts';
import type { Ack, Blocked, Heartbeat } from './progress-messages.ts';
import type {
  Audit,
  AuditResult,
  Lease,
  PullRange,
  RangeGone,
  Read,
  ReadChunk,
  ReadEnd,
} from './request-messages.ts';
import type {
  Bye,
  Certificate,
  CertificateRequest,
  Fence,
  Hello,
  Welcome,
} from './session-messages.ts';

/** Frames whose payload is a message of tagged fields. */
export type ControlMessage =
  | Hello
  | Heartbeat
  | RangeGone
  | ReadChunk
  | ReadEnd
  | AuditResult
  | Bye
  | CertificateRequest
  | Blocked
  | Welcome
  | Ack
  | PolicyFrame
  | PullRange
  | Read
  | Lease
  | Audit
  | Fence
  | Certificate;

export type ControlType = ControlMessage['type'];

/** Control messages by who sends them. */
export type AgentMessage = Extract<ControlMessage, { readonly type: AgentFrameType }>;
export type CollectorMessage = Extract<ControlMessage, { readonly type: CollectorFrameType }>;
