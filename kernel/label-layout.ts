// Where the parts of the label index lie: src/storage/index/layout.ts draws them, and a test holds
// the two together. There offsets are in words, here in bytes, hence the shifts.

export const BLOCK_BITS: u32 = 28;
export const BLOCK_MASK: u32 = 0x0fffffff;
export const TABLE_BITS_MIN: u32 = 11;

export const R_KEY: usize = 0 << 2;
export const R_KEY_SECOND: usize = 1 << 2;
export const R_SYMBOLS: usize = 2 << 2;
export const R_PAIRS: usize = 3 << 2;
export const R_SETS: usize = 4 << 2;
export const R_DIRECTORY: usize = 6 << 2;
export const R_SERIES_COUNT: usize = 7 << 2;
export const R_PAIR_COUNT: usize = 8 << 2;
export const R_SYMBOL_COUNT: usize = 9 << 2;
export const R_SERIAL: usize = 10 << 2;

export const S_SERIAL: usize = 0 << 2;
export const S_HASH: usize = 1 << 2;
export const S_USES: usize = 2 << 2;
export const S_PAIRS: usize = 3 << 2;
export const S_LENGTH: usize = 4 << 2;
export const S_TEXT: usize = 5 << 2;

export const P_NAME: usize = 0 << 2;
export const P_VALUE: usize = 1 << 2;
export const P_REF: usize = 2 << 2;
export const P_LIST: usize = 3 << 2;
export const PAIR_BYTES: usize = 16;

export const L_PAIRS: usize = 1 << 2;
export const LAST_PAIR: u32 = 0x80000000;

export const TOP_SHIFT: u32 = 20;
export const LEAF_SHIFT: u32 = 8;
export const MIDDLE_MASK: u32 = 4095;
export const LEAF_MASK: u32 = 255;
