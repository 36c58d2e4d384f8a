/**
 * Lets the writes to one deal follow each other: between the look and the write of one, no other of this process may write. Across processes the
 * look must do: a deal has one workflow, which sends its writes one after another, so two meet only when one was given up as too slow.
 */
export type OneAtATime = <T>(dealId: string, work: () => Promise<T>) => Promise<T>;

export function createOneAtATime(): OneAtATime {
  const last = new Map<string, Promise<unknown>>();
  return (dealId, work) => {
    const turn = (last.get(dealId) ?? Promise.resolve()).then(work, work);
    const ended = turn
      .catch(() => undefined)
      .finally(() => {
        if (last.get(dealId) === ended) last.delete(dealId);
      });
    last.set(dealId, ended);
    return turn;
  };
}
