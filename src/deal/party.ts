/** Who takes part in a contract. `order` is 1-based and strict: the next signer is asked only after the previous one signed. */
export interface Party {
  email: string;
  name?: string;
  /** Free label that matches the party to the fields of the document ("Customer"). */
  role?: string;
  order: number;
  kind: 'signer' | 'cc';
}

export type PartyStatus = 'waiting' | 'pending' | 'signed' | 'declined' | 'copied' | 'unknown';

/** A party as a snapshot shows it: without name or address. */
export interface PartyProgress {
  role: string;
  order: number;
  status: PartyStatus;
}

/** Progress of parties whose envelope is not out yet: every signer waits, copies go out at the end. */
export function nobodySigned(parties: readonly Party[]): PartyProgress[] {
  return parties.map((party) => ({
    role: party.role ?? (party.kind === 'cc' ? 'cc' : `signer ${party.order}`),
    order: party.order,
    status: party.kind === 'cc' ? 'copied' : 'waiting',
  }));
}
