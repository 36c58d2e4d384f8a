/** Whether HubSpot can be written as the mapping says: asked of its descriptions, nothing is written. */
import type { Property } from '@hubspot/api-client/lib/codegen/crm/properties/index.js';
import { CrmError } from '../crm.js';
import type { HubSpotCalls } from './calls.js';
import type { HubSpotMapping } from './mapping.js';

type Field = keyof HubSpotMapping['properties'];

/** HubSpot's types of properties that hold what is written; the first is named to those who have to create one. */
const TYPES: readonly (readonly [Field, readonly string[]])[] = [
  ['version', ['number']],
  ['envelopeId', ['string']],
  ['reviewUrl', ['string']],
  ['stage', ['string', 'enumeration']],
  ['outcome', ['string', 'enumeration']],
  ['reason', ['string']],
  ['signedAt', ['datetime', 'string']],
  ['documentType', ['string', 'enumeration']],
  ['problem', ['string']],
];

/** Throws `CrmError` `refused` that lists all that is missing, or whatever stands in the way of asking. */
export async function checkAccount(calls: HubSpotCalls, mapping: HubSpotMapping): Promise<void> {
  const { results: properties } = await calls.call('describe the properties of deals', ({ crm }, options) =>
    crm.properties.coreApi.getAll('deals', undefined, undefined, options),
  );
  const { results: pipelines } = await calls.call('list the stages of deals', ({ crm }, options) =>
    crm.pipelines.pipelinesApi.getAll('deals', options),
  );
  await calls.call('read contacts', ({ crm }, options) =>
    crm.contacts.basicApi.getPage(1, undefined, undefined, undefined, undefined, undefined, options),
  );
  await calls.call('read files', ({ files }, options) => {
    // A list of one file: the fourth of its 36 filters, and the options behind them all.
    const query: Parameters<typeof files.filesApi.doSearch> = [];
    query[3] = 1;
    query[36] = options;
    return files.filesApi.doSearch(...query);
  });
  const faults = [
    ...faultsOfProperties(mapping, new Map(properties.map((property) => [property.name, property]))),
    ...faultsOfStages(mapping, new Set(pipelines.flatMap(({ stages }) => stages.map(({ id }) => id)))),
  ];
  if (faults.length > 0)
    throw new CrmError('refused', `HubSpot does not fit the file of CRM_MAPPING: ${faults.join('; ')}.`);
}

function faultsOfProperties(mapping: HubSpotMapping, there: ReadonlyMap<string, Property>): string[] {
  const faults: string[] = [];
  for (const [field, types] of TYPES) {
    const name = mapping.properties[field];
    if (name === null) continue;
    const property = there.get(name);
    if (!property) faults.push(`deals have no property ${name} (create it, of type ${types[0]})`);
    else if (!types.includes(property.type))
      faults.push(`the property ${name} is of type ${property.type} and must be ${types.join(' or ')}`);
    else if (property.calculated || property.modificationMetadata?.readOnlyValue)
      faults.push(`the property ${name} is read-only`);
  }
  const read = [mapping.document, mapping.round, mapping.tenant, ...Object.values(mapping.prefill)];
  for (const name of read) if (name && !there.has(name)) faults.push(`deals have no property ${name}`);
  return faults;
}

function faultsOfStages({ triggers, withdrawn }: HubSpotMapping, there: ReadonlySet<string>): string[] {
  return [...Object.keys(triggers), ...withdrawn]
    .filter((id) => !there.has(id))
    .map((id) => `no pipeline has a stage with the id ${id}`);
}
