/** magic and version, type, flags, stream, codec, reserved, epoch, seq, payload length. */
export const HEADER_BYTES = 28;
/** CRC-32C of header and payload. */
export const TRAILER_BYTES = 4;

/** A whole frame, so that one never keeps a lane waiting for long: one WebSocket message. */
export const FRAME_BYTES_MAX = 65_536;
export const PAYLOAD_BYTES_MAX = FRAME_BYTES_MAX - HEADER_BYTES - TRAILER_BYTES;

/** A payload after inflation: what one frame may make the receiver hold. */
export const BODY_BYTES_MAX = 1_048_576;

export const BATCH_SERIES_MAX = 65_536;
export const BATCH_TICKS_MAX = 1024;
/** 20 bytes each in columns, so 2.6 MB. */
export const BATCH_SAMPLES_MAX = 131_072;
export const COVERAGE_ENTRIES_MAX = 4096;

/** Ids end below, so that their count fits 32 bits too. */
export const SERIES_ID_MAX = 2 ** 32 - 2;

export const SEQ_RANGES_MAX = 64;
export const LABELS_MAX = 128;
export const TEXT_BYTES_MAX = 4096;
