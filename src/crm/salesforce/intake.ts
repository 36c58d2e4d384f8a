/** Deals as opportunities: which of them want a contract. */
import { z } from 'zod';
import type { DealRequest, RequestedParty } from '../../deal/request.js';
import type { CrmDeal, CrmIntake } from '../intake.js';
import { CrmError } from '../crm.js';
import { roundOf } from '../record-order.js';
import type { SalesforceApi } from './api.js';
import { idOf } from './ids.js';
import type { MappedParty, Mapping } from './mapping.js';
import type { Turns } from '../turns.js';
import { dealQuery, isId, PAGE, wantingQuery } from './soql.js';

const contactRole = z.object({
  Role: z.string().nullable(),
  IsPrimary: z.boolean(),
  Contact: z.object({ Name: z.string().nullish(), Email: z.string().nullish() }).nullable(),
});
type ContactRole = z.output<typeof contactRole>;

const opportunity = z.looseObject({
  Id: z.string(),
  IsDeleted: z.boolean(),
  StageName: z.string().nullable(),
  // Null, not an empty list, where there are none.
  OpportunityContactRoles: z.object({ records: z.array(contactRole) }).nullish(),
});
type Opportunity = z.output<typeof opportunity>;

/** What keeps a deal from becoming a contract, in words for the people who have it. */
class Unfit extends Error {}

export function createSalesforceIntake(api: SalesforceApi, mapping: Mapping, turns: Turns): CrmIntake {
  const { fields, round: roundField } = mapping;

  async function find(dealId: string): Promise<Opportunity | undefined> {
    const id = idOf('opportunity', dealId);
    if (id === undefined) return undefined;
    const [row] = await api.query(dealQuery(mapping, isId(id)), opportunity, { withDeleted: true });
    return row;
  }

  return {
    async look(dealId) {
      const row = await find(dealId);
      return row ? dealOf(row, mapping) : { kind: 'other' };
    },

    async wanting(cursor) {
      const after = cursor === undefined ? undefined : idOf('opportunity', cursor);
      if (cursor !== undefined && after === undefined)
        throw new CrmError('refused', 'The cursor is none that a page of deals ended with.');
      const rows = await api.query(wantingQuery(mapping, after), z.looseObject({ Id: z.string() }));
      const open = rows.filter((row) => {
        const wanted = roundField === undefined ? 1 : (row[roundField] ?? 1);
        return typeof wanted !== 'number' || orderedRound(row[fields.version]) < wanted;
      });
      return { dealIds: open.map(({ Id }) => Id), next: rows.length === PAGE ? (rows.at(-1)?.Id ?? null) : null };
    },

    async explain(dealId, why) {
      const { problem } = fields;
      const id = idOf('opportunity', dealId);
      if (problem === null || id === undefined) return;
      await turns(id, async () => {
        const row = await find(id);
        if (!row || row.IsDeleted || sameText(row[problem], why)) return;
        await api.update('Opportunity', id, { [problem]: why });
      });
    },
  };
}

function dealOf(row: Opportunity, mapping: Mapping): CrmDeal {
  if (row.IsDeleted) return { kind: 'withdrawn', why: 'deleted in Salesforce' };
  const stage = row.StageName ?? '';
  if (mapping.withdrawn.includes(stage)) return { kind: 'withdrawn', why: `moved to ${stage}` };
  const documentType = Object.hasOwn(mapping.triggers, stage) ? mapping.triggers[stage] : undefined;
  if (documentType === undefined) return { kind: 'other' };
  try {
    const request = requestOf(row, documentType, mapping);
    const recorded = orderedRound(row[mapping.fields.version]) >= (request.round ?? 1);
    return { kind: 'wanted', request, recorded };
  } catch (error) {
    if (error instanceof Unfit) return { kind: 'unfit', why: error.message };
    throw error;
  }
}

function requestOf(row: Opportunity, documentType: string, mapping: Mapping): DealRequest {
  const { document, round, prefill, tenant } = mapping;
  const uri = document === undefined ? undefined : valueAt(row, document);
  const contacts = row.OpportunityContactRoles?.records ?? [];
  const properties: NonNullable<DealRequest['prefill']> = {};
  for (const [name, path] of Object.entries(prefill)) {
    const value = valueAt(row, path);
    if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') properties[name] = value;
  }
  return {
    dealId: row.Id,
    documentType,
    ...(round !== undefined && { round: roundIn(row, round) }),
    ...(tenant !== undefined && { tenant: tenantIn(row, tenant) }),
    parties: mapping.parties.map((party, at) => partyOf(party, at + 1, contacts)),
    // What fills a template is nothing to a deal that brings its own document.
    ...(typeof uri === 'string' && uri.trim() !== '' ? { document: { uri: uri.trim() } } : { prefill: properties }),
  };
}

function roundIn(row: Opportunity, field: string): number {
  const value = row[field] ?? 1;
  if (typeof value === 'number' && Number.isInteger(value) && value >= 1) return value;
  throw new Unfit(`${field} must be a whole number from 1 on, or empty.`);
}

/** Without one the contract would be made in the name of the platform itself. */
function tenantIn(row: Opportunity, path: string): string {
  const value = valueAt(row, path);
  if (typeof value === 'string' && value.trim() !== '') return value.trim();
  throw new Unfit(`${path} must name the tenant.`);
}

function partyOf(party: MappedParty, order: number, contacts: readonly ContactRole[]): RequestedParty {
  const { role, kind } = party;
  const also = { order, ...(role !== undefined && { role }), ...(kind !== undefined && { role_type: kind }) };
  if ('email' in party) return { email: party.email, ...(party.name !== undefined && { name: party.name }), ...also };

  const found = contacts.filter((each) => (party.contact === 'primary' ? each.IsPrimary : each.Role === party.contact));
  const which = party.contact === 'primary' ? 'primary contact' : `contact with the role “${party.contact}”`;
  const [one] = found;
  if (!one) throw new Unfit(`The opportunity has no ${which}: add one to its contact roles.`);
  if (found.length > 1)
    throw new Unfit(`The opportunity has ${found.length} contacts for one: leave only one ${which}.`);
  const email = one.Contact?.Email?.trim();
  if (!email) throw new Unfit(`The ${which} has no e-mail address.`);
  const name = one.Contact?.Name?.trim();
  return { email, ...(name && { name }), ...also };
}

/** The value at `Account.Name`; undefined where a record on the way is missing. */
function valueAt(row: Readonly<Record<string, unknown>>, path: string): unknown {
  const [first = '', ...rest] = path.split('.');
  const value = row[first];
  if (rest.length === 0) return value;
  const inner = z.record(z.string(), z.unknown()).safeParse(value);
  return inner.success ? valueAt(inner.data, rest.join('.')) : undefined;
}

function orderedRound(order: unknown): number {
  return typeof order === 'number' ? roundOf(order) : 0;
}

/** Salesforce trims texts and may keep line ends its own way. */
function sameText(stored: unknown, why: string): boolean {
  const plain = (text: string): string => text.replaceAll('\r\n', '\n').trim();
  return typeof stored === 'string' && plain(stored) === plain(why);
}
