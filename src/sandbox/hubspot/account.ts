/** The records of one HubSpot account, in memory, and what people and programs may do with them. */
import { BUILT_IN, checkValues, type PropertyDefinition } from './properties.js';
import { invalid, notFound, Refusal } from './refusal.js';

export type Values = Record<string, string | null>;

export interface StoredRecord {
  id: string;
  properties: Values;
  archived: boolean;
  createdAt: Date;
  updatedAt: Date;
  /** How it stood, oldest first: what the search gives is not the latest. */
  history: { at: number; properties: Values; archived: boolean }[];
  /** What the last write through the API set. */
  lastWrite: Record<string, string>;
}

export interface StoredFile {
  id: string;
  name: string;
  folder: string;
  access: string;
  bytes: Buffer;
}

/** What happened to a deal, as subscriptions to webhooks tell it. */
export interface Happening {
  what: 'propertyChange' | 'creation' | 'deletion' | 'restore' | 'merge';
  dealId: string;
  by: 'CRM_UI' | 'INTEGRATION';
  property?: { name: string; value: string };
  mergedIds?: string[];
}

export type ObjectType = 'deals' | 'contacts' | 'notes';

export function isObjectType(text: string): text is ObjectType {
  return text === 'deals' || text === 'contacts' || text === 'notes';
}

export class Account {
  readonly records: Record<ObjectType, Map<string, StoredRecord>> = {
    deals: new Map(),
    contacts: new Map(),
    notes: new Map(),
  };
  readonly files: StoredFile[] = [];
  readonly stages: string[];
  private readonly definitions: Record<string, Map<string, PropertyDefinition>>;
  /** Labels of a deal's contact; the empty list where it has none. */
  private readonly contacts = new Map<string, Map<string, string[]>>();
  private readonly notes = new Map<string, string[]>();
  /** Ids of deals that went into others. */
  private readonly merged = new Map<string, string>();
  private lastId = 10_000;

  constructor(
    stages: readonly string[],
    private readonly tell: (happening: Happening) => void,
  ) {
    this.stages = [...stages];
    this.definitions = Object.fromEntries(
      Object.entries(BUILT_IN).map(([type, list]) => [type, new Map(list.map((one) => [one.name, one]))]),
    );
    this.define('deals', { name: 'dealstage', type: 'enumeration', options: this.stages });
  }

  define(type: ObjectType, definition: PropertyDefinition): void {
    this.definitionsOf(type).set(definition.name, definition);
  }

  undefine(type: ObjectType, name: string): void {
    this.definitionsOf(type).delete(name);
  }

  definitionsOf(type: string): Map<string, PropertyDefinition> {
    const found = this.definitions[type];
    if (!found) throw invalid(`Unable to infer object type from: ${type}`);
    return found;
  }

  /** A number that no other record or file has. */
  newId(): string {
    this.lastId += 1;
    return String(this.lastId);
  }

  create(type: ObjectType, values: Record<string, string>, by: Happening['by']): StoredRecord {
    checkValues(this.definitionsOf(type), values);
    const now = new Date();
    const id = this.newId();
    const record: StoredRecord = {
      id,
      properties: { ...cleared(values), hs_object_id: id },
      archived: false,
      createdAt: now,
      updatedAt: now,
      history: [],
      lastWrite: {},
    };
    this.records[type].set(id, record);
    remember(record);
    if (type === 'deals') {
      this.tell({ what: 'creation', dealId: id, by });
      this.tellChanges(id, values, by);
    }
    return record;
  }

  /** A deal that went into another one is answered by that one's record. Throws `Refusal` 404. */
  record(type: ObjectType, id: string, archived = false): StoredRecord {
    const record = this.records[type].get(this.merged.get(id) ?? id);
    if (!record || record.archived !== archived) throw notFound(id);
    return record;
  }

  update(type: ObjectType, id: string, values: Record<string, string>, by: Happening['by']): StoredRecord {
    const record = this.record(type, id);
    checkValues(this.definitionsOf(type), values);
    const changes = Object.fromEntries(
      Object.entries(values).filter(([name, value]) => (record.properties[name] ?? '') !== value),
    );
    record.properties = { ...record.properties, ...cleared(values) };
    record.updatedAt = new Date();
    if (by === 'INTEGRATION') record.lastWrite = values;
    remember(record);
    if (type === 'deals') this.tellChanges(record.id, changes, by);
    return record;
  }

  archiveDeal(id: string): void {
    const record = this.record('deals', id);
    record.archived = true;
    remember(record);
    this.tell({ what: 'deletion', dealId: id, by: 'CRM_UI' });
  }

  restoreDeal(id: string): void {
    const record = this.record('deals', id, true);
    record.archived = false;
    remember(record);
    this.tell({ what: 'restore', dealId: id, by: 'CRM_UI' });
  }

  mergeDeals(into: string, from: string): void {
    this.record('deals', into);
    this.records.deals.delete(this.record('deals', from).id);
    this.merged.set(from, into);
    this.tell({ what: 'merge', dealId: into, by: 'CRM_UI', mergedIds: [from] });
  }

  linkContact(dealId: string, contactId: string, labels: readonly string[]): void {
    const linked = this.contacts.get(dealId) ?? new Map<string, string[]>();
    this.contacts.set(dealId, linked.set(contactId, [...labels]));
  }

  linkNote(dealId: string, noteId: string): void {
    this.notes.set(dealId, [...(this.notes.get(dealId) ?? []), noteId]);
  }

  /** Ids and labels of what is linked to a deal. Throws `Refusal` 404. */
  linked(dealId: string, to: string): { id: string; labels: string[] }[] {
    const { id } = this.record('deals', dealId);
    if (to === 'contacts')
      return [...(this.contacts.get(id) ?? [])].map(([contact, labels]) => ({ id: contact, labels }));
    if (to === 'notes') return (this.notes.get(id) ?? []).map((note) => ({ id: note, labels: [] }));
    throw new Refusal(400, 'VALIDATION_ERROR', `Unable to infer object type from: ${to}`);
  }

  private tellChanges(dealId: string, values: Record<string, string>, by: Happening['by']): void {
    for (const [name, value] of Object.entries(values))
      this.tell({ what: 'propertyChange', dealId, by, property: { name, value } });
  }
}

/** '' clears a value (HubSpot docs, Properties: clear a property value). */
function cleared(values: Record<string, string>): Values {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, value === '' ? null : value]));
}

function remember({ history, properties, archived }: StoredRecord): void {
  history.push({ at: Date.now(), properties: { ...properties }, archived });
}
