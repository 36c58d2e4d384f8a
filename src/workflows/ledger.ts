/** The ledger of what deals must know of each other. One run a task queue, for ever: it begins anew before its history grows long. */
import { condition, continueAsNew, defineQuery, defineUpdate, setHandler, workflowInfo } from '@temporalio/workflow';
import {
  openLedger,
  RESERVE_SEND,
  reserveSend,
  VOUCH,
  vouch,
  VOUCHED,
  type LedgerState,
  type Reservation,
} from '../deal/ledger.js';

/** Events that a run may have before the next one takes over. */
const LONG_HISTORY = 1000;

export async function ledger(kept?: LedgerState): Promise<never> {
  const book = kept ?? openLedger();
  setHandler(defineUpdate<boolean, [Reservation]>(RESERVE_SEND), (reservation) =>
    reserveSend(book, new Date().toISOString().slice(0, 10), reservation),
  );
  setHandler(defineUpdate<void, [string]>(VOUCH), (templateVersion) => vouch(book, templateVersion));
  setHandler(defineQuery<boolean, [string]>(VOUCHED), (templateVersion) => book.vouched.includes(templateVersion));
  await condition(() => workflowInfo().historyLength > LONG_HISTORY);
  return continueAsNew<typeof ledger>(book);
}
