/**
 * The 32 bits at `offset`, little endian, as an unsigned number. Four shifts, as a view for each
 * place costs more; the caller sees to it that four bytes are there.
 */
export function wordAt(bytes: Uint8Array, offset: number): number {
  return (
    (bytes[offset]! |
      (bytes[offset + 1]! << 8) |
      (bytes[offset + 2]! << 16) |
      (bytes[offset + 3]! << 24)) >>>
    0
  );
}
