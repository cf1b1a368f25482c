// Where everything that threads share lies. README.md draws it; src/kernel/layout.ts repeats the
// offsets that TypeScript reads, and a test holds the two together.

/** Of the layouts in this file: another number, another kernel. */
export const LAYOUT_VERSION: u32 = 2;

export const PAGE_BITS: u32 = 13;
export const PAGE_BYTES: usize = 8192;
/** WebAssembly's own pages, by which memory grows. */
export const WASM_PAGE_BYTES: usize = 65536;

/** Readable (and for staging writable) bytes after what a length says: wide loads pass the end. */
export const SLACK_BYTES: usize = 64;

// The header, in the first 4 KiB. Address 0 is inside it, so that 0 can stand for "none".
export const H_VERSION: usize = 0;
export const H_PAGE_MAP: usize = 8;
/** First page that was never given out; those behind it are fresh. */
export const H_PAGE_TOP: usize = 12;
/** Pages that may be given out at most, the guard page not among them. */
export const H_PAGE_LIMIT: usize = 16;
export const H_FIRST_PAGE: usize = 20;
/** Pages in free runs. */
export const H_FREE_PAGES: usize = 24;
/** First page of the first free run of 2^i to 2^(i+1)-1 pages. */
export const H_RUN_BINS: usize = 32;
export const RUN_BINS: u32 = 20;
/** First span with a free block, by size class. */
export const H_SPANS: usize = 128;
export const H_EPOCH: usize = 384;
export const H_RETIRED_FIRST: usize = 388;
export const H_RETIRED_LAST: usize = 392;
export const H_READER_SLOTS: usize = 512;
export const READER_SLOTS: u32 = 64;

export const H_SLOTS: usize = 768;
export const H_SLOT_MASK: usize = 772;
export const H_IDENTITY_COUNT: usize = 776;
export const H_ENTRY_PAGES: usize = 780;
export const H_ENTRY_PAGES_CAPACITY: usize = 784;
/** Entries that were ever given out; the next fresh one has this number plus one. */
export const H_ENTRY_TOP: usize = 788;
export const H_ENTRY_FREE: usize = 792;
/** Number of bodies so far: the "when" of identities. */
export const H_PASS: usize = 796;
export const H_SWEEP_NEXT: usize = 800;

export const H_DIRECTORY: usize = 832;
export const H_DIRECTORY_CAPACITY: usize = 836;
export const H_SERIES_COUNT: usize = 840;
export const H_CHUNK_COUNT: usize = 844;
export const H_SAMPLE_COUNT: usize = 848;
export const H_TIME_CACHE: usize = 856;
export const H_SCRATCH: usize = 860;
/** Powers of five, for reading numbers. */
export const H_POWERS: usize = 864;
/** 1 when refs are series of another kernel. */
export const H_FOREIGN: usize = 868;
/** By ref, when they are: the newest body of a tracked owner that had the series. */
export const H_SEEN: usize = 872;
export const H_SEEN_CAPACITY: usize = 876;

/** Number of the last finished commit, even; one more while the next is under way. */
export const H_COMMIT: usize = 896;

/** Room for 32 kinds each. */
export const H_KIND_BYTES: usize = 1024;
export const H_KIND_COUNTS: usize = 1152;
/** Words from which structures that are not the kernel's are found. */
export const H_ROOTS: usize = 1280;

/** Key of the fingerprints: 1 KiB for one lane, 16 bytes more for the other; 32 for mixing. */
export const H_KEY: usize = 2048;
export const KEY_SEGMENT_BYTES: u32 = 1024;
export const H_KEY_MIX: usize = H_KEY + 1040;
/** 16 bytes of ones and 32 of zeros: the mask of a short block is a window over them. */
export const H_MASK: usize = 3136;

// What memory is used for; the order of MEMORY_KINDS in src/kernel/slab.ts.
export const KIND_STAGING: u32 = 0;
export const KIND_COLUMNS: u32 = 1;
export const KIND_LISTS: u32 = 2;
export const KIND_IDENTITIES: u32 = 3;
export const KIND_SLOTS: u32 = 4;
export const KIND_DIRECTORY: u32 = 5;
export const KIND_SERIES: u32 = 6;
export const KIND_TAILS: u32 = 7;
export const KIND_CHUNKS: u32 = 8;
export const KIND_TIMES: u32 = 9;
export const KIND_OWNERS: u32 = 10;
export const KIND_READERS: u32 = 11;
export const KIND_RETIRED: u32 = 12;
export const KIND_SCRATCH: u32 = 13;
export const KIND_SYMBOLS: u32 = 14;
export const KIND_LABEL_SETS: u32 = 15;
export const KIND_POSTINGS: u32 = 16;
export const KIND_LABEL_LOOKUP: u32 = 17;

// Statuses of calls over a whole body.
export const STATUS_OK: u32 = 0;
export const STATUS_MALFORMED: u32 = 1;
export const STATUS_TOO_LARGE: u32 = 2;
export const STATUS_NO_MEMORY: u32 = 3;

// A body: what is under way of one request or scrape.
export const B_INPUT: usize = 0;
export const B_INPUT_CAPACITY: usize = 4;
export const B_INPUT_LENGTH: usize = 8;
export const B_MESSAGE: usize = 12;
export const B_MESSAGE_CAPACITY: usize = 16;
export const B_MESSAGE_LENGTH: usize = 20;
/** Label fields of series whose sender scattered them, side by side. */
export const B_GATHER: usize = 24;
export const B_GATHER_CAPACITY: usize = 28;
export const B_GATHER_LENGTH: usize = 32;
export const B_CAPACITY: usize = 36;
export const B_LENGTH: usize = 40;
export const B_REFS: usize = 44;
export const B_TIMES: usize = 48;
export const B_VALUES: usize = 52;
export const B_OUTCOMES: usize = 56;
export const B_UNKNOWN: usize = 60;
export const B_UNKNOWN_CAPACITY: usize = 64;
export const B_UNKNOWN_COUNT: usize = 68;
export const B_RANGES: usize = 72;
export const B_RANGES_CAPACITY: usize = 76;
export const B_RANGE_COUNT: usize = 80;
export const B_LATE: usize = 84;
export const B_LATE_CAPACITY: usize = 88;
export const B_LATE_COUNT: usize = 92;
export const B_ERROR_OFFSET: usize = 96;
export const B_OWNER: usize = 100;
export const B_SERIES: usize = 104;
export const B_PREDICTED: usize = 108;
export const B_PROBED: usize = 112;
export const B_DROPPED: usize = 116;
export const B_EXPLICIT_TIMES: usize = 120;
/** Last identity of the body: an entry, or an unknown one's index with `UNKNOWN_FLAG`. */
export const B_LAST: usize = 124;
/** Six counters, by outcome. */
export const B_OUTCOME_COUNTS: usize = 128;
export const B_FAILED_AT: usize = 152;
/** Where `packColumns` left its bytes. */
export const B_PACKED: usize = 156;
/** Indexes of samples by ref. */
export const B_ORDER: usize = 160;
export const B_ORDER_CAPACITY: usize = 164;
export const BODY_BYTES: usize = 176;

// An identity that is not known yet.
export const U_START: usize = 0;
export const U_LENGTH: usize = 4;
export const U_FIRST_SAMPLE: usize = 8;
export const U_SAMPLE_COUNT: usize = 12;
export const U_FINGERPRINT: usize = 16;
export const U_PREVIOUS: usize = 32;
export const U_FOLLOWING: usize = 36;
export const U_ENTRY: usize = 40;
export const UNKNOWN_BYTES: u32 = 48;
export const UNKNOWN_FLAG: u32 = 0x80000000;

// A range of bytes for TypeScript to read.
export const R_KIND: usize = 0;
export const R_START: usize = 4;
export const R_END: usize = 8;
export const R_REF: usize = 12;
export const R_UNKNOWN: usize = 16;
export const R_SAMPLE: usize = 20;
export const RANGE_BYTES: u32 = 24;
export const RANGE_HISTOGRAM: u32 = 1;
export const RANGE_EXEMPLAR: u32 = 2;
export const RANGE_METADATA: u32 = 3;
export const RANGE_COMMENT: u32 = 4;
export const RANGE_NUMBER: u32 = 5;
export const RANGE_LINE_EXEMPLAR: u32 = 6;
export const RANGE_TIME: u32 = 7;
export const NONE: u32 = 0xffffffff;

// An identity: a fingerprint and the series it stands for.
export const E_FINGERPRINT: usize = 0;
export const E_REF: usize = 16;
/** The entry that followed last time. In a free entry: the next free one. */
export const E_NEXT: usize = 20;
export const E_LENGTH: usize = 24;
/** Body that had it last; 0 in a free entry. */
export const E_SEEN: usize = 28;
export const ENTRY_BITS: u32 = 5;
export const ENTRIES_PER_PAGE_BITS: u32 = 8;
export const DROPPED_REF: u32 = 0xffffffff;

// An owner: a sender or a scrape target.
export const O_CONTEXT: usize = 0;
export const O_LAST: usize = 8;
export const O_TRACKED: usize = 12;
/** Refs that this body had, in the order in which they were found. */
export const O_SEEN: usize = 16;
export const O_SEEN_CAPACITY: usize = 20;
export const O_SEEN_COUNT: usize = 24;
/** Those of the body before, when it was taken. */
export const O_TAKEN: usize = 28;
export const O_TAKEN_CAPACITY: usize = 32;
export const O_TAKEN_COUNT: usize = 36;
/** The number of this body: what was seen in it carries it. */
export const O_PASS: usize = 40;
export const OWNER_BYTES: usize = 48;

// A series: one line of 64 bytes.
/** Odd while the writer restructures; readers then wait or begin again. */
export const S_VERSION: usize = 0;
export const S_TAIL: usize = 4;
/** Samples in the tail: stored after them, together with the commit. */
export const S_LENGTH: usize = 8;
/** Commit that stored the newest time, even; odd while that changes. */
export const S_COMMIT: usize = 12;
/** What the times of the tail count from: not after any of them, after all chunks. */
export const S_BASE: usize = 16;
export const S_NEWEST: usize = 24;
/** What they were before the last commit. */
export const S_NEWEST_BEFORE: usize = 32;
export const S_COMMIT_BEFORE: usize = 40;
/** Newest chunk, 0 for none. */
export const S_CHUNK: usize = 44;
/** Samples that the tail has room for; at how many it is packed next; how it was packed last. */
export const S_CAPACITY: usize = 48;
export const S_LIMIT: usize = 49;
export const S_HINT: usize = 50;
export const S_FLAGS: usize = 51;
export const S_CHUNK_COUNT: usize = 52;
export const S_SAMPLES: usize = 56;
/** Newest body of a tracked owner that had it. */
export const S_SEEN: usize = 60;
export const SERIES_BYTES: usize = 64;
export const FLAG_HISTOGRAMS: u32 = 1;
/** Older than any sample. */
export const NO_TIME: i64 = i64.MIN_VALUE;

// A chunk of the head: values, and their times by reference.
export const C_PREVIOUS: usize = 0;
export const C_TIMES: usize = 4;
export const C_BYTES: usize = 8;
export const C_VALUES: usize = 10;

// Times of chunks; one block serves all chunks with the same times.
export const T_USERS: usize = 0;
export const T_COUNT: usize = 4;
export const T_FIRST: usize = 8;
export const T_LAST: usize = 16;
/** Smallest distance of two times; the packed rest is added to it. */
export const T_STEP: usize = 24;
export const T_WIDTH: usize = 32;
export const T_BYTES: usize = 34;
export const T_PACKED: usize = 36;

/** Times with offsets of 32 bits, values with 64: the two halves of a tail. */
export const TAIL_SAMPLE_BYTES: usize = 12;
export const TAIL_FIRST: u32 = 8;
export const TAIL_MAX: u32 = 32;
/** The first packing comes after 17 to 32 samples, so that not all series pack in one round. */
export const TAIL_STAGGER: u32 = 16;

/** Samples of a chunk of the head at most: late ones make chunks larger than tails are. */
export const HEAD_CHUNK_MAX: u32 = 64;

/** Samples of one chunk at most, whatever made it. */
export const CHUNK_SAMPLES_MAX: u32 = 1024;
export const TIME_CACHE_MASK: u32 = 4095;

// A reading area: its slot in the table of readers, room for a chain, room for samples.
export const V_SLOT: usize = 0;
export const V_LENGTH: usize = 4;
export const V_TIMES: usize = 8;
export const V_VALUES: usize = 12;
export const V_CAPACITY: usize = 16;
/** 1 when samples newer than the last one given are left. */
export const V_MORE: usize = 20;
export const V_CHAIN: usize = 24;
export const V_TAIL_TIMES: usize = 28;
export const V_TAIL_VALUES: usize = 32;
/** Series of a batch: refs, newest times that are wanted, where each ends in the columns. */
export const V_REFS: usize = 36;
export const V_CAPS: usize = 40;
export const V_ENDS: usize = 44;
/** Series of the batch that is to be gone on with. */
export const V_NEXT: usize = 48;
/** From which time on. */
export const V_RESUME: usize = 56;
export const READER_BYTES: usize = 64;
export const READER_SAMPLES: u32 = 4096;
export const READER_CHAIN: u32 = 512;
export const READER_BATCH: u32 = 1024;

// New series of a record of the log. Lists have their address and capacity, one after the other.
export const N_INPUT: usize = 0;
export const N_INPUT_CAPACITY: usize = 4;
export const N_TEXTS: usize = 8;
export const N_TEXTS_CAPACITY: usize = 12;
/** The texts of all series, name, value, …, as numbers of texts. */
export const N_WORDS: usize = 16;
export const N_WORDS_CAPACITY: usize = 20;
export const N_SERIES: usize = 24;
export const N_SERIES_CAPACITY: usize = 28;
export const N_COUNT: usize = 32;
export const N_TEXT_COUNT: usize = 36;
export const N_WORD_COUNT: usize = 40;
export const N_LEAST_REF: usize = 44;
export const N_GREATEST_REF: usize = 48;
/** How many more fit in the tables of the label index before these must be made larger. */
export const N_SYMBOL_ROOM: usize = 52;
export const N_PAIR_ROOM: usize = 56;
export const N_SET_ROOM: usize = 60;
/** The pairs of the series that was entered last. */
export const N_PAIRS: usize = 64;
export const N_PAIRS_MOST: u32 = 64;
export const RUN_BYTES: usize = 320;
/** A series of it: its ref, its first word and how many. */
export const Q_REF: usize = 0;
export const Q_FIRST: usize = 4;
export const Q_LENGTH: usize = 8;
export const RUN_SERIES_BYTES: u32 = 12;
/** A text of it: where its bytes are. */
export const X_START: usize = 0;
export const X_LENGTH: usize = 4;
export const TEXT_BYTES: u32 = 16;

// What the samples of the log have said so far.
/** The directory of records by ref. */
export const G_PARTS: usize = 0;
export const G_LAST_REF: usize = 4;
/** The last time. */
export const G_TIME: usize = 8;
/** Of the samples that were read last. */
export const G_LEAST_REF: usize = 16;
export const G_GREATEST_REF: usize = 20;
export const G_LEAST_TIME: usize = 24;
/** Follows the one before. */
export const G_GREATEST_TIME: usize = 32;
export const G_BYTES: usize = 48;

// Copies of chunks for a checkpoint. Lists have their address and capacity, one after the other.
/** Chunks of the series that was copied last. */
export const K_CHUNKS: usize = 0;
export const K_CHUNKS_LENGTH: usize = 8;
export const K_CHUNK_COUNT: usize = 12;
/** Their times, and those of all series since `beginCopies`. */
export const K_TIMES: usize = 16;
export const K_TIMES_LENGTH: usize = 24;
export const K_TIMES_COUNT: usize = 28;
/** Addresses of the chunks of a series. */
export const K_CHAIN: usize = 32;
/** Where times are that may come again, by a hash of them. */
export const K_SLOTS: usize = 40;
/** Newest time that was copied of the series. */
export const K_NEWEST: usize = 48;
export const COPIES_BYTES: usize = 64;

// A record of such copies that is read.
export const L_INPUT: usize = 0;
export const L_INPUT_CAPACITY: usize = 4;
/** Blocks of its times, by number. */
export const L_TIMES: usize = 8;
export const L_TIMES_COUNT: usize = 16;
export const STORED_BYTES: usize = 32;

// Outcomes of samples: SampleOutcome of src/storage/api.ts.
export const STORED: u32 = 0;
export const DUPLICATE: u32 = 1;
export const CONFLICT: u32 = 2;
export const OUT_OF_ORDER: u32 = 3;
export const OUT_OF_BOUNDS: u32 = 4;
export const UNKNOWN_SERIES: u32 = 5;
/** Not an outcome: the slab is full. */
export const NO_ROOM: u32 = 255;
/** Nor is this: out of order, and for the caller to look at. */
export const LEFT: u32 = 254;
