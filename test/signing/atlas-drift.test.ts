import { describe, expect, it } from 'vitest';
import { findDrift, type Drift } from '../../src/signing/atlas/drift.js';
import type { RouteUsage } from '../../src/signing/atlas/usage.js';

type Json = Record<string, unknown>;

const USAGE: RouteUsage[] = [
  {
    method: 'POST',
    route: '/api/envelope/{id}/send',
    query: [],
    bodies: [
      { type: 'application/json', always: ['parties', 'parties[].email'], sometimes: ['parties[].name', 'note'] },
    ],
    wrappers: ['data'],
    answer: [
      { names: ['envelope_id', 'id'], types: ['string', 'integer'], need: 'must' },
      { names: ['status'], types: ['string'], need: 'should', words: ['pending', 'signed'] },
      { names: ['reason'], types: ['string'], need: 'may' },
    ],
  },
];

const party = (over: Json = {}): Json => ({
  type: 'object',
  properties: { email: { type: 'string' }, name: { type: 'string' } },
  required: ['email'],
  ...over,
});
const body = (over: Json = {}): Json => ({
  type: 'object',
  properties: { parties: { type: 'array', items: party() }, note: { type: 'string' } },
  ...over,
});
const answer = (over: Json = {}): Json => ({
  type: 'object',
  properties: { id: { type: 'string' }, status: { enum: ['pending', 'signed', null] } },
  ...over,
});

const operation = (over: { body?: unknown; answer?: unknown } & Json = {}): Json => {
  const { body: taken = body(), answer: given = answer(), ...rest } = over;
  return {
    requestBody: { content: { 'application/json; charset=utf-8': { schema: taken } } },
    responses: { 201: { content: { 'application/json': { schema: given } } } },
    ...rest,
  };
};

const describing = (item: unknown, over: Json = {}): Json => ({
  openapi: '3.1.0',
  paths: { '/api/envelope/{envelope_id}/send': item },
  ...over,
});
const drift = (over: Parameters<typeof operation>[0], components: Json = {}): Drift[] =>
  findDrift(describing({ post: operation(over) }, { components }), USAGE);
const lines = (found: Drift[]): string[] => found.map(({ kind, what }) => `${kind}: ${what}`);

describe('a description of Atlas’s API', () => {
  it('that tells all that the client uses has no drift', () => {
    expect(drift({})).toEqual([]);
  });

  it('names a parameter as it likes, and may have part of the path in the server’s address', () => {
    const moved = {
      openapi: '3.0.3',
      servers: [{ url: 'https://atlaswork.ai/api/' }],
      paths: { '/envelope/{uuid}/send/': { post: operation() } },
    };
    expect(findDrift(moved, USAGE)).toEqual([]);
  });

  it.each([
    ['a list', []],
    ['text', 'openapi'],
    ['nothing', null],
    ['an older kind', { swagger: '2.0', paths: {} }],
    ['one without paths', { openapi: '3.1.0' }],
  ])('that is %s is a doubt', (_what, document) => {
    expect(lines(findDrift(document, USAGE))).toEqual(['doubt: it is no OpenAPI 3 document']);
  });

  it('of another API is a doubt, not a break for each route', () => {
    const other = { openapi: '3.1.0', paths: { '/api/v1/envelopes': {} } };
    expect(lines(findDrift(other, USAGE))).toEqual([expect.stringMatching(/^doubt: it describes none of the routes/)]);
  });

  it('misses a route', () => {
    const more = [...USAGE, { ...USAGE[0], route: '/api/envelope/{id}/void' } as RouteUsage];
    expect(findDrift(describing({ post: operation() }), more)).toEqual([
      { kind: 'doubt', where: 'POST /api/envelope/{id}/void', what: 'the route is not there' },
    ]);
    const spare = more.map((usage) => ({ ...usage, ...(usage.route.endsWith('void') && { spare: true as const }) }));
    expect(findDrift(describing({ post: operation() }), spare)).toEqual([]);
  });

  it('has another method for the route', () => {
    expect(lines(findDrift(describing({ put: operation(), parameters: [] }), USAGE))).toEqual([
      'break: the route takes PUT only',
    ]);
  });

  it('calls the route deprecated', () => {
    expect(lines(drift({ deprecated: true }))).toEqual(['doubt: it is deprecated']);
  });

  it('demands a header or a query parameter that is not sent', () => {
    const parameters = [
      { name: 'Atlas-Account', in: 'header', required: true },
      { $ref: '#/components/parameters/team' },
      { name: 'Idempotency-Key', in: 'header', required: true },
      { name: 'id', in: 'path', required: true },
    ];
    const components = { parameters: { team: { name: 'team', in: 'query', required: true } } };
    expect(lines(drift({ parameters }, components))).toEqual([
      'break: the header parameter Atlas-Account is required, and is not sent',
      'break: the query parameter team is required, and is not sent',
    ]);
  });

  it('does not know the query parameters that are sent', () => {
    const usage = USAGE.map((one) => ({ ...one, query: [['cursor', 'page'], ['external_id']] }));
    const parameters = [{ name: 'page', in: 'query' }];
    expect(lines(findDrift(describing({ post: operation({ parameters }) }), usage))).toEqual([
      'doubt: the query parameter external_id is not described',
    ]);
  });
});

describe('the request that it describes', () => {
  it('takes another type of content', () => {
    const requestBody = { content: { 'application/xml': {} } };
    expect(lines(drift({ requestBody }))).toEqual(['break: it takes application/xml only, not application/json']);
    expect(lines(drift({ requestBody: { content: { '*/*': { schema: body() } } } }))).toEqual([]);
  });

  it('is not described', () => {
    expect(lines(drift({ requestBody: undefined }))).toEqual(['doubt: the body of the request is not described']);
  });

  it('demands what is not sent, or not always', () => {
    const demanding = body({ required: ['parties', 'note', 'subject'] });
    expect(lines(drift({ body: demanding }))).toEqual([
      'doubt: note is required, and is not always sent',
      'break: subject is required, and is not sent',
    ]);
  });

  it('demands it of each party, behind references and parts', () => {
    const components = {
      schemas: {
        'a/b': { allOf: [{ $ref: '#/components/schemas/Party' }, { required: ['phone'], properties: { phone: {} } }] },
        Party: party(),
        Parties: { type: 'array', items: { $ref: '#/components/schemas/a~1b' } },
      },
    };
    const taken = body({ properties: { parties: { $ref: '#/components/schemas/Parties' }, note: {} } });
    expect(lines(drift({ body: taken }, components))).toEqual(['break: parties[].phone is required, and is not sent']);
  });

  it('has choices, of which only what all demand is demanded', () => {
    const choice = {
      oneOf: [{ required: ['file', 'subject'] }, { required: ['parties', 'subject'] }, { type: 'null' }],
    };
    expect(lines(drift({ body: { ...body(), ...choice } }))).toEqual(['break: subject is required, and is not sent']);
  });

  it('no longer knows what is sent', () => {
    const known = { parties: { type: 'array', items: party() } };
    expect(lines(drift({ body: body({ properties: known }) }))).toEqual(['doubt: note is sent, and is not described']);
    expect(lines(drift({ body: body({ properties: known, additionalProperties: false }) }))).toEqual([
      'break: note is sent, and is not known any more',
    ]);
  });
});

describe('the answer that it describes', () => {
  it('is not described', () => {
    expect(lines(drift({ responses: { 200: { description: 'done' } } }))).toEqual([
      'doubt: the answer is not described',
    ]);
    expect(lines(drift({ answer: { type: 'object' } }))).toEqual(['doubt: the fields of the answer are not described']);
  });

  it('lacks what is read', () => {
    const lacking = { properties: { uuid: {}, status: {} } };
    expect(lines(drift({ answer: answer(lacking) }))).toEqual(['doubt: envelope_id is read, and is not described']);
    expect(lines(drift({ answer: answer({ ...lacking, additionalProperties: false }) }))).toEqual([
      'break: envelope_id is read, and is not there any more',
    ]);
  });

  it('may be wrapped', () => {
    expect(drift({ answer: { type: 'object', properties: { success: {}, data: answer() } } })).toEqual([]);
  });

  it('is of another type', () => {
    const other = { id: { type: ['object', 'null'] }, status: { type: 'number' } };
    expect(lines(drift({ answer: answer({ properties: other }) }))).toEqual([
      'break: envelope_id is object, and is read as string or integer',
      'break: status is integer, and is read as string',
    ]);
  });

  it('has words that are not known', () => {
    const wordy = { id: {}, status: { anyOf: [{ enum: ['pending', 'expired'] }, { const: 'viewed' }] } };
    expect(lines(drift({ answer: answer({ properties: wordy }) }))).toEqual([
      'doubt: status has words that are not known: expired, viewed',
    ]);
  });
});

describe('a hostile description', () => {
  it('refers to itself without end', () => {
    const components = {
      schemas: {
        Loop: { $ref: '#/components/schemas/Loop' },
        Wide: { allOf: Array.from({ length: 30 }, () => ({ $ref: '#/components/schemas/Wide' })) },
      },
    };
    for (const name of ['Loop', 'Wide', '%', '__proto__', 'missing/0']) {
      const schema = { $ref: `#/components/schemas/${name}` };
      expect(drift({ body: schema, answer: schema }, components).map(({ kind }) => kind)).not.toContain('break');
    }
  });

  it.each([
    ['numbers for everything', describing({ post: { parameters: 3, requestBody: 4, responses: 5 } })],
    ['lists for objects', describing({ post: { parameters: [[]], requestBody: [], responses: [] } })],
    ['nothing for a method', describing({ post: null })],
    [
      'odd schemas',
      describing({ post: operation({ body: { properties: 1, required: 'all', type: 7 }, answer: true }) }),
    ],
    ['odd servers', describing({ post: operation() }, { servers: [null, { url: 5 }, 'x'] })],
  ])('holds %s', (_what, document) => {
    expect(findDrift(document, USAGE).map(({ kind }) => kind)).not.toContain('break');
  });
});
