/** Which deals of HubSpot want a contract, read from their records. */
import type { Filter, PublicObjectSearchRequest } from '@hubspot/api-client/lib/codegen/crm/deals/index.js';
import type { DealRequest } from '../../deal/request.js';
import type { CrmDeal, CrmIntake } from '../intake.js';
import { roundOf } from '../record-order.js';
import type { HubSpotCalls } from './calls.js';
import { findDeal, numberIn, propertiesOf, updateDeal, type DealProperties } from './deals.js';
import type { HubSpotMapping } from './mapping.js';
import { partiesOf } from './parties.js';

const PAGE = 100;

export function createHubSpotIntake(calls: HubSpotCalls, mapping: HubSpotMapping): CrmIntake {
  const { version, problem } = mapping.properties;
  const asked = [
    'dealstage',
    version,
    ...(mapping.document ? [mapping.document] : []),
    ...(mapping.round ? [mapping.round] : []),
    ...(mapping.tenant ? [mapping.tenant] : []),
    ...Object.values(mapping.prefill),
  ];

  async function dealOf(dealId: string, properties: DealProperties): Promise<CrmDeal> {
    const stage = properties['dealstage'] ?? '';
    if (mapping.withdrawn.includes(stage)) return { kind: 'withdrawn', why: `moved to ${stage}` };
    const documentType = Object.hasOwn(mapping.triggers, stage) ? mapping.triggers[stage] : undefined;
    if (documentType === undefined) return { kind: 'other' };
    const round = roundIn(mapping, properties);
    if (round === null)
      return { kind: 'unfit', why: `The property ${mapping.round} must hold a whole number from 1 on.` };
    const request: DealRequest = { dealId, round, documentType };
    // Its run has all that it needs: contacts that have changed since are no reason to complain.
    if (roundOf(numberIn(properties[version])) >= round) return { kind: 'wanted', request, recorded: true };
    const { parties, lacking } = await partiesOf(calls, dealId, mapping.parties);
    if (lacking) return { kind: 'unfit', why: lacking.join(' ') };
    const tenant = mapping.tenant && properties[mapping.tenant]?.trim();
    // Without one the contract would be made in the name of the platform itself.
    if (mapping.tenant && !tenant)
      return { kind: 'unfit', why: `The property ${mapping.tenant} must name the tenant.` };
    const uri = mapping.document && properties[mapping.document]?.trim();
    return {
      kind: 'wanted',
      request: {
        ...request,
        parties,
        ...(tenant && { tenant }),
        // What fills a template is nothing to a deal that brings its own document.
        ...(uri ? { document: { uri } } : { prefill: prefillOf(mapping, properties) }),
      },
      recorded: false,
    };
  }

  return {
    async look(dealId) {
      const deal = await findDeal(calls, dealId, asked);
      if (deal.kind === 'there') return dealOf(dealId, deal.properties);
      if (deal.kind === 'merged') return { kind: 'withdrawn', why: 'merged into another deal in HubSpot' };
      const archived = await findDeal(calls, dealId, [], true);
      return archived.kind === 'there' ? { kind: 'withdrawn', why: 'deleted in HubSpot' } : { kind: 'other' };
    },

    /**
     * HubSpot's search is some seconds behind its records, so a deal may come too late or when it is taken already: `look` tells. It gives 10,000
     * results at most, so each page begins behind the last id of the one before it.
     */
    async wanting(cursor) {
      const { results } = await calls.call('search for deals', ({ crm }, options) =>
        crm.deals.searchApi.doSearch(searchFor(mapping, cursor), options),
      );
      const waiting = results.filter(({ properties }) => {
        const round = roundIn(mapping, properties);
        return round === null || roundOf(numberIn(properties[version])) < round;
      });
      return {
        dealIds: waiting.map(({ id }) => id),
        next: results.length < PAGE ? null : (results.at(-1)?.id ?? null),
      };
    },

    async explain(dealId, why) {
      if (problem === null) return;
      const before = await propertiesOf(calls, dealId, [problem]);
      if (before[problem] !== why) await updateDeal(calls, dealId, { [problem]: why });
    },
  };
}

/** 1 where nothing is said; null where something else than a round is. */
function roundIn({ round: name }: HubSpotMapping, properties: DealProperties): number | null {
  const value = (name && properties[name]?.trim()) || '1';
  return /^[1-9]\d{0,3}$/.test(value) ? Number(value) : null;
}

function prefillOf({ prefill }: HubSpotMapping, properties: DealProperties): Record<string, string> {
  return Object.fromEntries(
    Object.entries(prefill).flatMap(([name, property]) => {
      const value = properties[property];
      return value ? [[name, value]] : [];
    }),
  );
}

/**
 * Deals that nothing was written to yet, and those of which a person has raised the round. The SDK's enum of operators is code, which is not
 * loaded for three words: hence the casts.
 */
function searchFor(
  { triggers, round, properties }: HubSpotMapping,
  cursor: string | undefined,
): PublicObjectSearchRequest {
  const common = [
    { propertyName: 'dealstage', operator: 'IN', values: Object.keys(triggers) },
    { propertyName: 'hs_object_id', operator: 'GT', value: cursor ?? '0' },
  ] as Filter[];
  const untouched = { propertyName: properties.version, operator: 'NOT_HAS_PROPERTY' } as Filter;
  const again = { propertyName: round ?? '', operator: 'GT', value: '1' } as Filter;
  return {
    filterGroups: [{ filters: [...common, untouched] }, ...(round ? [{ filters: [...common, again] }] : [])],
    sorts: ['hs_object_id'],
    properties: [properties.version, ...(round ? [round] : [])],
    limit: PAGE,
  };
}
