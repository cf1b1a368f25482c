// Well-formed UTF-8 (RFC 3629): no overlong forms, no surrogates, nothing above U+10FFFF.

export function isUtf8(start: usize, end: usize): bool {
  let position = start;
  while (position < end) {
    const lead = <u32>load<u8>(position);
    if (lead < 0x80) {
      position++;
      continue;
    }
    const size: u32 = lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
    if (lead < 0xc2 || lead > 0xf4 || end - position < size) return false;
    const second = <u32>load<u8>(position, 1);
    const least: u32 = lead === 0xe0 ? 0xa0 : lead === 0xf0 ? 0x90 : 0x80;
    const greatest: u32 = lead === 0xed ? 0x9f : lead === 0xf4 ? 0x8f : 0xbf;
    if (second < least || second > greatest) return false;
    for (let index: u32 = 2; index < size; index++) {
      if ((load<u8>(position + index) & 0xc0) !== 0x80) return false;
    }
    position += size;
  }
  return true;
}
