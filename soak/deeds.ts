/** What people do to a deal out of the ordinary. Each answers whether it could be done. */
import { setTimeout as wait } from 'node:timers/promises';
import { idOf, type Cast, type View } from './cast.js';
import { AMENDED, putLateDocument } from './contracts.js';
import { SIGNERS } from './parties.js';

export type Deed = (cast: Cast, view: View) => Promise<boolean>;

const NEW_SIGNERS = SIGNERS.map((party) =>
  party.order === 1 ? { ...party, email: 'carla@customer.example', name: 'Carla Customer' } : party,
);

export const approve: Deed = (cast) => cast.tell('review', { decision: 'approve' });
export const reject: Deed = (cast) => cast.tell('review', { decision: 'reject', note: 'wrong prices' });
export const cancel: Deed = (cast) => cast.tell('cancel', { reason: 'deal lost' });
export const amendDocument: Deed = (cast) => cast.tell('amend', { document: AMENDED, reason: 'other prices' });
export const amendParties: Deed = (cast) => cast.tell('amend', { parties: NEW_SIGNERS, reason: 'wrong address' });
export const remind: Deed = (cast) => cast.tell('remind', {});

export const sign: Deed = (cast, view) => cast.atlas.sign(idOf(view));
export const decline: Deed = (cast, view) => cast.atlas.decline(idOf(view));
export const reassign: Deed = (cast, view) => cast.atlas.reassign(idOf(view));
export const pressSend: Deed = (cast, view) => cast.atlas.pressSend(idOf(view));
export const placeFields: Deed = (cast, view) => cast.atlas.placeFields(idOf(view));
export const voidThere: Deed = (cast, view) => cast.atlas.voidThere(idOf(view));

/** The CRM has the deal no more. */
export const deleteFromCrm: Deed = async ({ crm, dealId }) => {
  await crm.remove(dealId);
  return true;
};

export const putDocument: Deed = async ({ contracts, dealId }) => {
  await putLateDocument(contracts, dealId);
  return true;
};

/** All who are left sign at about the moment when time is up. */
export const signWhenTimeIsUp: Deed = async (cast, view) => {
  await wait(Math.max(0, secondsLeft(view) * 1000 + cast.random.between(-800, 800)));
  while (await sign(cast, view));
  return true;
};

export function secondsLeft({ deal }: View): number {
  return deal.expiresAt === null ? Infinity : (Date.parse(deal.expiresAt) - Date.now()) / 1000;
}

/** At the same moment; done whichever wins. */
export function together(...deeds: Deed[]): Deed {
  return async (cast, view) => {
    await Promise.all(deeds.map((deed) => deed(cast, view)));
    return true;
  };
}

/** One right after the other; done whatever comes of each. */
export function inTurn(...deeds: Deed[]): Deed {
  return async (cast, view) => {
    for (const deed of deeds) await deed(cast, view);
    return true;
  };
}
