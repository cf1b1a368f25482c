/**
 * Orders two strings by their UTF-8 bytes, as every Prometheus format and API does. JavaScript's
 * own `<` orders by UTF-16 code units, which differs where a surrogate pair meets U+E000..U+FFFF.
 */
export function compareUtf8(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let index = 0; index < length; index++) {
    const left = a.charCodeAt(index);
    const right = b.charCodeAt(index);
    if (left !== right) return codeUnitRank(left) - codeUnitRank(right);
  }
  return a.length - b.length;
}

// Surrogates encode code points above U+FFFF, so they rank above every other code unit.
function codeUnitRank(unit: number): number {
  return unit >= 0xd800 && unit <= 0xdfff ? unit + 0x10000 : unit;
}
