/** What is linked to a deal. Links are read from the associations and not searched for, as HubSpot's search lags behind its records. */
import type { HubSpotCalls } from './calls.js';

const PAGE = 500;

export interface Linked {
  id: string;
  labels: string[];
}

/** All of them, however many. Throws `CrmError`. */
export async function linkedTo(calls: HubSpotCalls, dealId: string, kind: 'contacts' | 'notes'): Promise<Linked[]> {
  const found: Linked[] = [];
  let after: string | undefined;
  do {
    const page = await calls.call(`list the ${kind} of the deal`, ({ crm }, options) =>
      crm.associations.v4.basicApi.getPage('deals', dealId, kind, after, PAGE, options),
    );
    for (const { toObjectId, associationTypes } of page.results) {
      // The SDK says text, the API a number (HubSpot docs, Associations v4).
      found.push({ id: String(toObjectId), labels: associationTypes.flatMap(({ label }) => label ?? []) });
    }
    after = page.paging?.next?.after;
  } while (after !== undefined);
  return found;
}
