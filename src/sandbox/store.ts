import type {
  Account,
  ApiCall,
  ApiKey,
  Delivery,
  DetectedDocument,
  Envelope,
  IdempotencyRecord,
  Leak,
  Mail,
  Template,
} from './model.js';
import { Journal, type Put } from './journal.js';

/** Records by id, and by one more key of their own (an envelope's deliveries, an organisation's envelopes), in the order they came. */
export class Table<T extends { id: string }> {
  private readonly records = new Map<string, T>();
  private readonly groups = new Map<string, T[]>();

  constructor(
    readonly name: string,
    private readonly changed: (table: string, record: T) => void,
    private readonly groupsOf: (record: T) => string[] = () => [],
  ) {}

  get(id: string): T | undefined {
    return this.records.get(id);
  }

  /** Keeps the record; also to be called after changing one in place. Only inside a transaction. */
  put(record: T): void {
    this.load(record);
    this.changed(this.name, record);
  }

  /** Takes back what the journal held. The groups of a record never change, so it joins them only once. */
  load(record: T): void {
    const known = this.records.get(record.id);
    this.records.set(record.id, record);
    for (const key of this.groupsOf(record)) {
      const group = this.groups.get(key) ?? [];
      if (known === undefined) group.push(record);
      else if (known !== record) group[group.indexOf(known)] = record;
      this.groups.set(key, group);
    }
  }

  /** Forgets a record in memory; a restart leaves it out of the journal. */
  forget(id: string): void {
    this.records.delete(id);
  }

  in(group: string): readonly T[] {
    return this.groups.get(group) ?? [];
  }

  all(): Iterable<T> {
    return this.records.values();
  }

  get size(): number {
    return this.records.size;
  }
}

interface Loadable {
  readonly name: string;
  load(record: { id: string }): void;
  all(): Iterable<{ id: string }>;
}

/** Settings changed at run time, scripted detection outcomes, and the key of download links: one record each, under its own id. */
export interface Note {
  id: string;
  value: unknown;
}

/**
 * All state of the sandbox. A change happens in a transaction: a synchronous piece of work, so that requests never see each other half done, whose
 * changed records reach the journal in one line before the caller goes on.
 */
export class Store {
  private dirty: Map<string, Put> | null = null;
  private effects: (() => void)[] = [];
  private readonly journal: Journal | null;

  private readonly mark = (table: string, record: { id: string }): void => {
    if (this.dirty === null) throw new Error(`${table} changed outside a transaction`);
    this.dirty.set(`${table}/${record.id}`, [table, record]);
  };

  readonly envelopes = new Table<Envelope>('envelopes', this.mark, (envelope) => [
    envelope.organisation,
    ...externalIdGroups(envelope),
  ]);
  readonly accounts = new Table<Account>('accounts', this.mark);
  readonly keys = new Table<ApiKey>('keys', this.mark);
  readonly idempotency = new Table<IdempotencyRecord>('idempotency', this.mark);
  readonly deliveries = new Table<Delivery>('deliveries', this.mark, (delivery) => [delivery.envelopeId]);
  readonly mails = new Table<Mail>('mails', this.mark, (mail) => [mail.envelopeId]);
  readonly calls = new Table<ApiCall>('calls', this.mark, (call) => [call.envelopeId]);
  readonly templates = new Table<Template>('templates', this.mark);
  readonly detected = new Table<DetectedDocument>('detected', this.mark);
  readonly leaks = new Table<Leak>('leaks', this.mark);
  readonly notes = new Table<Note>('notes', this.mark);

  private readonly tables: readonly Loadable[] = [
    this.envelopes,
    this.accounts,
    this.keys,
    this.idempotency,
    this.deliveries,
    this.mails,
    this.calls,
    this.templates,
    this.detected,
    this.leaks,
    this.notes,
  ];

  /** With a folder, takes up what its journal holds and writes it afresh, without what `expired` names. */
  constructor(folder: string | null, expired: (record: IdempotencyRecord) => boolean) {
    this.journal = folder === null ? null : new Journal(folder);
    if (this.journal === null) return;
    for (const [name, record] of this.journal.read()) this.load(name, record);
    for (const record of this.idempotency.all()) if (expired(record)) this.idempotency.forget(record.id);
    this.journal.restart(this.records());
  }

  private load(name: string, record: { id: string }): void {
    // The journal is this program's own: a record filed under a table has that table's type.
    this.tables.find((table) => table.name === name)?.load(record);
  }

  private *records(): Iterable<Put> {
    for (const table of this.tables) for (const record of table.all()) yield [table.name, record];
  }

  /** Runs `work`; its changes are in the journal when this returns, also when it throws part way. */
  transact<T>(work: () => T): T {
    if (this.dirty !== null) throw new Error('transactions do not nest');
    this.dirty = new Map();
    try {
      return work();
    } finally {
      const puts = [...this.dirty.values()];
      this.dirty = null;
      if (puts.length > 0) this.journal?.append(puts);
      const effects = this.effects;
      this.effects = [];
      for (const effect of effects) setImmediate(effect);
    }
  }

  /** Runs `effect` soon after the current transaction is in the journal: where something leaves the process. */
  afterwards(effect: () => void): void {
    this.effects.push(effect);
  }

  close(): void {
    this.journal?.close();
  }
}

/** The group of an organisation's envelopes with this `metadata.external_id` (Atlas notes 13). */
export function externalIdGroup(organisation: string, externalId: string): string {
  return `${organisation}\n${externalId}`;
}

function externalIdGroups({ organisation, metadata }: Envelope): string[] {
  const externalId = metadata['external_id'];
  return typeof externalId === 'string' ? [externalIdGroup(organisation, externalId)] : [];
}
