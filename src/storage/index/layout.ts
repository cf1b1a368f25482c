/**
 * Where the parts of the label index lie in the slab. A *block* is an area of the slab, known by
 * its address over 16, so that 28 bits name any; block 0 is none. Offsets are in words of 32 bits
 * from the start of a block (`block << 2`).
 *
 *     root      +0 key  +1 key  +2 symbols  +3 pairs  +4 label sets (hash tables)  +5 names (list)
 *               +6 directory  +7 series  +8 pairs  +9 symbols (counts)  +10 serial of the last
 *               symbol
 *     symbol    +0 serial  +1 hash  +2 uses  +3 pairs of this name (list)  +4 bytes  +5 UTF-8 text
 *     pair      +0 name  +1 value (symbols)  +2 lone ref  +3 refs (list, 0: the lone ref)
 *     label set +0 ref  +1 pairs, in order of their names; the last with bit 31
 *     directory 4,096 blocks by ref >> 20
 *       middle  4,096 x (sets, periods) by ref >> 8
 *       sets    256 label sets, 0 where there is no series of that ref
 *       periods 256 u16
 *     table     slots: 4 bits of the hash, 28 bits of block; 0 empty, 1 deleted. What points to it
 *               has its size in the upper 4 bits
 *
 * The number of a symbol or pair is its block. So a number is given to another text when the block
 * is, that is when no reader can see the old one any more; the serial tells them apart for caches
 * that live longer.
 *
 * Order of writing: what a block says is written before anything points to it, and a block is
 * retired after nothing does. A series is in its lists before it is in the directory and leaves the
 * directory first: a ref of a list that the directory does not know is passed over.
 */

/** Word of the slab's header, by number, that holds the block of the index's root. */
export const INDEX_ROOT_SLOT = 0;

export const BLOCK_BITS = 28;
export const BLOCK_MASK = 0x0fff_ffff;

export const ROOT_WORDS = 16;
export const R_KEY = 0;
export const R_KEY_SECOND = 1;
export const R_SYMBOLS = 2;
export const R_PAIRS = 3;
export const R_SETS = 4;
export const R_NAMES = 5;
export const R_DIRECTORY = 6;
export const R_SERIES_COUNT = 7;
export const R_PAIR_COUNT = 8;
export const R_SYMBOL_COUNT = 9;
export const R_SERIAL = 10;

export const S_SERIAL = 0;
export const S_HASH = 1;
export const S_USES = 2;
export const S_PAIRS = 3;
export const S_LENGTH = 4;
export const S_TEXT = 5;

export const PAIR_WORDS = 4;
export const P_NAME = 0;
export const P_VALUE = 1;
export const P_REF = 2;
export const P_LIST = 3;

export const L_REF = 0;
export const L_PAIRS = 1;
/** Marks the last pair of a label set; with block 0 the set is empty. */
export const LAST_PAIR = 0x8000_0000;

export const TOP_WORDS = 4096;
export const MIDDLE_ENTRIES = 4096;
export const MIDDLE_WORDS = 2 * MIDDLE_ENTRIES;
export const LEAF_REFS = 256;
export const TOP_SHIFT = 20;
export const LEAF_SHIFT = 8;

/** Slots of the smallest table: 8 KiB, a page of the slab. */
export const TABLE_BITS_MIN = 11;
export const TABLE_BITS_MAX = TABLE_BITS_MIN + 15;
