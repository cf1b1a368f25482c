import type { OpenPushProtocols } from '../agent/index.ts';
import { createPushHandlers } from '../ingest/index.ts';

/** What an agent knows by its bytes of the series that are pushed to it. */
const IDENTITY_BYTES = 16 * 1024 * 1024;

/** The protocols by which the collector takes pushes, for an agent's receivers. */
export const openPushProtocols: OpenPushProtocols = ({
  store,
  clock,
  logger,
  metrics,
  version,
  maxBodyBytes,
  maxInFlightBytes,
  bodyTimeoutMs,
  retryAfterSeconds,
  resampleMs,
}) =>
  createPushHandlers({
    storage: store,
    // Whoever pushes to an agent is on its host: there is nobody to list.
    sources: { contactPush() {} },
    ...{ clock, logger, metrics, version },
    options: {
      max_body_bytes: maxBodyBytes,
      max_in_flight_bytes: maxInFlightBytes,
      body_timeout_ms: bodyTimeoutMs,
      retry_after_seconds: retryAfterSeconds,
      identity_cache_bytes: IDENTITY_BYTES,
      pushgateway_resample_ms: resampleMs,
      pushgateway_admin: false,
    },
    takesOneShots: false,
  });
