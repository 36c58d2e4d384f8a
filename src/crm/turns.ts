/**
 * Work on the same deal, one piece after the other, for CRMs without conditional writes: between the look and the write of one, no other of this
 * process may write. Across processes the look must do: a deal has one workflow, which sends its writes one after another, so two meet only when
 * one was given up as too slow.
 */
export type Turns = <T>(dealId: string, work: () => Promise<T>) => Promise<T>;

export function createTurns(): Turns {
  const last = new Map<string, Promise<unknown>>();
  return (dealId, work) => {
    const turn = (last.get(dealId) ?? Promise.resolve()).then(work, work);
    last.set(dealId, turn);
    const leave = (): void => {
      if (last.get(dealId) === turn) last.delete(dealId);
    };
    turn.then(leave, leave);
    return turn;
  };
}
