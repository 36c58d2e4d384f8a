/** Reads an OpenAPI 3 document as far as a comparison needs it. Nothing is trusted: what cannot be read says nothing, and reading ends. */

export type Json = Readonly<Record<string, unknown>>;

/** What a schema says of a value, over all its parts. */
export interface View {
  /** JSON types; null where anything goes. */
  types: ReadonlySet<string> | null;
  fields: ReadonlyMap<string, unknown>;
  required: ReadonlySet<string>;
  /** No other fields than these. */
  closed: boolean;
  items: unknown;
  /** The only values, where they are counted up. */
  words: ReadonlySet<unknown> | null;
}

const NOTHING: View = {
  types: null,
  fields: new Map(),
  required: new Set(),
  closed: false,
  items: undefined,
  words: null,
};

const DEEPEST = 16;
/** Schemas looked at in one document: references can make a small document endless. */
const MOST = 20_000;

export function asObject(value: unknown): Json {
  return isObject(value) ? value : {};
}

export function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function asList(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

export class OpenApi {
  private looked = 0;

  constructor(readonly root: Json) {}

  /** The object itself, or the one in the same document that it refers to. */
  resolve(node: unknown): Json {
    let found = node;
    for (let hops = 0; hops < DEEPEST && isObject(found) && typeof found.$ref === 'string'; hops += 1) {
      found = this.at(found.$ref);
    }
    return asObject(found);
  }

  view(node: unknown, depth = 0): View {
    this.looked += 1;
    if (depth > DEEPEST || this.looked > MOST) return NOTHING;
    const schema = this.resolve(node);
    const every = asList(schema.allOf).map((part) => this.view(part, depth + 1));
    const choices = [schema.oneOf, schema.anyOf]
      .map((parts) => asList(parts).map((part) => this.view(part, depth + 1)))
      .filter((parts) => parts.length > 0)
      .map(either);
    return [...every, ...choices].reduce(both, ownView(schema));
  }

  private at(pointer: string): unknown {
    if (!pointer.startsWith('#/')) return undefined;
    let found: unknown = this.root;
    for (const part of pointer.slice(2).split('/')) {
      const name = decoded(part).replaceAll('~1', '/').replaceAll('~0', '~');
      if (!isObject(found) || !Object.hasOwn(found, name)) return undefined;
      found = found[name];
    }
    return found;
  }
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function ownView(schema: Json): View {
  const { type, properties, required, items } = schema;
  const types = [type].flat().filter((name) => typeof name === 'string');
  const words = 'const' in schema ? [schema.const] : Array.isArray(schema.enum) ? schema.enum : null;
  return {
    types: types.length > 0 ? new Set(types) : null,
    fields: new Map(Object.entries(asObject(properties))),
    required: new Set(asList(required).filter((name) => typeof name === 'string')),
    closed: schema.additionalProperties === false || schema.unevaluatedProperties === false,
    items,
    words: words && new Set<unknown>(words),
  };
}

/** Both hold (`allOf`, and a schema beside its choices). */
function both(a: View, b: View): View {
  const types = a.types && b.types ? new Set([...a.types].filter((type) => b.types?.has(type))) : (a.types ?? b.types);
  return {
    types,
    fields: merged(a.fields, b.fields),
    required: new Set([...a.required, ...b.required]),
    closed: a.closed || b.closed,
    items: a.items ?? b.items,
    words: a.words && b.words ? new Set([...a.words].filter((word) => b.words?.has(word))) : (a.words ?? b.words),
  };
}

/** One of them holds: only what all of them demand is demanded. */
function either(views: readonly View[]): View {
  // That it may be null besides says nothing of its fields.
  const told = views.filter(({ types }) => !(types?.size === 1 && types.has('null')));
  const [first, ...rest] = told;
  if (!first) return NOTHING;
  return rest.reduce(
    (a, b) => ({
      types: a.types && b.types && new Set([...a.types, ...b.types]),
      fields: merged(a.fields, b.fields),
      required: new Set([...a.required].filter((name) => b.required.has(name))),
      closed: a.closed && b.closed,
      items: a.items ?? b.items,
      words: a.words && b.words && new Set([...a.words, ...b.words]),
    }),
    first,
  );
}

function merged(a: View['fields'], b: View['fields']): Map<string, unknown> {
  const fields = new Map(a);
  for (const [name, schema] of b) {
    fields.set(name, fields.has(name) && fields.get(name) !== schema ? { anyOf: [fields.get(name), schema] } : schema);
  }
  return fields;
}
