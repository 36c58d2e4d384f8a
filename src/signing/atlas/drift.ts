/** Where what Atlas publishes of its API and what this client uses of it part. What the document does not tell is a doubt, what it contradicts a break. */
import { asList, asObject, isObject, OpenApi, type Json, type View } from './openapi.js';
import { ATLAS_USAGE, type AnswerField, type BodyUsage, type RouteUsage } from './usage.js';

export interface Drift {
  /** `break`: the document contradicts the client. `doubt`: it does not describe what the client uses. */
  kind: 'break' | 'doubt';
  /** `POST /api/envelope`; empty for the document as a whole. */
  where: string;
  what: string;
}

/** Headers that every call can carry. */
const HEADERS = ['authorization', 'content-type', 'accept', 'idempotency-key'];

/** Compares a parsed document of any form with the table. */
export function findDrift(document: unknown, usage: readonly RouteUsage[] = ATLAS_USAGE): Drift[] {
  if (!isObject(document) || !isObject(document.paths) || !/^3\./.test(String(document.openapi))) {
    return [{ kind: 'doubt', where: '', what: 'it is no OpenAPI 3 document' }];
  }
  const api = new OpenApi(document);
  const paths = pathsOf(document);
  if (!usage.some(({ route }) => paths.has(normal(route)))) {
    // Atlas has several generations of its API (Atlas notes 0.1).
    return [
      { kind: 'doubt', where: '', what: 'it describes none of the routes that are used: it may be of another API' },
    ];
  }
  return usage.flatMap((one) => driftOf(api, paths.get(normal(one.route)), one));
}

/** Path items by path, whichever part of it stands in the servers' addresses; names of parameters do not count. */
function pathsOf({ paths, servers }: Json): Map<string, unknown> {
  const bases = asList(servers).map((server) => basePathOf(String(asObject(server).url)));
  const found = new Map<string, unknown>();
  for (const base of new Set([...bases, ''])) {
    for (const [path, item] of Object.entries(asObject(paths))) found.set(normal(`${base}${path}`), item);
  }
  return found;
}

function basePathOf(url: string): string {
  const path = URL.canParse(url) ? new URL(url).pathname : url.startsWith('/') ? url : '';
  return path.replace(/\/+$/, '');
}

function normal(path: string): string {
  return path.replaceAll(/\{[^}]*\}|%7B.*?%7D/gi, '{}').replace(/\/+$/, '');
}

function driftOf(api: OpenApi, pathItem: unknown, usage: RouteUsage): Drift[] {
  const where = `${usage.method} ${usage.route}`;
  const doubt = (what: string): Drift => ({ kind: 'doubt', where, what });
  const broken = (what: string): Drift => ({ kind: usage.spare ? 'doubt' : 'break', where, what });
  if (pathItem === undefined) return usage.spare ? [] : [doubt('the route is not there')];
  const item = api.resolve(pathItem);
  const operation = item[usage.method.toLowerCase()];
  if (!isObject(operation)) {
    const others = Object.keys(item).filter(
      (name) => /^(get|put|post|patch|delete)$/.test(name) && isObject(item[name]),
    );
    if (usage.spare || others.length === 0) return usage.spare ? [] : [doubt('no method of the route is described')];
    return [broken(`the route takes ${others.join(', ').toUpperCase()} only`)];
  }
  return [
    ...(operation.deprecated === true ? [doubt('it is deprecated')] : []),
    ...parameterDrift(api, [...asList(item.parameters), ...asList(operation.parameters)], usage, { doubt, broken }),
    ...usage.bodies.flatMap((body) => bodyDrift(api, operation, body, { doubt, broken })),
    ...answerDrift(api, operation, usage, { doubt, broken }),
  ].filter((drift, index, all) => all.findIndex(({ what }) => what === drift.what) === index);
}

interface Tell {
  doubt: (what: string) => Drift;
  broken: (what: string) => Drift;
}

function parameterDrift(api: OpenApi, given: readonly unknown[], { query }: RouteUsage, tell: Tell): Drift[] {
  const parameters = given.map((parameter) => {
    const { name, in: place, required } = api.resolve(parameter);
    return { name: String(name), place: String(place), required: required === true };
  });
  const sent = (name: string, place: string): boolean =>
    place === 'path' || (place === 'query' ? query.flat().includes(name) : HEADERS.includes(name.toLowerCase()));
  const demanded = parameters.filter(({ name, place, required }) => required && !sent(name, place));
  const known = parameters.filter(({ place }) => place === 'query').map(({ name }) => name);
  const untold = query.filter((names) => !names.some((name) => known.includes(name)));
  return [
    ...demanded.map(({ name, place }) => tell.broken(`the ${place} parameter ${name} is required, and is not sent`)),
    ...untold.map((names) => tell.doubt(`the query parameter ${names.join(' or ')} is not described`)),
  ];
}

function bodyDrift(api: OpenApi, operation: Json, { type, always, sometimes }: BodyUsage, tell: Tell): Drift[] {
  const content = asObject(api.resolve(operation.requestBody).content);
  const types = Object.keys(content);
  if (types.length === 0) return always.length === 0 ? [] : [tell.doubt('the body of the request is not described')];
  const taken =
    types.find((name) => name.split(';')[0]?.trim().toLowerCase() === type) ?? types.find((name) => name.includes('*'));
  if (taken === undefined) return [tell.broken(`it takes ${types.join(', ')} only, not ${type}`)];
  const top = api.view(asObject(content[taken]).schema);
  const used = [...always, ...sometimes];
  return parentsOf(used).flatMap((parent) => {
    const view = lookUp(api, top, parent);
    if (view === undefined) return [];
    const name = (field: string): string => (parent === '' ? field : `${parent}.${field}`);
    const demanded = [...view.required].filter((field) => !always.includes(name(field)));
    const sentNow = used.filter((path) => parentOf(path) === parent).map(leafOf);
    const unknown = view.fields.size > 0 || view.closed ? sentNow.filter((field) => !view.fields.has(field)) : [];
    return [
      ...demanded.map((field) =>
        sometimes.includes(name(field))
          ? tell.doubt(`${name(field)} is required, and is not always sent`)
          : tell.broken(`${name(field)} is required, and is not sent`),
      ),
      ...unknown.map((field) =>
        view.closed
          ? tell.broken(`${name(field)} is sent, and is not known any more`)
          : tell.doubt(`${name(field)} is sent, and is not described`),
      ),
    ];
  });
}

function answerDrift(api: OpenApi, operation: Json, usage: RouteUsage, tell: Tell): Drift[] {
  const schema = answerSchema(api, operation);
  const read = usage.answer.filter(({ need }) => need !== 'may');
  if (schema === undefined) return read.length === 0 ? [] : [tell.doubt('the answer is not described')];
  const view = api.view(schema);
  if (usage.rows === undefined) return fieldsDrift(api, unwrapped(api, view, usage.wrappers), usage.answer, tell);

  const rows = usage.rows;
  const [list, ...paging] = usage.answer;
  if (view.types?.has('array')) return fieldsDrift(api, api.view(view.items), rows, tell);
  const top = unwrapped(api, view, usage.wrappers);
  const name = list?.names.find((candidate) => lookUp(api, top, candidate)?.items !== undefined);
  return [
    ...fieldsDrift(api, top, list ? [list, ...paging] : paging, tell),
    ...(name === undefined
      ? []
      : fieldsDrift(api, unwrapped(api, api.view(lookUp(api, top, name)?.items), usage.wrappers), rows, tell)),
  ];
}

/** That of the first success with JSON. */
function answerSchema(api: OpenApi, operation: Json): unknown {
  const responses = Object.entries(asObject(operation.responses)).filter(([status]) => /^(2..|default)$/i.test(status));
  for (const [, response] of responses.sort(([a], [b]) => a.localeCompare(b))) {
    const content = Object.entries(asObject(api.resolve(response).content));
    const json = content.find(([type]) => /json|\*/i.test(type));
    const schema = json && asObject(json[1]).schema;
    if (schema !== undefined) return schema;
  }
  return undefined;
}

/** The fields of wrappers count as those of the answer itself, as the client reads them. */
function unwrapped(api: OpenApi, view: View, wrappers: readonly string[]): View {
  let whole = view;
  for (const wrapper of wrappers) {
    const inner = lookUp(api, view, wrapper);
    if (!inner || inner.fields.size === 0) continue;
    whole = {
      ...whole,
      fields: new Map([...whole.fields, ...unwrapped(api, inner, wrappers).fields]),
      closed: whole.closed && inner.closed,
    };
  }
  return whole;
}

function fieldsDrift(api: OpenApi, top: View, fields: readonly AnswerField[], tell: Tell): Drift[] {
  if (top.fields.size === 0 && !top.closed) {
    return fields.some(({ need }) => need !== 'may') ? [tell.doubt('the fields of the answer are not described')] : [];
  }
  return fields.flatMap(({ names, types, need, words }) => {
    if (need === 'may') return [];
    const [name = ''] = names;
    const found = names.map((spelling) => lookUp(api, top, spelling)).find((view) => view !== undefined);
    if (!found) {
      const parent = lookUp(api, top, parentOf(name));
      // What holds it is missing too, and has been told.
      if (!parent || (parentOf(name) !== '' && parent.fields.size === 0 && !parent.closed)) return [];
      return [
        parent.closed && need === 'must'
          ? tell.broken(`${name} is read, and is not there any more`)
          : tell.doubt(`${name} is read, and is not described`),
      ];
    }
    const told = [...(found.types ?? [])]
      .filter((type) => type !== 'null')
      .map((type) => (type === 'number' ? 'integer' : type));
    if (told.length > 0 && !types.some((type) => told.includes(type))) {
      return [tell.broken(`${name} is ${told.join(' or ')}, and is read as ${types.join(' or ')}`)];
    }
    const others = words
      ? [...(found.words ?? [])].filter((word) => typeof word === 'string' && !words.includes(word))
      : [];
    return others.length > 0 ? [tell.doubt(`${name} has words that are not known: ${others.join(', ')}`)] : [];
  });
}

/** `parties[]` of `parties[].email`, `metadata` of `metadata.external_id`, the empty path of `status`. */
function parentOf(path: string): string {
  return path.includes('.') ? path.slice(0, path.lastIndexOf('.')) : '';
}

function leafOf(path: string): string {
  return path.slice(path.lastIndexOf('.') + 1);
}

function parentsOf(paths: readonly string[]): string[] {
  return [...new Set(['', ...paths.map(parentOf)])];
}

/** What the schema says at this path; undefined where it says nothing of it. */
function lookUp(api: OpenApi, top: View, path: string): View | undefined {
  let view: View | undefined = top;
  for (const part of path.split('.').filter((name) => name !== '')) {
    const name = part.replace('[]', '');
    if (!view?.fields.has(name)) return undefined;
    view = api.view(view.fields.get(name));
    if (part.endsWith('[]')) view = view.items === undefined ? undefined : api.view(view.items);
  }
  return view;
}
