/**
 * The phi-quantile of the first `length` values, interpolated between ranks phi × (n − 1); sorts
 * them in place, NaN lowest. Below 0 and above 1 the answer is an infinity.
 */
export function quantileOf(phi: number, values: Float64Array, length: number): number {
  if (length === 0 || phi !== phi) return NaN;
  if (phi < 0) return -Infinity;
  if (phi > 1) return Infinity;
  sortNanFirst(values, length);
  const rank = phi * (length - 1);
  const lower = Math.max(0, Math.floor(rank));
  const upper = Math.min(length - 1, lower + 1);
  const weight = rank - Math.floor(rank);
  return values[lower]! * (1 - weight) + values[upper]! * weight;
}

function sortNanFirst(values: Float64Array, length: number): void {
  // A typed array sorts NaN last; moved to the front they keep every other order.
  const part = values.subarray(0, length);
  part.sort();
  let numbers = length;
  while (numbers > 0 && part[numbers - 1] !== part[numbers - 1]) numbers--;
  const nans = length - numbers;
  if (nans === 0) return;
  part.copyWithin(nans, 0, numbers);
  part.fill(NaN, 0, nans);
}
