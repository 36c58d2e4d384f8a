/** Whether the organization has the fields and the user the rights that deals will need. Nothing is written. */
import { z } from 'zod';
import { CrmError } from '../crm.js';
import type { Description, SalesforceApi } from './api.js';
import type { Mapping } from './mapping.js';
import { dealQuery } from './soql.js';

/** Round times a thousand million plus version must fit. */
const ORDER_DIGITS = 13;

export async function check(api: SalesforceApi, mapping: Mapping): Promise<void> {
  const problems = [
    ...opportunityProblems(await api.describe('Opportunity'), mapping),
    ...taskProblems(await api.describe('Task'), mapping),
    ...fileProblems(await api.describe('ContentVersion')),
  ];
  if (problems.length > 0) throw new CrmError('refused', `Salesforce is not ready: ${problems.join('; ')}.`);
  // Paths into other records and the contact roles show only in a query.
  await api.query(dealQuery(mapping, 'IsDeleted = false'), z.unknown());
}

function opportunityProblems({ fields }: Description, mapping: Mapping): string[] {
  const known = new Map(fields.map((each) => [each.name.toLowerCase(), each]));
  const written = [...Object.values(mapping.fields).filter((name) => name !== null), 'StageName'];
  const read = [mapping.document, mapping.round, mapping.tenant, ...Object.values(mapping.prefill)]
    .filter((name) => name !== undefined)
    .filter((name) => !name.includes('.'));
  const missing = [...new Set([...written, ...read])].filter((name) => !known.has(name.toLowerCase()));
  const readOnly = written.filter((name) => known.get(name.toLowerCase())?.updateable === false);
  const problems: string[] = [];
  if (missing.length > 0)
    problems.push(`the opportunity has no field ${missing.join(', ')}, or the user may not see ${them(missing)}`);
  if (readOnly.length > 0) problems.push(`the user may not write ${readOnly.join(', ')} of the opportunity`);

  const order = known.get(mapping.fields.version.toLowerCase());
  if (order && !(order.type === 'double' && order.scale === 0 && order.precision >= ORDER_DIGITS))
    problems.push(`${mapping.fields.version} must be a number of 18 digits without decimals`);
  const round = mapping.round === undefined ? undefined : known.get(mapping.round.toLowerCase());
  if (round && round.type !== 'double' && round.type !== 'int') problems.push(`${mapping.round} must be a number`);

  const stages = known.get('stagename')?.picklistValues.filter(({ active }) => active) ?? [];
  const unknown = [...Object.keys(mapping.triggers), ...mapping.withdrawn].filter(
    (name) => !stages.some(({ value }) => value === name),
  );
  if (unknown.length > 0)
    problems.push(`the mapping names stages that opportunities do not have: ${unknown.join(', ')}`);
  return problems;
}

function taskProblems({ createable, fields }: Description, { noteStatus }: Mapping): string[] {
  if (!createable) return ['the user may not create tasks, which hold notes ("Edit Tasks")'];
  const values = fields.find(({ name }) => name === 'Status')?.picklistValues ?? [];
  if (values.some(({ value, active }) => active && value === noteStatus)) return [];
  return [`tasks have no status ${noteStatus}: name one of theirs as noteStatus in the mapping`];
}

function fileProblems({ createable }: Description): string[] {
  return createable ? [] : ['the user may not add files'];
}

function them(names: readonly string[]): string {
  return names.length === 1 ? 'it' : 'them';
}
