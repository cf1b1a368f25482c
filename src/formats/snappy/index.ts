export { compress, compressedSizeMax } from './compress.ts';
export { decompress, decompressedSize } from './decompress.ts';
export { SnappyError } from './errors.ts';
