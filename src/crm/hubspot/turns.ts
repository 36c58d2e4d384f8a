/** Work on the same deal, one piece after the other: HubSpot has no conditional writes, so read and write must not be parted. */
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
