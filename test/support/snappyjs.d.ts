declare module 'snappyjs' {
  /** Block format, no framing. */
  export function compress(input: Uint8Array): Uint8Array;
  export function uncompress(input: Uint8Array): Uint8Array;
  const both: { compress: typeof compress; uncompress: typeof uncompress };
  export default both;
}
