/**
 * What deals must know of each other: how many contracts went out today, and which versions of templates a person has approved.
 * One small workflow keeps it (`src/workflows/ledger.ts`), since Temporal is the one store of deals in flight.
 */
export const LEDGER_TYPE = 'ledger';
export const RESERVE_SEND = 'reserveSend';
export const VOUCH = 'vouch';
export const VOUCHED = 'vouched';

export function ledgerIdOf(taskQueue: string): string {
  return `ledger-${taskQueue}`;
}

export interface Reservation {
  /** Names the send: a second reservation of the same name on one day counts once. */
  send: string;
  /** Sends a day that are allowed now. */
  budget: number;
}

/** The ledger as activities use it. Both changes may be repeated. */
export interface Ledger {
  /** Whether the send may go out today (UTC). */
  reserveSend(reservation: Reservation): Promise<boolean>;
  /** Enters that a person approved a contract of this template and version. */
  vouch(templateVersion: string): Promise<void>;
  isVouched(templateVersion: string): Promise<boolean>;
}

export interface LedgerState {
  /** UTC day of `sends`, YYYY-MM-DD. */
  day: string;
  sends: string[];
  vouched: string[];
}

/** The newest are kept; a version that was forgotten is reviewed once more. */
const VOUCHED_CAP = 1000;

export function openLedger(): LedgerState {
  return { day: '', sends: [], vouched: [] };
}

export function reserveSend(ledger: LedgerState, today: string, { send, budget }: Reservation): boolean {
  if (ledger.day !== today) Object.assign(ledger, { day: today, sends: [] });
  if (ledger.sends.includes(send)) return true;
  if (ledger.sends.length >= budget) return false;
  ledger.sends.push(send);
  return true;
}

export function vouch(ledger: LedgerState, templateVersion: string): void {
  if (ledger.vouched.includes(templateVersion)) return;
  ledger.vouched.push(templateVersion);
  if (ledger.vouched.length > VOUCHED_CAP) ledger.vouched.shift();
}
