/** Calls of Salesforce's REST API through jsforce, with one session for all of them. */
import type { Connection, HttpRequest } from 'jsforce';
import { z } from 'zod';
import { CrmError } from '../crm.js';
import { login, type Credentials } from './login.js';
import { proxyFor } from './proxy.js';
import { codesOf, refusalOf } from './refusal.js';

/** Winter '25. Salesforce keeps a version for at least three years. */
const API_VERSION = '62.0';
const CALL_MS = 10_000;
/** An upload of some 50 MB. */
const UPLOAD_MS = 100_000;

export type ObjectName = 'Opportunity' | 'Task' | 'ContentVersion';
export type Fields = Readonly<Record<string, string | number | boolean | null>>;

/** Every call throws `CrmError`. */
export interface SalesforceApi {
  /** All rows, deleted and archived ones too where `withDeleted` is set. */
  query<Row extends z.ZodType>(soql: string, row: Row, options?: { withDeleted?: boolean }): Promise<z.output<Row>[]>;
  update(object: ObjectName, id: string, fields: Fields): Promise<void>;
  insert(object: ObjectName, fields: Fields): Promise<void>;
  describe(object: ObjectName): Promise<Description>;
}

const description = z.object({
  createable: z.boolean(),
  fields: z.array(
    z.object({
      name: z.string(),
      type: z.string(),
      updateable: z.boolean(),
      precision: z.number().default(0),
      scale: z.number().default(0),
      picklistValues: z.array(z.object({ value: z.string(), active: z.boolean() })).default([]),
    }),
  ),
});
export type Description = z.output<typeof description>;

/** The part of jsforce that is used. */
export interface Jsforce {
  Connection: new (config: { instanceUrl: string; accessToken: string; version: string }) => Connection;
}

/** It is a package for those who have Salesforce only. */
export async function loadJsforce(load = () => import('jsforce')): Promise<Jsforce> {
  try {
    return (await load()).default;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ERR_MODULE_NOT_FOUND')
      throw new CrmError('refused', 'CRM=salesforce needs a package that is not installed: npm install jsforce');
    throw error;
  }
}

/** Logs in at the first call. */
export function createSalesforceApi(jsforce: Jsforce, credentials: Credentials, callMs = CALL_MS): SalesforceApi {
  let current: Promise<Connection> | undefined;

  function session(): Promise<Connection> {
    if (current) return current;
    // Without a refresh function jsforce renews nothing itself: its own renewal goes on for ever where a new session is refused too.
    const asked = login(credentials).then((given) => new jsforce.Connection({ ...given, version: API_VERSION }));
    current = asked;
    asked.catch(() => forget(asked));
    return asked;
  }

  function forget(one: Promise<Connection>): void {
    if (current === one) current = undefined;
  }

  /** A session ends when it was not used for hours, or when an administrator ends it: a new one is asked for, once. */
  async function call(doing: string, request: HttpRequest, ms: number = callMs): Promise<unknown> {
    const one = session();
    try {
      return await over(one, request, ms);
    } catch (error) {
      if (!codesOf(error).includes('INVALID_SESSION_ID')) throw refusalOf(doing, error, request.method === 'PATCH');
      forget(one);
    }
    try {
      return await over(session(), request, ms);
    } catch (error) {
      throw refusalOf(doing, error, request.method === 'PATCH');
    }
  }

  async function over(one: Promise<Connection>, request: HttpRequest, ms: number): Promise<unknown> {
    const connection = await one;
    const { instanceUrl } = connection;
    const httpProxy = proxyFor(instanceUrl);
    const options = { retry: { maxRetries: 0 }, timeout: ms, followRedirect: false, httpProxy };
    const answer = await inTime(connection.request({ ...request }, options), ms);
    if (typeof answer !== 'string') return answer;
    // jsforce passes on as text what it could not read: half an answer, a page of a proxy, or the pointer to where the organization has moved.
    forget(one);
    throw new CrmError('unavailable', `${instanceUrl} answers, but not as Salesforce's API does.`);
  }

  async function write(
    doing: string,
    method: 'PATCH' | 'POST',
    url: string,
    fields: Fields,
    ms?: number,
  ): Promise<void> {
    const headers = { 'content-type': 'application/json' };
    await call(doing, { method, url, headers, body: JSON.stringify(fields) }, ms);
  }

  return {
    async query(soql, row, { withDeleted = false } = {}) {
      const page = z.object({ records: z.array(row), nextRecordsUrl: z.string().optional() });
      const rows: z.output<typeof row>[] = [];
      let url: string | undefined = `/${withDeleted ? 'queryAll' : 'query'}?q=${encodeURIComponent(soql)}`;
      while (url !== undefined) {
        const read: z.output<typeof page> = understood(page, await call('read', { method: 'GET', url }));
        rows.push(...read.records);
        url = read.nextRecordsUrl;
      }
      return rows;
    },

    update: (object, id, fields) => write(`update the ${spoken(object)}`, 'PATCH', `/sobjects/${object}/${id}`, fields),

    insert: (object, fields) =>
      write(
        `add the ${spoken(object)}`,
        'POST',
        `/sobjects/${object}`,
        fields,
        object === 'ContentVersion' ? UPLOAD_MS : callMs,
      ),

    async describe(object) {
      const doing = `describe the ${spoken(object)}`;
      return understood(description, await call(doing, { method: 'GET', url: `/sobjects/${object}/describe` }));
    },
  };
}

function spoken(object: ObjectName): string {
  return { Opportunity: 'opportunity', Task: 'task that holds a note', ContentVersion: 'file' }[object];
}

/** jsforce bounds the wait for the head of an answer; its body may stop in the middle. */
async function inTime<T>(work: PromiseLike<T>, ms: number): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(
      () => reject(new CrmError('unavailable', `Salesforce gave no whole answer within ${ms} ms.`)),
      ms,
    );
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}

function understood<Schema extends z.ZodType>(schema: Schema, answer: unknown): z.output<Schema> {
  const read = schema.safeParse(answer);
  if (read.success) return read.data;
  const [issue] = read.error.issues;
  const where = issue?.path.map(String).join('.') || 'body';
  throw new CrmError('refused', `Salesforce's answer cannot be read: ${where}: ${issue?.message}`);
}
