/** Deals as HubSpot holds them. */
import { CrmError } from '../crm.js';
import type { HubSpotCalls } from './calls.js';

/** HubSpot holds every value as text; what is empty is null or ''. */
export type DealProperties = Record<string, string | null>;

/** `merged`: it went into another deal, whose record HubSpot answers in its place. */
export type FoundDeal = { kind: 'there'; properties: DealProperties } | { kind: 'missing' } | { kind: 'merged' };

/** Names that HubSpot does not know are left out of its answer. Throws `CrmError`. */
export async function findDeal(
  calls: HubSpotCalls,
  dealId: string,
  names: readonly string[],
  archived = false,
): Promise<FoundDeal> {
  try {
    const deal = await calls.call('read the deal', ({ crm }, options) =>
      crm.deals.basicApi.getById(dealId, [...names], undefined, undefined, archived, undefined, options),
    );
    return deal.id === dealId ? { kind: 'there', properties: deal.properties } : { kind: 'merged' };
  } catch (error) {
    if (error instanceof CrmError && error.kind === 'gone') return { kind: 'missing' };
    throw error;
  }
}

/** Throws `CrmError` `gone` when the deal is not there. */
export async function propertiesOf(
  calls: HubSpotCalls,
  dealId: string,
  names: readonly string[],
): Promise<DealProperties> {
  const deal = await findDeal(calls, dealId, names);
  if (deal.kind === 'there') return deal.properties;
  throw new CrmError(
    'gone',
    deal.kind === 'merged' ? 'The deal was merged into another one.' : 'HubSpot has no such deal.',
  );
}

/** All of them in one write; '' clears. Throws `CrmError`, `gone` when the deal is not there. */
export async function updateDeal(
  calls: HubSpotCalls,
  dealId: string,
  properties: Record<string, string>,
): Promise<void> {
  await calls.call('write the deal', ({ crm }, options) =>
    crm.deals.basicApi.update(dealId, { properties }, undefined, options),
  );
}

/** The number in a number property; 0 where it is empty. */
export function numberIn(value: string | null | undefined): number {
  const number = Number(value ?? '');
  return Number.isFinite(number) ? number : 0;
}
