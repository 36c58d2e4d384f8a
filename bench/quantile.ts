/** The smallest value that is not below the given share of all; null of nothing. */
export function quantileOf(values: readonly number[], quantile: number): number | null {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(sorted.length * quantile) - 1)] ?? null;
}

export function rounded(value: number | null | undefined, digits: number): number | null {
  return value === null || value === undefined ? null : Number(value.toFixed(digits));
}

/** What is told of many times, in milliseconds. */
export interface Times {
  p50: number | null;
  p95: number | null;
  p99: number | null;
}

export function timesOf(values: readonly number[]): Times {
  const at = (quantile: number): number | null => rounded(quantileOf(values, quantile), 1);
  return { p50: at(0.5), p95: at(0.95), p99: at(0.99) };
}

export function ratioOf(one: number | null, other: number | null): number | null {
  return one === null || other === null || other === 0 ? null : rounded(one / other, 2);
}

/** Null where one of them is not known. */
export function sumOfKnown(figures: readonly (number | null)[]): number | null {
  return figures.reduce<number | null>((sum, figure) => (sum === null || figure === null ? null : sum + figure), 0);
}
