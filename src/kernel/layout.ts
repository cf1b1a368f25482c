/**
 * Offsets inside the slab that TypeScript reads, in bytes. They repeat `kernel/layout.ts`, where
 * their meaning stands; a test holds the two together.
 */
export const LAYOUT_VERSION = 2;
export const H_VERSION = 0;
export const H_IDENTITY_COUNT = 776;
export const H_SERIES_COUNT = 840;
export const H_CHUNK_COUNT = 844;
export const H_SAMPLE_COUNT = 848;
export const H_POWERS = 864;
export const H_EPOCH = 384;
export const H_COMMIT = 896;
export const H_KIND_BYTES = 1024;
export const H_ROOTS = 1280;

export const STATUS_OK = 0;
export const STATUS_MALFORMED = 1;
export const STATUS_TOO_LARGE = 2;
export const STATUS_NO_MEMORY = 3;

export const B_INPUT_LENGTH = 8;
export const B_MESSAGE = 12;
export const B_MESSAGE_LENGTH = 20;
export const B_LENGTH = 40;
export const B_REFS = 44;
export const B_TIMES = 48;
export const B_VALUES = 52;
export const B_OUTCOMES = 56;
export const B_UNKNOWN = 60;
export const B_UNKNOWN_COUNT = 68;
export const B_RANGES = 72;
export const B_RANGE_COUNT = 80;
export const B_LATE = 84;
export const B_LATE_COUNT = 92;
export const B_ERROR_OFFSET = 96;
export const B_SERIES = 104;
export const B_PREDICTED = 108;
export const B_PROBED = 112;
export const B_DROPPED = 116;
export const B_EXPLICIT_TIMES = 120;
export const B_OUTCOME_COUNTS = 128;
export const B_FAILED_AT = 152;
export const B_PACKED = 156;

export const U_START = 0;
export const U_LENGTH = 4;
export const U_FIRST_SAMPLE = 8;
export const U_SAMPLE_COUNT = 12;
export const UNKNOWN_BYTES = 48;

export const R_KIND = 0;
export const R_START = 4;
export const R_END = 8;
export const R_REF = 12;
export const R_UNKNOWN = 16;
export const R_SAMPLE = 20;
export const RANGE_BYTES = 24;

export const O_SEEN = 16;
export const O_SEEN_COUNT = 24;
export const O_TAKEN = 28;
export const O_TAKEN_COUNT = 36;

export const V_SLOT = 0;
export const V_TIMES = 8;
export const V_VALUES = 12;
export const V_MORE = 20;
export const V_REFS = 36;
export const V_CAPS = 40;
export const V_ENDS = 44;
export const V_NEXT = 48;
export const V_RESUME = 56;
export const READER_SAMPLES = 4096;
export const READER_BATCH = 1024;

export const N_TEXTS = 8;
export const N_WORDS = 16;
export const N_SERIES = 24;
export const N_COUNT = 32;
export const N_LEAST_REF = 44;
export const N_GREATEST_REF = 48;
export const N_SYMBOL_ROOM = 52;
export const N_PAIR_ROOM = 56;
export const N_SET_ROOM = 60;
export const Q_REF = 0;
export const Q_FIRST = 4;
export const Q_LENGTH = 8;
export const RUN_SERIES_BYTES = 12;
export const X_START = 0;
export const X_LENGTH = 4;
export const TEXT_BYTES = 16;

export const G_LEAST_REF = 16;
export const G_GREATEST_REF = 20;
export const G_LEAST_TIME = 24;

export const K_CHUNKS = 0;
export const K_CHUNKS_LENGTH = 8;
export const K_CHUNK_COUNT = 12;
export const K_TIMES = 16;
export const K_TIMES_LENGTH = 24;
export const K_TIMES_COUNT = 28;
export const K_NEWEST = 48;

export const OUTCOME_COUNT = 6;
export const NO_ROOM = 255;
/** Samples of one chunk at most. */
export const CHUNK_SAMPLES_MAX = 1024;
