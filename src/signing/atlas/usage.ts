/**
 * What this client uses of Atlas's API, as a table: every route, what it sends there and what it reads of the answer. The doctor compares it
 * with what Atlas publishes of itself; a test holds it to the client.
 *
 * Fields are paths: `metadata.external_id`, `parties[].email`.
 */

export type JsonType = 'string' | 'integer' | 'boolean' | 'array' | 'object';

/** One form of the body that a route is sent. */
export interface BodyUsage {
  type: 'application/json' | 'multipart/form-data';
  always: readonly string[];
  sometimes: readonly string[];
}

export interface AnswerField {
  /** Spellings, of which any one does. */
  names: readonly string[];
  types: readonly JsonType[];
  /** `must`: nothing goes on without it. `should`: something is lost. `may`: it is welcome. */
  need: 'must' | 'should' | 'may';
  /** The words it is understood by; others read as unknown. */
  words?: readonly string[];
}

export interface RouteUsage {
  method: 'GET' | 'POST' | 'PATCH';
  route: string;
  /** Each by its spellings, of which any one does. */
  query: readonly (readonly string[])[];
  bodies: readonly BodyUsage[];
  /** What the fields of the answer may be wrapped in. */
  wrappers: readonly string[];
  answer: readonly AnswerField[];
  /** Fields of the rows, where the answer is a list: `answer` then names the list itself first. */
  rows?: readonly AnswerField[];
  /** A second way to something; its absence hurts nobody. */
  spare?: true;
}

const text = (need: AnswerField['need'], ...names: string[]): AnswerField => ({ names, types: ['string'], need });
const number = (need: AnswerField['need'], ...names: string[]): AnswerField => ({
  names,
  types: ['integer', 'string'],
  need,
});
const word = (need: AnswerField['need'], name: string, ...words: string[]): AnswerField => ({
  names: [name],
  types: ['string'],
  need,
  words,
});

const PARTIES = { always: ['parties', 'parties[].email', 'parties[].order'] } as const;
const PARTY_WORDS = ['parties[].name', 'parties[].role', 'parties[].role_type'] as const;

const STATUS = word('must', 'status', 'draft', 'pending', 'signed', 'declined', 'voided');
const ID = number('must', 'envelope_id', 'id');

const ENVELOPE: readonly AnswerField[] = [
  number('may', 'envelope_id', 'id'),
  STATUS,
  word('should', 'fields_status', 'pending', 'ready', 'failed', 'recovered_empty'),
  number('should', 'fields_version'),
  { names: ['parties'], types: ['array'], need: 'should' },
  text('may', 'parties[].email'),
  text('should', 'parties[].role'),
  text('may', 'parties[].role_type'),
  number('should', 'parties[].order'),
  word('should', 'parties[].status', 'waiting', 'pending', 'signed', 'declined'),
  text('may', 'parties[].decline_reason'),
  { names: ['fields'], types: ['array'], need: 'may' },
  text('may', 'fields[].type'),
  number('may', 'fields[].page'),
  number('may', 'fields[].party_order'),
  number('may', 'signed_count'),
  text('should', 'review_url'),
  text('should', 'signed_download_url', 'signed_pdf_url', 'download_url'),
  { names: ['metadata'], types: ['object', 'string'], need: 'should' },
  text('may', 'metadata.external_id', 'external_id'),
  text('may', 'metadata.client_reference_id'),
  { names: ['metadata.detection_error'], types: ['string', 'object'], need: 'may' },
  number('may', 'created_at'),
  number('may', 'sent_at'),
  number('may', 'signed_at', 'completed_at'),
  number('may', 'declined_at'),
  number('may', 'voided_at'),
  text('may', 'reason', 'decline_reason', 'void_reason'),
];

const CREATED: readonly AnswerField[] = [ID, text('should', 'review_url')];
const CHANGED: readonly AnswerField[] = [number('may', 'fields_version')];

const BOTH = ['data', 'envelope'] as const;
const json = (always: readonly string[], sometimes: readonly string[] = []): BodyUsage => ({
  type: 'application/json',
  always,
  sometimes,
});

const DETAILS = [...PARTIES.always, 'webhook_url', 'metadata', 'auto_send'];

export const ATLAS_USAGE: readonly RouteUsage[] = [
  {
    method: 'POST',
    route: '/api/envelope',
    query: [],
    bodies: [
      // In multipart the parties are one field that holds JSON (Atlas notes 26.21), so there is nothing within it to compare.
      { type: 'multipart/form-data', always: ['file', 'parties', 'metadata', 'webhook_url'], sometimes: [] },
      json(['document', ...DETAILS], PARTY_WORDS),
      json(['document_url', ...DETAILS], PARTY_WORDS),
    ],
    wrappers: BOTH,
    answer: CREATED,
  },
  { method: 'GET', route: '/api/envelope/{id}', query: [], bodies: [], wrappers: BOTH, answer: ENVELOPE },
  {
    method: 'GET',
    route: '/api/envelope/{id}/status',
    query: [],
    bodies: [],
    wrappers: BOTH,
    answer: [STATUS, number('should', 'signed_count'), number('may', 'total'), text('should', 'sign_url')],
  },
  {
    method: 'POST',
    route: '/api/envelope/{id}/send',
    query: [],
    bodies: [json(PARTIES.always, ['fields_version', ...PARTY_WORDS])],
    wrappers: BOTH,
    answer: CHANGED,
  },
  {
    method: 'PATCH',
    route: '/api/envelope/{id}/fields',
    query: [],
    bodies: [json(['fields_version', 'fields'])],
    wrappers: BOTH,
    answer: CHANGED,
    spare: true,
  },
  {
    method: 'POST',
    route: '/api/envelope/{id}/void',
    query: [],
    bodies: [json(['reason'])],
    wrappers: BOTH,
    answer: CHANGED,
  },
  {
    method: 'POST',
    route: '/api/envelope/{id}/remind',
    query: [],
    bodies: [json([])],
    wrappers: BOTH,
    answer: CHANGED,
  },
  {
    method: 'GET',
    route: '/api/envelopes',
    query: [['status'], ['external_id'], ['cursor', 'page']],
    bodies: [],
    wrappers: ['data'],
    answer: [
      { names: ['envelopes', 'items', 'results', 'data'], types: ['array'], need: 'must' },
      {
        names: [...['next_cursor', 'nextCursor', 'next', 'page', 'total_pages', 'has_more'], ...['pagination', 'meta']],
        types: ['string', 'integer', 'boolean', 'object'],
        need: 'should',
      },
    ],
    rows: [ID, ...ENVELOPE.filter(({ names }) => names[0] === 'metadata')],
  },
  {
    method: 'GET',
    route: '/api/envelope/{id}/pdf',
    query: [],
    bodies: [],
    wrappers: BOTH,
    answer: [text('may', 'signed_download_url', 'signed_pdf_url', 'download_url', 'url')],
    spare: true,
  },
  {
    method: 'GET',
    route: '/api/templates/{id}',
    query: [],
    bodies: [],
    wrappers: ['data', 'template'],
    answer: [
      number('may', 'id'),
      text('may', 'name'),
      { names: ['roles', 'parties_for_send', 'parties'], types: ['array'], need: 'must' },
      { names: ['prefill_keys', 'prefill'], types: ['array', 'object'], need: 'should' },
      { names: ['ready'], types: ['boolean'], need: 'may' },
      number('may', 'version'),
      number('may', 'updated_at'),
    ],
  },
  {
    method: 'POST',
    route: '/api/templates/{id}/send',
    query: [],
    bodies: [json([...DETAILS, 'prefill'], PARTY_WORDS)],
    wrappers: BOTH,
    answer: CREATED,
  },
];
