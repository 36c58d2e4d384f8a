/** Answers a query from the records. */
import { ApiError } from './error.js';
import type { SObject } from './objects.js';
import type { Records, Row, Value } from './records.js';
import { readSoql, type Condition, type Literal, type Select } from './soql.js';

interface Asked {
  records: Records;
  withDeleted: boolean;
}

/** The records as JSON has them, all of them; paging is the route's. */
export function answerQuery(records: Records, soql: string, withDeleted: boolean): Record<string, unknown>[] {
  const select = readSoql(soql);
  if (!records.objects[select.from])
    throw new ApiError(400, 'INVALID_TYPE', `sObject type '${select.from}' is not supported.`);
  if (select.from === 'ContentDocumentLink' && !namesAFile(select.where)) {
    const message =
      "Implementation restriction: ContentDocumentLink requires a filter by a single Id on ContentDocumentId or LinkedEntityId using the equals operator or multiple Id's using the IN operator.";
    throw new ApiError(400, 'MALFORMED_QUERY', message);
  }
  return rowsOf({ records, withDeleted }, select, select.from, () => true);
}

function rowsOf(asked: Asked, select: Select, name: string, also: (row: Row) => boolean): Record<string, unknown>[] {
  const object = asked.records.object(name);
  for (const path of [...select.fields, ...pathsOf(select.where)]) checkPath(asked.records, name, path);
  const rows = asked.records
    .rows(name)
    .filter((row) => (asked.withDeleted || row['IsDeleted'] === false) && also(row))
    .filter((row) => select.where === null || holds(asked.records, object, row, select.where));
  if (select.orderById) rows.sort((one, other) => (String(one['Id']) < String(other['Id']) ? -1 : 1));
  return rows.slice(0, select.limit ?? rows.length).map((row) => shown(asked, select, name, row));
}

function shown(asked: Asked, select: Select, name: string, row: Row): Record<string, unknown> {
  const object = asked.records.object(name);
  const answer: Record<string, unknown> = { attributes: attributesOf(name, row) };
  for (const path of select.fields) put(asked.records, name, row, path, answer);
  for (const child of select.children) {
    const relation = object.children?.[child.from];
    if (!relation)
      throw new ApiError(
        400,
        'INVALID_FIELD',
        `Didn't understand relationship '${child.from}' in FROM part of query call.`,
      );
    const found = rowsOf(asked, child, relation.object, (each) => each[relation.by] === row['Id']);
    answer[child.from] = found.length === 0 ? null : { totalSize: found.length, done: true, records: found };
  }
  return answer;
}

/** A path into another record makes an object of it, null where there is none. */
function put(records: Records, name: string, row: Row, path: readonly string[], into: Record<string, unknown>): void {
  const [first = '', ...rest] = path;
  const object = records.object(name);
  if (rest.length === 0) {
    const field = fieldNamed(object, first);
    into[field ?? first] = field === undefined ? null : (row[field] ?? null);
    return;
  }
  const [by, to] = wayOf(object, first) ?? ['', ''];
  const other = records.find(to, String(row[by] ?? ''));
  if (!other) {
    into[first] = null;
    return;
  }
  const inner = into[first];
  const there: Record<string, unknown> = isObject(inner) ? inner : { attributes: attributesOf(to, other) };
  into[first] = there;
  put(records, to, other, rest, there);
}

function holds(records: Records, object: SObject, row: Row, condition: Condition): boolean {
  if (condition.kind !== 'is') {
    const { left, right } = condition;
    const first = holds(records, object, row, left);
    return condition.kind === 'and'
      ? first && holds(records, object, row, right)
      : first || holds(records, object, row, right);
  }
  const value = row[fieldNamed(object, condition.path.join('.')) ?? ''] ?? null;
  return condition.values.some((literal) => compares(value, condition.operator, literal, condition.path));
}

function compares(value: Value, operator: string, literal: Literal, path: readonly string[]): boolean {
  // Texts are compared without regard to case, ids by their first fifteen characters.
  const isId = path.at(-1)?.endsWith('Id') === true;
  const alike = (one: Literal): Literal =>
    typeof one !== 'string' ? one : isId ? one.slice(0, 15) : one.toLowerCase();
  const left = alike(value);
  const right = alike(literal);
  if (operator === '=' || operator === 'IN') return left === right;
  if (operator === '!=') return left !== right;
  if (left === null || right === null || typeof left !== typeof right) return false;
  if (operator === '<') return left < right;
  if (operator === '<=') return left <= right;
  return operator === '>' ? left > right : left >= right;
}

function checkPath(records: Records, name: string, path: readonly string[]): void {
  const [first = '', ...rest] = path;
  const object = records.object(name);
  if (rest.length === 0) {
    if (fieldNamed(object, first) !== undefined) return;
    const message = `No such column '${first}' on entity '${name}'. If you are attempting to use a custom field, be sure to append the '__c' after the custom field name.`;
    throw new ApiError(400, 'INVALID_FIELD', message);
  }
  const way = wayOf(object, first);
  if (!way) throw new ApiError(400, 'INVALID_FIELD', `Didn't understand relationship '${first}' in field path.`);
  checkPath(records, way[1], rest);
}

function fieldNamed(object: SObject, asked: string): string | undefined {
  return Object.keys(object.fields).find((field) => field.toLowerCase() === asked.toLowerCase());
}

/** The reference field behind the name of a relationship, and the object it leads to. */
function wayOf(object: SObject, via: string): [string, string] | undefined {
  const found = Object.entries(object.fields).find(([, field]) => field.via?.toLowerCase() === via.toLowerCase());
  return found && [found[0], found[1].to ?? ''];
}

function pathsOf(condition: Condition | null): string[][] {
  if (condition === null) return [];
  return condition.kind === 'is' ? [condition.path] : [...pathsOf(condition.left), ...pathsOf(condition.right)];
}

function namesAFile(condition: Condition | null): boolean {
  if (condition === null) return false;
  if (condition.kind !== 'is')
    return condition.kind === 'and' && (namesAFile(condition.left) || namesAFile(condition.right));
  const { path, operator } = condition;
  return (operator === '=' || operator === 'IN') && ['LinkedEntityId', 'ContentDocumentId'].includes(path.join('.'));
}

function attributesOf(name: string, row: Row): unknown {
  return { type: name, url: `/services/data/v62.0/sobjects/${name}/${row['Id']}` };
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
