/** The calls that the stand-in knows; every other one is a 404. */
import { z } from 'zod';
import { isObjectType, type Account, type ObjectType, type StoredRecord } from './account.js';
import { listFiles, uploadFile } from './files.js';
import { described } from './properties.js';
import { invalid, Refusal } from './refusal.js';
import { searchDeals } from './search.js';

export interface Call {
  /** What the pattern of the route caught. */
  params: string[];
  query: URLSearchParams;
  contentType: string;
  body: Buffer;
}

export interface Settings {
  searchDelayMs: number;
  maxFileBytes: number;
}

export interface Route {
  method: string;
  path: RegExp;
  scope: string | null;
  answer(account: Account, call: Call, settings: Settings): Promise<{ status: number; body: unknown }>;
}

const values = z.record(z.string(), z.string());
const update = z.strictObject({ properties: values });
const batchRead = z.strictObject({
  inputs: z.array(z.strictObject({ id: z.string() })).max(100),
  properties: z.array(z.string()),
  propertiesWithHistory: z.array(z.string()).default([]),
});
const newNote = z.strictObject({
  properties: values,
  associations: z
    .array(
      z.strictObject({
        to: z.strictObject({ id: z.string() }),
        types: z.array(
          z.strictObject({ associationCategory: z.literal('HUBSPOT_DEFINED'), associationTypeId: z.literal(214) }),
        ),
      }),
    )
    .default([]),
});

const ok = (body: unknown, status = 200) => ({ status, body });

export const ROUTES: readonly Route[] = [
  {
    method: 'GET',
    path: /^\/crm\/v3\/objects\/deals\/([^/]+)$/,
    scope: 'crm.objects.deals.read',
    async answer(account, { params: [id = ''], query }) {
      const deal = account.record('deals', id, query.get('archived') === 'true');
      return ok(shown(deal, listed(query)));
    },
  },
  {
    method: 'PATCH',
    path: /^\/crm\/v3\/objects\/deals\/([^/]+)$/,
    scope: 'crm.objects.deals.write',
    async answer(account, call) {
      const { properties } = jsonIn(update, call);
      const deal = account.update('deals', call.params[0] ?? '', properties, 'INTEGRATION');
      return ok(shown(deal, Object.keys(properties)));
    },
  },
  {
    method: 'POST',
    path: /^\/crm\/v3\/objects\/deals\/search$/,
    scope: 'crm.objects.deals.read',
    answer: async (account, call, { searchDelayMs }) =>
      ok(searchDeals(account, jsonIn(z.unknown(), call), searchDelayMs)),
  },
  {
    method: 'GET',
    path: /^\/crm\/v3\/objects\/contacts$/,
    scope: 'crm.objects.contacts.read',
    async answer(account, { query }) {
      const limit = Number(query.get('limit') ?? '10');
      return ok({
        results: [...account.records.contacts.values()].slice(0, limit).map((contact) => shown(contact, [])),
      });
    },
  },
  {
    method: 'POST',
    path: /^\/crm\/v3\/objects\/(contacts|notes)\/batch\/read$/,
    scope: 'crm.objects.contacts.read',
    async answer(account, call) {
      const type = objectType(call.params[0] ?? '');
      const { inputs, properties } = jsonIn(batchRead, call);
      const found = inputs.flatMap(({ id }) => account.records[type].get(id) ?? []).filter(({ archived }) => !archived);
      const now = new Date().toISOString();
      const body = {
        status: 'COMPLETE',
        startedAt: now,
        completedAt: now,
        results: found.map((record) => shown(record, properties)),
      };
      return found.length === inputs.length ? ok(body) : ok({ ...body, numErrors: 1, errors: [] }, 207);
    },
  },
  {
    method: 'POST',
    path: /^\/crm\/v3\/objects\/notes$/,
    scope: 'crm.objects.contacts.write',
    async answer(account, call) {
      const { properties, associations } = jsonIn(newNote, call);
      if (!properties['hs_timestamp']) throw invalid('hs_timestamp is required');
      const files = (properties['hs_attachment_ids'] ?? '').split(';').filter(Boolean);
      if (files.some((id) => account.files.every((file) => file.id !== id))) throw invalid('There is no such file');
      const deals = associations.map(({ to }) => {
        if (!account.records.deals.has(to.id)) throw invalid(`The deal ${to.id} cannot be associated`);
        return account.record('deals', to.id).id;
      });
      const note = account.create('notes', properties, 'INTEGRATION');
      for (const deal of deals) account.linkNote(deal, note.id);
      return ok(shown(note, Object.keys(properties)), 201);
    },
  },
  {
    method: 'GET',
    path: /^\/crm\/v4\/objects\/deals\/([^/]+)\/associations\/([^/]+)$/,
    scope: 'crm.objects.deals.read',
    async answer(account, { params: [id = '', to = ''], query }) {
      const limit = Number(query.get('limit') ?? '500');
      if (!(limit >= 1 && limit <= 500)) throw invalid('limit must be between 1 and 500');
      const from = Number(query.get('after') ?? '0');
      const all = account.linked(id, to);
      return ok({
        results: all.slice(from, from + limit).map(({ id: other, labels }) => ({
          toObjectId: Number(other),
          associationTypes: [
            { category: 'HUBSPOT_DEFINED', typeId: to === 'notes' ? 213 : 3, label: null },
            ...labels.map((label, index) => ({ category: 'USER_DEFINED', typeId: 100 + index, label })),
          ],
        })),
        ...(from + limit < all.length && { paging: { next: { after: String(from + limit), link: '' } } }),
      });
    },
  },
  {
    method: 'GET',
    path: /^\/crm\/v3\/properties\/([^/]+)$/,
    scope: 'crm.objects.deals.read',
    answer: async (account, { params: [type = ''] }) =>
      ok({ results: [...account.definitionsOf(type).values()].map(described) }),
  },
  {
    method: 'GET',
    path: /^\/crm\/v3\/pipelines\/deals$/,
    scope: 'crm.objects.deals.read',
    async answer(account) {
      const stages = account.stages.map((id, displayOrder) => ({
        id,
        label: id,
        displayOrder,
        archived: false,
        metadata: {},
      }));
      return ok({ results: [{ id: 'default', label: 'Sales', displayOrder: 0, archived: false, stages }] });
    },
  },
  {
    method: 'GET',
    path: /^\/files\/v3\/files\/search$/,
    scope: 'files',
    answer: async (account, { query }) => ok(listFiles(account, Number(query.get('limit') ?? '10'))),
  },
  {
    method: 'POST',
    path: /^\/files\/v3\/files$/,
    scope: 'files',
    answer: async (account, { body, contentType }, { maxFileBytes }) =>
      ok(await uploadFile(account, body, contentType, maxFileBytes), 201),
  },
];

/** Names that are not known are left out without a word, and the id is always there. */
function shown({ id, properties, archived, createdAt, updatedAt }: StoredRecord, names: readonly string[]): unknown {
  const asked = ['hs_object_id', ...names].filter((name) => name in properties);
  return {
    id,
    properties: Object.fromEntries(asked.map((name) => [name, properties[name] ?? null])),
    createdAt: createdAt.toISOString(),
    updatedAt: updatedAt.toISOString(),
    archived,
  };
}

/** Lists come as one parameter a name, or as names with commas. */
function listed(query: URLSearchParams): string[] {
  return query.getAll('properties').flatMap((value) => value.split(','));
}

function jsonIn<Schema extends z.ZodType>(schema: Schema, { body, contentType }: Call): z.output<Schema> {
  if (!contentType.startsWith('application/json')) throw new Refusal(415, 'VALIDATION_ERROR', 'Unsupported Media Type');
  let value: unknown;
  try {
    value = JSON.parse(body.toString('utf8'));
  } catch {
    throw invalid('Invalid input JSON');
  }
  const read = schema.safeParse(value);
  if (!read.success) throw invalid(`Invalid input JSON: ${z.prettifyError(read.error)}`);
  return read.data;
}

function objectType(text: string): ObjectType {
  if (!isObjectType(text)) throw invalid(`Unable to infer object type from: ${text}`);
  return text;
}
