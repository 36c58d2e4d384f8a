/** Entries in batches that a sink takes at once. The same entries make the same batches again. */
export interface BatchLimits {
  rows: number;
  /** Of the texts together; an entry that is larger by itself makes a batch of its own. */
  bytes: number;
}

export function inBatches<Entry>(
  entries: readonly Entry[],
  textOf: (entry: Entry) => string,
  limits: BatchLimits,
): Entry[][] {
  const batches: Entry[][] = [];
  let batch: Entry[] = [];
  let bytes = 0;
  for (const entry of entries) {
    const more = Buffer.byteLength(textOf(entry));
    if (batch.length >= limits.rows || (batch.length > 0 && bytes + more > limits.bytes)) {
      batches.push(batch);
      [batch, bytes] = [[], 0];
    }
    batch.push(entry);
    bytes += more;
  }
  if (batch.length > 0) batches.push(batch);
  return batches;
}
