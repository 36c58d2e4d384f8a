/** The records of an organization, in memory, and the rules by which they are written. */
import { createHash } from 'node:crypto';
import { ApiError } from './error.js';
import type { Field, SObject } from './objects.js';

export type Value = string | number | boolean | null;
export type Row = Record<string, Value>;

/** JSON bodies: 50 MB (REST API Developer Guide, "Insert or Update Blob Data"). */
export const MOST_BODY_BYTES = 50 * 1024 * 1024;

export class Records {
  private readonly tables = new Map<string, Map<string, Row>>();
  private count = 0;

  constructor(readonly objects: Readonly<Record<string, SObject>>) {
    for (const name of Object.keys(objects)) this.tables.set(name, new Map());
  }

  /** 404 as for an address that leads nowhere. */
  object(name: string): SObject {
    const object = this.objects[name];
    if (!object) throw new ApiError(404, 'NOT_FOUND', 'The requested resource does not exist');
    return object;
  }

  /** Every row, deleted ones too, in the order of ids. */
  rows(name: string): Row[] {
    return [...(this.tables.get(name)?.values() ?? [])];
  }

  /** By an id of 15 or 18 characters. */
  find(name: string, id: string): Row | undefined {
    return this.tables.get(name)?.get(id.slice(0, 15));
  }

  insert(name: string, given: Readonly<Record<string, unknown>>): string {
    const object = this.object(name);
    const values = this.checked(object, given, 'createable');
    const missing = Object.entries(object.fields)
      .filter(([field, { required }]) => required === true && (values[field] ?? null) === null)
      .map(([field]) => field);
    if (missing.length > 0)
      throw new ApiError(
        400,
        'REQUIRED_FIELD_MISSING',
        `Required fields are missing: [${missing.join(', ')}]`,
        missing,
      );
    const id = this.newId(object.prefix);
    const empty = Object.fromEntries(
      Object.entries(object.fields).map(([field, { type }]) => [field, type === 'boolean' ? false : null]),
    );
    const row: Row = { ...empty, ...values, Id: id, IsDeleted: false, SystemModstamp: stamp() };
    if (name === 'Contact') row['Name'] = row['LastName'] ?? null;
    if (name === 'Task') row['Status'] ??= 'Not Started';
    this.tables.get(name)?.set(id.slice(0, 15), row);
    if (name === 'ContentVersion') this.publish(row);
    return id;
  }

  update(name: string, id: string, given: Readonly<Record<string, unknown>>): void {
    const object = this.object(name);
    const row = this.find(name, id);
    if (!row)
      throw new ApiError(404, 'NOT_FOUND', 'Provided external ID field does not exist or is not accessible: ' + id);
    if (row['IsDeleted'] === true) throw new ApiError(404, 'ENTITY_IS_DELETED', 'entity is deleted', []);
    const values = this.checked(object, given, 'updateable');
    const emptied = Object.keys(values).filter(
      (field) => object.fields[field]?.required === true && values[field] === null,
    );
    if (emptied.length > 0)
      throw new ApiError(
        400,
        'REQUIRED_FIELD_MISSING',
        `Required fields are missing: [${emptied.join(', ')}]`,
        emptied,
      );
    Object.assign(row, values, { SystemModstamp: stamp() });
  }

  /** Into the recycle bin. */
  delete(name: string, id: string): void {
    const row = this.find(name, id);
    if (row) row['IsDeleted'] = true;
  }

  /** Out of the recycle bin too: as if it had never been. */
  erase(name: string, id: string): void {
    this.tables.get(name)?.delete(id.slice(0, 15));
  }

  /** A file gets a document of its own and, where a place is given, its link, all in one step (Object Reference, ContentVersion). */
  private publish(version: Row): void {
    const bytes = Buffer.from(String(version['VersionData']), 'base64');
    version['Checksum'] = createHash('md5').update(bytes).digest('hex');
    const document = this.insert('ContentDocument', {
      Title: version['Title'] ?? version['PathOnClient'],
      LatestPublishedVersionId: version['Id'],
    });
    version['ContentDocumentId'] = document;
    const place = version['FirstPublishLocationId'];
    if (place !== null && place !== undefined)
      this.insert('ContentDocumentLink', { ContentDocumentId: document, LinkedEntityId: place, ShareType: 'V' });
  }

  private checked(object: SObject, given: Readonly<Record<string, unknown>>, right: 'createable' | 'updateable'): Row {
    const values: Row = {};
    for (const [asked, value] of Object.entries(given)) {
      const name = Object.keys(object.fields).find((field) => field.toLowerCase() === asked.toLowerCase());
      const field = name === undefined ? undefined : object.fields[name];
      if (name === undefined || !field)
        throw new ApiError(400, 'INVALID_FIELD', `No such column '${asked}' on sobject of type ${this.nameOf(object)}`);
      if (field[right] === false) {
        const message = `Unable to create/update fields: ${name}. Please check the security settings of this field and verify that it is read/write for your profile or permission set.`;
        throw new ApiError(400, 'INVALID_FIELD_FOR_INSERT_UPDATE', message, [name]);
      }
      values[name] = this.stored(name, field, value);
    }
    return values;
  }

  private stored(name: string, field: Field, value: unknown): Value {
    if (value === null || value === '') return null;
    if (field.type === 'double' || field.type === 'boolean') {
      if (typeof value !== (field.type === 'double' ? 'number' : 'boolean')) throw wrongType(field.type, value);
      if (typeof value === 'number' && Math.abs(value) >= 10 ** ((field.precision ?? 18) - (field.scale ?? 0)))
        throw new ApiError(400, 'NUMBER_OUTSIDE_VALID_RANGE', `${name}: value outside of valid range: ${value}`, [
          name,
        ]);
      return typeof value === 'number' || typeof value === 'boolean' ? value : null;
    }
    if (typeof value !== 'string') throw wrongType(field.type, value);
    if (field.type === 'datetime' || field.type === 'date') {
      if (Number.isNaN(Date.parse(value))) throw wrongType(field.type, value);
      return field.type === 'date' ? value.slice(0, 10) : stamp(new Date(value));
    }
    if (field.type === 'reference') this.checkReference(name, field, value);
    const text = value.trim();
    if (field.length !== undefined && text.length > field.length) {
      const message = `${name}: data value too large: ${text} (max length=${field.length})`;
      throw new ApiError(400, 'STRING_TOO_LONG', message, [name]);
    }
    if (name === 'Status' && field.values && !field.values.includes(text)) {
      const message = `${name}: bad value for restricted picklist field: ${text}`;
      throw new ApiError(400, 'INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST', message, [name]);
    }
    return text;
  }

  private checkReference(name: string, { to = '' }: Field, id: string): void {
    const row = this.find(to, id);
    if (row?.['IsDeleted'] === true) throw new ApiError(400, 'ENTITY_IS_DELETED', 'entity is deleted', []);
    if (!row) throw new ApiError(400, 'INVALID_CROSS_REFERENCE_KEY', 'invalid cross reference id', [name]);
  }

  private nameOf(object: SObject): string {
    return Object.entries(this.objects).find(([, each]) => each === object)?.[0] ?? '';
  }

  private newId(prefix: string): string {
    this.count += 1;
    return withSuffix(`${prefix}Wx0000${String(this.count).padStart(6, '0')}`);
  }
}

function wrongType(type: string, value: unknown): ApiError {
  return new ApiError(400, 'JSON_PARSER_ERROR', `Cannot deserialize instance of ${type} from ${typeof value} value`);
}

/** Whole seconds, with the zone as Salesforce writes it. */
function stamp(at: Date = new Date()): string {
  return `${at.toISOString().slice(0, 19)}.000+0000`;
}

/** Three letters that tell which of the fifteen are capitals, so that ids survive programs that ignore case. */
export function withSuffix(id: string): string {
  let suffix = '';
  for (let start = 0; start < 15; start += 5) {
    let bits = 0;
    for (let at = 0; at < 5; at += 1) if (/[A-Z]/.test(id[start + at] ?? '')) bits |= 1 << at;
    suffix += 'ABCDEFGHIJKLMNOPQRSTUVWXYZ012345'[bits] ?? '';
  }
  return id + suffix;
}
